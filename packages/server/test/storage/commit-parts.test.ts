/** What of a large commit is written ahead: only rows that do not count before the rest is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TABLE, type Table } from '@synod/coordination';
import { commitParts } from '../../src/storage/commit-parts.ts';
import { Overlay, REMOVED } from '../../src/storage/overlay.ts';

const VALUE = new Uint8Array(1);

function partsOf(overlay: Overlay, rowsMax: number): string[] {
  const tables = Object.entries(TABLE);
  const nameOf = (table: Table): string => tables.find(([, number]) => number === table)![0];
  return [...commitParts(overlay, rowsMax)].map((part) =>
    Array.from(
      part,
      ({ table, key, value }) => `${value === REMOVED ? '-' : ''}${nameOf(table)}${key[0]}`,
    ).join(' '),
  );
}

test('puts of revisions go ahead, and all else together at the end; what is not large is one part', () => {
  const overlay = new Overlay();
  overlay.put(TABLE.meta, Uint8Array.of(0), VALUE);
  for (let i = 1; i <= 5; i++) overlay.put(TABLE.revisions, Uint8Array.of(i), VALUE);
  overlay.put(TABLE.leases, Uint8Array.of(7), REMOVED);
  overlay.put(TABLE.revisions, Uint8Array.of(2), REMOVED);
  overlay.put(TABLE.revisions, Uint8Array.of(9), REMOVED);
  assert.deepEqual(partsOf(overlay, 2), [
    'revisions1 revisions3',
    'revisions4 revisions5',
    'meta0 -revisions2 -revisions9 -leases7',
  ]);
  assert.deepEqual(partsOf(overlay, 3), [
    'revisions1 revisions3 revisions4',
    'revisions5 meta0 -revisions2 -revisions9 -leases7',
  ]);
  assert.deepEqual(partsOf(overlay, 8), [
    'meta0 revisions1 -revisions2 revisions3 revisions4 revisions5 -revisions9 -leases7',
  ]);
});
