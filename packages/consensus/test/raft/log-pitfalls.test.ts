/** Pitfalls of replication and commitment, one test each: what an append verifies, what an answer says, what counts. docs/spec/raft.md has the list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Heartbeat } from '../../src/raft/messages.ts';
import { idOf } from '../harness/member-names.ts';
import { acknowledge, append, at, kinds, row, term } from './made-messages.ts';
import { coreWith, give, hear, makeDurable, makeLeader, messagesOf } from './single-core.ts';

test('pitfall 11 R8 an entry of an earlier term is not committed by counting', () => {
  const core = coreWith({ log: [1, 1] });
  makeLeader(core);
  makeDurable(core);
  hear(core, 2, acknowledge(2, 2));
  hear(core, 3, acknowledge(2, 2));
  assert.equal(core.status().commitIndex, 0);
  hear(core, 3, acknowledge(2, 3));
  assert.equal(core.status().commitIndex, 3);
});

test('pitfall 12 a follower commits no further than this append verified', () => {
  const core = coreWith({ log: [1, 1, 1, 1], term: 2 });
  hear(core, 2, append({ term: 2, prev: [1, 1], entries: [[2, 1]], commit: 4 }));
  assert.equal(core.status().commitIndex, 2);
});

test('pitfall 13 a heartbeat promises no commit beyond what the follower is known to hold', () => {
  const core = coreWith({ log: [1, 1] });
  makeLeader(core);
  makeDurable(core);
  hear(core, 2, acknowledge(2, 3));
  const beats = give(core, { kind: 'tick' }).flatMap((effect) =>
    effect.kind === 'send' ? [[effect.to, (effect.message as Heartbeat).commitIndex]] : [],
  );
  assert.deepEqual(beats, [
    [idOf(2), 3],
    [idOf(3), 0],
  ]);
});

test('pitfall 14 R11 an append that comes late, with entries that are there, cuts nothing', () => {
  const core = coreWith({ log: [1] });
  hear(
    core,
    2,
    append({
      term: 1,
      prev: [1, 1],
      entries: row(1, 2, 4),
    }),
  );
  const late = hear(core, 2, append({ term: 1, prev: [1, 1], entries: [[2, 1]] }));
  assert.equal(core.status().lastIndex, 4);
  assert.deepEqual(kinds(late), ['send']);
});

test('pitfall 14 R11 an append that comes late and begins below the trim still brings what is new', () => {
  const core = coreWith({ log: [1, 1, 1, 1], voters: [1, 2] });
  hear(core, 2, append({ term: 1, prev: [4, 1], commit: 4 }));
  give(core, { kind: 'applied', index: at(4) });
  give(core, { kind: 'trim', index: at(3) });
  const effects = hear(
    core,
    2,
    append({
      term: 1,
      prev: [1, 1],
      entries: row(1, 2, 5),
    }),
  );
  assert.deepEqual(messagesOf(effects), [acknowledge(1, 5)]);
  assert.equal(core.status().lastIndex, 5);
  const older = hear(
    core,
    2,
    append({
      term: 1,
      prev: [0, 0],
      entries: row(1, 1, 2),
    }),
  );
  assert.deepEqual(messagesOf(older), [acknowledge(1, 4)], 'what is committed here, the leader has');
});

test('pitfall 15 R10 an acknowledgement covers what was verified, not what the log happens to hold', () => {
  const core = coreWith({ log: [1, 1, 1], term: 2 });
  const effects = hear(core, 2, append({ term: 2, prev: [1, 1], entries: [[2, 1]] }));
  assert.deepEqual(messagesOf(effects), [acknowledge(2, 2)]);
});

test('pitfall 16 R10 a rejection raises no match and commits nothing', () => {
  const core = coreWith({ log: [1, 1] });
  makeLeader(core);
  makeDurable(core);
  hear(core, 2, {
    kind: 'appendRejected',
    term: term(2),
    rejectedIndex: at(2),
    hintIndex: at(1),
    hintEpoch: term(1),
  });
  assert.equal(core.status().progress[0]!.matchIndex, 0);
  assert.equal(core.status().commitIndex, 0);
});
