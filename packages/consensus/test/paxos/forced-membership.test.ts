/** Going on alone, when the others are gone for good (G9): what becomes of slots that were accepted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry, EntryKind } from '../../src/core/entry.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import { decodeMembership, encodeMembership } from '../../src/core/membership-codec.ts';
import { epoch, logIndex, memberId } from '../../src/core/numbers.ts';
import { forcedMembership } from '../../src/paxos/forced-membership.ts';
import { decodeHardState, encodeHardState } from '../../src/paxos/hard-state.ts';

const A = memberId('000000000000000a');
const B = memberId('000000000000000b');
const PROMISED = epoch(70_000);
const both = simpleMembership({ voters: [A, B], learners: [] });
const snapshot = { index: logIndex(5), epoch: epoch(65_536), membership: both };
const slot = (index: number, kind: EntryKind = 'command'): Entry => ({
  index: logIndex(index),
  epoch: epoch(65_536),
  kind,
  payload: kind === 'membership' ? encodeMembership(both) : Uint8Array.of(index),
});
const hardState = encodeHardState({ promised: PROMISED, owner: B, chosenUpTo: logIndex(6) });

test('what was accepted counts, gaps and changes of membership hold nothing, a membership of itself ends it', () => {
  const entries = [slot(6), slot(9), slot(7), slot(10, 'membership')];
  const records = forcedMembership({ hardState, snapshot, entries }, A);
  const written = records.flatMap((record) => (record.kind === 'entry' ? [record.entry] : []));
  assert.deepEqual(
    written.map(({ index, kind, epoch: ballot }) => [index, kind, ballot]),
    [
      [8, 'noop', PROMISED],
      [10, 'noop', PROMISED],
      [11, 'membership', PROMISED],
    ],
  );
  assert.deepEqual(
    decodeMembership(written.at(-1)!.payload),
    simpleMembership({ voters: [A], learners: [] }),
  );
  const last = records.at(-1)!;
  assert(last.kind === 'hardState');
  assert.deepEqual(decodeHardState(last.state), { promised: PROMISED, owner: B, chosenUpTo: 11 });
});

test('a membership that is chosen stays; where nothing was decided nothing is written', () => {
  const records = forcedMembership({ hardState, snapshot, entries: [slot(6, 'membership')] }, A);
  assert.deepEqual(
    records.flatMap((record) => (record.kind === 'entry' ? [record.entry.index] : [])),
    [7],
  );
  assert.deepEqual(forcedMembership({ hardState: undefined, snapshot, entries: [] }, A), []);
});
