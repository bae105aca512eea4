/** Pitfalls of snapshots, and of windows and limits, one test each. docs/spec/raft.md has the list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simpleMembership } from '../../src/core/membership.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import { idOf } from '../harness/member-names.ts';
import { acknowledge, append, at, kinds, term } from './made-messages.ts';
import {
  coreWith,
  entry,
  give,
  hear,
  makeDurable,
  makeLeader,
  messagesOf,
  tickUntilCampaign,
} from './single-core.ts';

test('pitfall 27 nothing is applied, and no other snapshot begins, while one is being restored', () => {
  const core = coreWith({ log: [1] });
  const membership = simpleMembership({ voters: [1, 2, 3].map(idOf), learners: [] });
  const install = (index: number): RaftMessage => ({
    kind: 'installSnapshot',
    term: term(1),
    meta: { index: at(index), epoch: term(1), membership },
  });
  assert.ok(kinds(hear(core, 2, install(5))).includes('restore'));
  assert.deepEqual(hear(core, 2, install(9)), []);
  hear(core, 2, append({ term: 1, prev: [5, 1], entries: [[6, 1]], commit: 6 }));
  assert.ok(!kinds(makeDurable(core)).includes('apply'));
  const effects = give(core, { kind: 'applied', index: at(5) });
  assert.deepEqual(effects, [{ kind: 'apply', entries: [entry(6, 1)] }]);
  assert.deepEqual(
    messagesOf(hear(core, 2, install(4))),
    [acknowledge(1, 6)],
    'R17: commit never moves back',
  );
});

test('pitfall 28 R17 a snapshot brings its membership, and a matching suffix of the log survives it', () => {
  const core = coreWith({ log: [1, 1, 1] });
  const membership = simpleMembership({ voters: [1, 2].map(idOf), learners: [3].map(idOf) });
  const install = (index: number, inTerm: number): RaftMessage => ({
    kind: 'installSnapshot',
    term: term(2),
    meta: { index: at(index), epoch: term(inTerm), membership },
  });
  hear(core, 2, install(2, 1));
  assert.equal(core.status().lastIndex, 3, 'R17: 2@1 is there, so that 3@1 stays');
  assert.equal(core.status().commitIndex, 2);
  hear(core, 2, install(3, 2));
  assert.equal(core.status().lastIndex, 3);
  assert.equal(core.status().trimmedIndex, 3, 'R17: 3@2 is not 3@1, so that nothing stays');
  assert.deepEqual(core.status().membership, membership);
  assert.ok(core.state.restoringIndex === 3);
});

test('pitfall 34 R19 a leader takes no more than its limit of uncommitted bytes, and one batch always', () => {
  const core = coreWith({ voters: [1], limits: { uncommittedBytesMax: 100 } });
  tickUntilCampaign(core);
  makeDurable(core);
  makeDurable(core);
  const payloads = [new Uint8Array(500)];
  assert.ok(kinds(give(core, { kind: 'propose', payloads })).includes('write'));
  assert.deepEqual(give(core, { kind: 'propose', payloads: [new Uint8Array(1)] }), [
    { kind: 'rejected', payloads: [new Uint8Array(1)], reason: 'tooManyUncommitted', leader: idOf(1) },
  ]);
  makeDurable(core);
  assert.ok(kinds(give(core, { kind: 'propose', payloads })).includes('write'));
});

test('pitfall 36 R19 what is in flight is forgotten when it is acknowledged, refused or lost', () => {
  const core = coreWith({ log: [1] });
  makeLeader(core);
  makeDurable(core);
  hear(core, 2, acknowledge(2, 2));
  hear(core, 3, acknowledge(2, 2));
  const inflight = (): number[] => core.status().progress.map(({ inflightMessages }) => inflightMessages);
  for (let i = 0; i < 3; i++) give(core, { kind: 'propose', payloads: [new Uint8Array(10)] });
  assert.deepEqual(inflight(), [3, 3]);
  hear(core, 2, acknowledge(2, 4));
  assert.deepEqual(inflight(), [1, 3]);
  give(core, { kind: 'unreachable', peer: idOf(3) });
  assert.deepEqual(inflight(), [1, 0]);
  hear(core, 2, acknowledge(2, 5));
  assert.deepEqual(
    core.status().progress.map(({ inflightBytes }) => inflightBytes),
    [0, 0],
  );
});

test('R21 a leader that was restarted can make a snapshot of what its state machine holds, without counting it again', () => {
  // Otherwise a change that waits for an empty new member waits for ever: the member needs the snapshot to be counted.
  const core = coreWith({ voters: [1, 2], log: [1, 1, 1], stateIndex: 2 });
  assert.equal(core.status().commitIndex, 0, 'before it leads its log may be a stale one');
  const effects = makeLeader(core);
  assert.equal(core.status().commitIndex, 2);
  assert.ok(kinds(effects).includes('apply'), 'what was applied before is handed out again');
  give(core, { kind: 'applied', index: at(2) });
  assert.equal(core.snapshotMeta(at(2)).index, 2);
});
