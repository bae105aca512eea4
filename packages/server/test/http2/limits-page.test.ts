/** The page of HTTP/2's limits names every limit that the code has, so that neither grows without the other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as limits from '../../src/http2/limits.ts';

const page = readFileSync(new URL('../../../../docs/spec/http2.md', import.meta.url), 'utf8');

test('docs/spec/http2.md has a row for every limit', () => {
  const bounds = Object.keys(limits).filter(
    (name) => /(MAX|REMEMBERED)$/.test(name) && !name.startsWith('OUTPUT'),
  );
  const names = [...Object.keys(limits.SERVER_LIMITS), ...Object.keys(limits.SERVER_KEEPALIVE), ...bounds];
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const missing = names.filter((name) => !rows.some((row) => row.split('|')[1]!.includes(`\`${name}\``)));
  assert.deepEqual(missing, []);
});

test('the rules are numbered without a gap', () => {
  const numbers = [...page.matchAll(/^\| H(\d+) \|/gm)].map((match) => Number(match[1]));
  assert.ok(numbers.length > 10);
  assert.deepEqual(
    numbers,
    numbers.map((_, at) => at + 1),
  );
});
