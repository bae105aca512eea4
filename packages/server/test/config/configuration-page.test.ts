/** Every flag of etcd is known, every flag that is known stands in docs/configuration.md, and both with their defaults. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FLAGS, type Flag, flagNamed } from '../../src/config/flags.ts';

const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
const flags = Object.entries<Flag>(FLAGS);

/** Name and default of every flag of etcd; where the default is computed, the table has none. */
const ETCD_FLAGS = readFileSync(new URL('wire/etcd-flags.tsv', import.meta.url), 'utf8')
  .split('\n')
  .slice(1)
  .filter((line) => line !== '')
  .map((line) => line.split('\t') as [name: string, text: string]);

test('every flag of etcd is known', () => {
  assert.ok(ETCD_FLAGS.length > 100);
  assert.deepEqual(
    ETCD_FLAGS.map(([name]) => name).filter((name) => flagNamed(name) === undefined),
    [],
  );
});

/** Defaults that the table names and does not spell out as a value. */
const SPELLED_OUT: ReadonlyMap<string, string> = new Map([
  ['data-dir', ''],
  ['max-concurrent-streams', '4294967295'],
]);

test('defaults are those of etcd', () => {
  const differing = ETCD_FLAGS.filter(([, text]) => text !== '')
    .map(([name, text]) => [name, SPELLED_OUT.get(name) ?? text] as const)
    .filter(([name, text]) => FLAGS[flagNamed(name)!].default !== text)
    .map(([name]) => name);
  assert.deepEqual(differing, []);
});

test('only flags of Synod’s own, of the file, and of earlier versions of etcd are not in etcd’s table', () => {
  const known = new Set(ETCD_FLAGS.map(([name]) => name));
  assert.deepEqual(
    flags.map(([name]) => name).filter((name) => !known.has(name)),
    [
      'consensus',
      'max-client-connections',
      'max-client-connections-per-address',
      'max-requests-per-second',
      'config-file',
      'experimental-initial-corrupt-check',
      'experimental-compact-hash-check-enabled',
    ],
  );
});

test('docs/configuration.md has a row for every flag that works: variable, default and all', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `--'));
  for (const [name, flag] of flags) {
    if (flag.status !== 'works') continue;
    const row = rows.find((line) => line.startsWith(`| \`--${name}\` |`));
    assert.ok(row !== undefined, `--${name} has no row`);
    const [, , variable, defaultText, meaning] = row.split('|').map((cell) => cell.trim());
    assert.equal(variable, `\`ETCD_${name.toUpperCase().replaceAll('-', '_')}\``);
    assert.equal(defaultText, flag.default === '' ? '' : `\`${flag.default}\``, name);
    assert.ok(meaning!.length > 10, name);
    for (const choice of flag.choices ?? []) assert.ok(meaning!.includes(choice) || name === 'logger', name);
  }
});

test('docs/configuration.md says of every flag without an effect what happens instead', () => {
  const section = page.slice(
    page.indexOf('## Flags of etcd that change'),
    page.indexOf('## Flags that etcd had'),
  );
  const said = new Map<string, string>();
  for (const line of section.split('\n').filter((one) => one.startsWith('| `'))) {
    const [, names, instead] = line.split('|').map((cell) => cell.trim());
    for (const [, name] of names!.matchAll(/`([^`]+)`/g)) said.set(name!, instead!);
  }
  const harmless = new Map<string, string>();
  for (const [name, flag] of flags) if (flag.status === 'harmless') harmless.set(name, flag.instead);
  assert.deepEqual(said, harmless);
});

test('docs/configuration.md says of every flag that is gone what to give, and lists no other', () => {
  const section = page.slice(page.indexOf('## Flags that etcd had'), page.indexOf('## `synod dev`'));
  const said = new Map<string, string>();
  for (const [, name, instead] of section.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)) said.set(name!, instead!);
  const gone = new Map<string, string>();
  for (const [name, flag] of flags) if (flag.status === 'gone') gone.set(name, flag.instead);
  assert.deepEqual(said, gone);
});
