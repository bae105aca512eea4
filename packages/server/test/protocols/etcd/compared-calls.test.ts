/** The documentation says of every call whether and where it is compared with a real etcd, and names tests that there are. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { WIRE_RPCS } from './wire/wire-tables.ts';

const DOCUMENT = new URL('../../../../../docs/protocols/etcd.md', import.meta.url);
const HEADING = '### Which call is compared where';
const interopTest = (name: string): URL => new URL(`../../../interop/${name}.test.ts`, import.meta.url);
const ownTest = (name: string): URL => new URL(`./${name}.test.ts`, import.meta.url);
const memberTest = (name: string): URL => new URL(`../../member/${name}.test.ts`, import.meta.url);

/** The cells of the rows of the table, without its two head rows. */
function rows(): string[][] {
  const text = readFileSync(DOCUMENT, 'utf8');
  const section = text.slice(text.indexOf(HEADING) + HEADING.length).split(/^#/m)[0]!;
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => line.split('|').slice(1, -1));
}

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);

test('each call stands in the table once', () => {
  const named = rows().flatMap(([calls]) => quoted(calls!));
  const known = WIRE_RPCS.map(({ path }) =>
    path
      .slice(1)
      .replace(/^\w+\./, '')
      .replace('/', '.'),
  );
  assert.deepEqual(named.toSorted(), known.toSorted());
});

test('the tests that the table names are there', () => {
  for (const [, ...cells] of rows())
    for (const name of cells.flatMap(quoted))
      assert.ok([interopTest(name), ownTest(name), memberTest(name)].some(existsSync), name);
});
