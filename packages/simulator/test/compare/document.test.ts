/** The document's figures are those that are measured: the quick ones here, the others by the command that stands beside each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEASUREMENTS } from '../../src/compare/catalogue.ts';
import { documentedTables, measuredTable } from './document.ts';

/** Those that take well under a second. */
const QUICK = ['idle', 'latency'];

test('docs/raft-or-paxos.md shows every measurement', () => {
  assert.deepEqual([...documentedTables().keys()].sort(), [...MEASUREMENTS.keys()].sort());
});

for (const name of QUICK)
  test(`docs/raft-or-paxos.md shows what ${name} comes to now`, () => {
    assert.equal(
      documentedTables().get(name),
      measuredTable(name),
      'measure again: node packages/simulator/test/compare/document.ts --write',
    );
  });
