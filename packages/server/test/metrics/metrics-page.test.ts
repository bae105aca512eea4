/** docs/metrics.md against the code and against etcd: each name of etcd's is served, or stands there with the reason. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connectedMetrics, metricWorld } from './metric-world.ts';

const page = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8');
const etcdNames = readFileSync(new URL('wire/etcd-metrics.tsv', import.meta.url), 'utf8')
  .split('\n')
  .slice(1)
  .filter((line) => line !== '')
  .map((line) => line.split('\t')[0]!);

/** The names in the first column of the tables under a heading; a row without words in its second column has none. */
function namesUnder(heading: string): readonly string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading));
  assert.ok(section !== undefined, `docs/metrics.md has no "${heading}"`);
  return section.split('\n').flatMap((line) => {
    const [, names = '', words = ''] = line.split('|');
    return words.trim() === '' ? [] : [...names.matchAll(/`([a-z_]+)`/g)].map((match) => match[1]!);
  });
}

function served(): ReadonlyMap<string, { readonly type: string; readonly help: string }> {
  const metrics = connectedMetrics(metricWorld());
  const all = metrics.registry.getMetricsAsArray().map((metric) => {
    const { name, help, type } = metric as unknown as { name: string; help: string; type: string };
    return [name, { type: String(type), help }] as const;
  });
  return new Map(all.filter(([name]) => /^(etcd|grpc|os)_/.test(name)));
}

test('the page lists what is served, and nothing else, with words for each', () => {
  const names = [...served().keys()].sort();
  assert.ok(names.length >= 90);
  assert.deepEqual([...namesUnder('Served')].sort(), names);
  for (const [name, { help }] of served()) assert.ok(help.endsWith('.'), name);
});

test('each name of etcd’s is served or is listed with what to look at instead, and none is both', () => {
  assert.ok(etcdNames.length > 90);
  const known = served();
  const missing = etcdNames.filter((name) => !known.has(name)).sort();
  assert.deepEqual([...namesUnder('Not served')].sort(), missing);
});
