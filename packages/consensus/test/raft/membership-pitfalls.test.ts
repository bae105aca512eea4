/** Pitfalls of membership changes (Raft §6), one test each: which membership counts, and that both halves of a joint one do. docs/spec/raft.md has the list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simpleMembership } from '../../src/core/membership.ts';
import { encodeMembership } from '../../src/core/membership-codec.ts';
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

test('pitfall 1 R15 no membership change before an entry of the own term is committed', () => {
  const core = coreWith({ log: [1] });
  makeLeader(core);
  const change = { voters: [1, 2, 3, 4].map(idOf), learners: [] };
  assert.deepEqual(give(core, { kind: 'changeMembership', change }), [
    { kind: 'changeRejected', reason: 'noOwnTermCommit' },
  ]);
  makeDurable(core);
  hear(core, 2, acknowledge(2, 2));
  assert.ok(kinds(give(core, { kind: 'changeMembership', change })).includes('membership'));
  assert.deepEqual(give(core, { kind: 'changeMembership', change }), [
    { kind: 'changeRejected', reason: 'changeInProgress' },
  ]);
});

test('pitfall 2 a campaign goes by the newest membership in the log, committed or not', () => {
  const core = coreWith({ log: [1] });
  const membership = simpleMembership({ voters: [1, 2, 3, 4, 5].map(idOf), learners: [] });
  const change = { ...entry(2, 1), kind: 'membership' as const, payload: encodeMembership(membership) };
  hear(core, 2, { ...append({ term: 1, prev: [1, 1] }), entries: [change] });
  assert.equal(core.status().commitIndex, 0);
  makeDurable(core);
  const asked = tickUntilCampaign(core).flatMap((effect) => (effect.kind === 'send' ? [effect.to] : []));
  assert.deepEqual(asked, [2, 3, 4, 5].map(idOf));
});

test('pitfall 2 and when that membership is cut off, the one before it is in force again', () => {
  const core = coreWith({ log: [1] });
  const membership = simpleMembership({ voters: [2, 3].map(idOf), learners: [] });
  const change = { ...entry(2, 1), kind: 'membership' as const, payload: encodeMembership(membership) };
  hear(core, 2, { ...append({ term: 1, prev: [1, 1] }), entries: [change] });
  assert.equal(core.status().role, 'learner');
  hear(core, 3, append({ term: 2, prev: [1, 1], entries: [[2, 2]] }));
  assert.deepEqual(core.status().membership.voters, [1, 2, 3].map(idOf));
  assert.equal(core.status().role, 'follower');
});

test('pitfall 3 a learner votes when it is asked', () => {
  const core = coreWith({ voters: [2, 3], learners: [1], log: [1] });
  const effects = hear(core, 2, {
    kind: 'voteRequest',
    term: term(2),
    lastIndex: at(1),
    lastEpoch: term(1),
    transfer: false,
  });
  assert.deepEqual(messagesOf(effects), [
    { kind: 'voteResponse', term: 2, granted: true, fresherLog: undefined },
  ]);
});

/** Replica 1 leads a joint membership of (1 2 3) and (4 5 6). */
function jointLeader() {
  const core = coreWith();
  makeLeader(core);
  makeDurable(core);
  hear(core, 2, acknowledge(1, 1));
  give(core, { kind: 'changeMembership', change: { voters: [4, 5, 6].map(idOf), learners: [] } });
  makeDurable(core);
  return core;
}

test('pitfall 4 R8 in a joint membership both halves must hold what is committed', () => {
  const core = jointLeader();
  hear(core, 2, acknowledge(1, 2));
  hear(core, 3, acknowledge(1, 2));
  assert.equal(core.status().commitIndex, 1);
  hear(core, 4, acknowledge(1, 2));
  assert.equal(core.status().commitIndex, 1);
  hear(core, 5, acknowledge(1, 2));
  assert.equal(core.status().commitIndex, 2);
});

test('pitfall 4 R12 in a joint membership both halves must confirm a read', () => {
  const core = jointLeader();
  give(core, { kind: 'read', token: 9 });
  const confirm: RaftMessage = { kind: 'heartbeatResponse', term: term(1), readRound: 1 };
  assert.deepEqual(hear(core, 2, confirm), []);
  assert.deepEqual(hear(core, 3, confirm), []);
  assert.deepEqual(hear(core, 4, confirm), []);
  assert.deepEqual(hear(core, 5, confirm), [{ kind: 'readable', tokens: [9], index: 1 }]);
});

test('pitfall 4 in a joint membership a leader that one half no longer hears steps down', () => {
  const core = jointLeader();
  const alive: RaftMessage = { kind: 'heartbeatResponse', term: term(1), readRound: 0 };
  for (let tick = 0; tick < 11; tick++) {
    give(core, { kind: 'tick' });
    hear(core, 2, alive);
    hear(core, 3, alive);
    if (core.status().role !== 'leader') return;
  }
  assert.fail('it still leads');
});

test('pitfall 4 in a joint membership an election needs both halves', () => {
  const membership = {
    voters: [1, 2, 3].map(idOf),
    outgoingVoters: [4, 5, 6].map(idOf),
    learners: [],
    learnersNext: [],
  };
  const joint = { ...entry(1, 1), kind: 'membership' as const, payload: encodeMembership(membership) };
  const core = coreWith({ voters: [1, 4, 5, 6], preVote: false, term: 1 });
  hear(core, 4, { ...append({ term: 1, prev: [0, 0] }), entries: [joint] });
  makeDurable(core);
  tickUntilCampaign(core);
  makeDurable(core);
  const yes: RaftMessage = { kind: 'voteResponse', term: term(2), granted: true, fresherLog: undefined };
  hear(core, 2, yes);
  hear(core, 3, yes);
  hear(core, 4, yes);
  assert.equal(core.status().role, 'candidate');
  hear(core, 5, yes);
  assert.equal(core.status().role, 'leader');
});
