/** The known ways to get Raft wrong, one test each (docs/spec/raft.md says which are shown by transcripts instead). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../src/core/effects.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import { encodeMembership } from '../../src/core/membership-codec.ts';
import { epoch, logIndex, ticket } from '../../src/core/numbers.ts';
import { decodeHardState } from '../../src/raft/hard-state.ts';
import type { Append, Heartbeat, RaftMessage } from '../../src/raft/messages.ts';
import { idOf } from './cluster.ts';
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

const term = epoch;
const at = logIndex;

function append(of: {
  term: number;
  prev: [number, number];
  entries?: [number, number][];
  commit?: number;
}): Append {
  return {
    kind: 'append',
    term: term(of.term),
    prevIndex: at(of.prev[0]),
    prevEpoch: term(of.prev[1]),
    commitIndex: at(of.commit ?? 0),
    entries: (of.entries ?? []).map(([index, entryTerm]) => entry(index, entryTerm)),
  };
}

const acknowledge = (inTerm: number, match: number): RaftMessage => ({
  kind: 'appendResponse',
  term: term(inTerm),
  matchIndex: at(match),
});

const kinds = (effects: readonly Effect[]): string[] => effects.map((effect) => effect.kind);

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

test('pitfall 5 R13 a pre-vote, granted or not, changes no term, vote, write or timer', () => {
  const core = coreWith({ log: [1, 1] });
  give(core, { kind: 'tick' });
  give(core, { kind: 'tick' });
  const { electionElapsedTicks, electionDeadlineTicks } = core.state;
  for (const lastIndex of [5, 1]) {
    const effects = hear(core, 2, {
      kind: 'preVoteRequest',
      term: term(7),
      campaign: 3,
      lastIndex: at(lastIndex),
      lastEpoch: term(1),
    });
    assert.deepEqual(effects, [
      {
        kind: 'send',
        to: idOf(2),
        message: {
          kind: 'preVoteResponse',
          term: 1,
          campaign: 3,
          granted: lastIndex === 5,
          fresherLog: lastIndex === 5 ? undefined : { index: 2, epoch: 1 },
        },
        after: 0,
      },
    ]);
  }
  assert.equal(core.status().epoch, 1);
  assert.equal(core.state.vote, undefined);
  assert.equal(core.state.electionElapsedTicks, electionElapsedTicks);
  assert.equal(core.state.electionDeadlineTicks, electionDeadlineTicks);
});

test('pitfall 6 R14 pre-votes and votes of earlier campaigns count in no other', () => {
  const core = coreWith({ log: [1] });
  tickUntilCampaign(core);
  const first = core.state.campaign;
  for (let i = 0; i < 5; i++) give(core, { kind: 'tick' });
  assert.notEqual(core.state.campaign, first, 'a second pre-campaign has begun');
  const grant = (campaign: number): RaftMessage => ({
    kind: 'preVoteResponse',
    term: term(1),
    campaign,
    granted: true,
    fresherLog: undefined,
  });
  hear(core, 2, grant(first));
  assert.equal(core.status().role, 'preCandidate');
  hear(core, 2, grant(core.state.campaign));
  assert.equal(core.status().role, 'candidate');
  makeDurable(core);
  hear(core, 3, { ...grant(core.state.campaign), term: term(2) } as RaftMessage);
  assert.equal(core.status().role, 'candidate', 'a pre-vote is no vote');
  hear(core, 3, { kind: 'voteResponse', term: term(1), granted: true, fresherLog: undefined });
  assert.equal(core.status().role, 'candidate', 'a vote of an earlier term is none');
  hear(core, 3, { kind: 'voteResponse', term: term(2), granted: true, fresherLog: undefined });
  assert.equal(core.status().role, 'leader');
});

test('pitfall 8 a follower that hears its leader helps nobody to replace it, and joins no newer term over it', () => {
  const core = coreWith({ log: [1] });
  hear(core, 2, append({ term: 1, prev: [1, 1] }));
  const last = { lastIndex: at(9), lastEpoch: term(1) };
  assert.deepEqual(hear(core, 3, { kind: 'voteRequest', term: term(5), ...last, transfer: false }), []);
  assert.equal(core.status().epoch, 1);
  const asked = hear(core, 3, { kind: 'preVoteRequest', term: term(5), campaign: 1, ...last });
  assert.deepEqual(messagesOf(asked), [
    { kind: 'preVoteResponse', term: 1, campaign: 1, granted: false, fresherLog: undefined },
  ]);
});

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
      entries: [
        [2, 1],
        [3, 1],
        [4, 1],
      ],
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
      entries: [
        [2, 1],
        [3, 1],
        [4, 1],
        [5, 1],
      ],
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
      entries: [
        [1, 1],
        [2, 1],
      ],
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

test('pitfall 17 R2 stepping down in the same term keeps the vote', () => {
  const core = coreWith({ preVote: false });
  tickUntilCampaign(core);
  hear(core, 2, append({ term: 1, prev: [0, 0] }));
  assert.equal(core.status().role, 'follower');
  give(core, { kind: 'stalled' });
  const effects = hear(core, 3, {
    kind: 'voteRequest',
    term: term(1),
    lastIndex: at(9),
    lastEpoch: term(1),
    transfer: false,
  });
  assert.deepEqual(messagesOf(effects), [
    { kind: 'voteResponse', term: 1, granted: false, fresherLog: undefined },
  ]);
});

test('pitfall 18 R2 term and vote are written as one record', () => {
  const core = coreWith({ log: [1] });
  const [write, vote] = hear(core, 2, {
    kind: 'voteRequest',
    term: term(4),
    lastIndex: at(1),
    lastEpoch: term(1),
    transfer: false,
  });
  assert.ok(write?.kind === 'write');
  assert.equal(write.records.length, 1);
  const [record] = write.records;
  assert.ok(record?.kind === 'hardState');
  assert.deepEqual(decodeHardState(record.state), { term: 4, vote: idOf(2) });
  assert.ok(vote?.kind === 'send' && vote.after === write.ticket);
});

test('pitfall 19 R12 no read is served before an entry of the own term is committed', () => {
  const core = coreWith({ log: [1, 1] });
  makeLeader(core);
  assert.deepEqual(give(core, { kind: 'read', token: 1 }), [], 'no round begins');
  makeDurable(core);
  const effects = hear(core, 2, acknowledge(2, 3));
  const beats = messagesOf(effects).filter((message) => message.kind === 'heartbeat');
  assert.deepEqual(
    beats.map((message) => message.readRound),
    [1, 1],
  );
  assert.deepEqual(hear(core, 2, { kind: 'heartbeatResponse', term: term(2), readRound: 1 }), [
    { kind: 'readable', tokens: [1], index: 3 },
  ]);
});

test('pitfall 20 R12 read rounds are never used again, by a later leadership neither', () => {
  const core = coreWith();
  const roundsOf = (effects: Effect[]): number[] =>
    messagesOf(effects).flatMap((message) => (message.kind === 'heartbeat' ? [message.readRound] : []));
  makeLeader(core);
  makeDurable(core);
  hear(core, 2, acknowledge(1, 1));
  assert.deepEqual(roundsOf(give(core, { kind: 'read', token: 1 })), [1, 1]);
  give(core, { kind: 'stalled' });
  makeLeader(core);
  makeDurable(core);
  hear(core, 2, acknowledge(2, 2));
  assert.deepEqual(roundsOf(give(core, { kind: 'read', token: 2 })), [2, 2]);
  assert.deepEqual(hear(core, 2, { kind: 'heartbeatResponse', term: term(1), readRound: 2 }), []);
  assert.deepEqual(hear(core, 2, { kind: 'heartbeatResponse', term: term(2), readRound: 1 }), []);
});

test('pitfall 20 R12 an answer to a read of an earlier life of the follower counts for nothing', () => {
  const lives = [0.1, 0.2].map((draw) => coreWith({ log: [1], random: () => draw }));
  const answers = lives.map((core) => {
    hear(core, 2, append({ term: 1, prev: [1, 1] }));
    const [request] = messagesOf(give(core, { kind: 'read', token: 5 }));
    assert.ok(request?.kind === 'readRequest');
    return { ...request, kind: 'readResponse', readIndex: at(1) } as RaftMessage;
  });
  assert.deepEqual(hear(lives[1]!, 2, answers[0]!), []);
  assert.deepEqual(hear(lives[1]!, 2, answers[1]!), [{ kind: 'readable', tokens: [5], index: 1 }]);
  assert.deepEqual(hear(lives[1]!, 2, answers[1]!), [], 'and one answer is enough');
});

test('pitfall 21 R12 reads fail when the leader changes, at the leader and at a follower', () => {
  const leader = coreWith();
  makeLeader(leader);
  makeDurable(leader);
  hear(leader, 2, acknowledge(1, 1));
  give(leader, { kind: 'read', token: 1 });
  const deposed = hear(leader, 2, { kind: 'heartbeat', term: term(2), commitIndex: at(0), readRound: 0 });
  assert.ok(deposed.some((effect) => effect.kind === 'readFailed' && effect.tokens[0] === 1));
  assert.deepEqual(hear(leader, 3, { kind: 'heartbeatResponse', term: term(1), readRound: 1 }), []);

  const follower = coreWith({ log: [1] });
  hear(follower, 2, append({ term: 1, prev: [1, 1] }));
  const [request] = messagesOf(give(follower, { kind: 'read', token: 1 }));
  assert.ok(request?.kind === 'readRequest');
  const other = hear(follower, 3, { kind: 'heartbeat', term: term(2), commitIndex: at(0), readRound: 0 });
  assert.ok(other.some((effect) => effect.kind === 'readFailed' && effect.tokens[0] === 1));
  assert.deepEqual(hear(follower, 2, { ...request, kind: 'readResponse', readIndex: at(1) }), []);
});

test('pitfall 24 a late completion vouches for nothing that was written after it', () => {
  const core = coreWith({ log: [1] });
  hear(
    core,
    2,
    append({
      term: 1,
      prev: [1, 1],
      entries: [
        [2, 1],
        [3, 1],
      ],
    }),
  );
  const late = ticket(core.state.outbox.lastTicket);
  hear(
    core,
    3,
    append({
      term: 2,
      prev: [1, 1],
      entries: [
        [2, 2],
        [3, 2],
      ],
      commit: 3,
    }),
  );
  const effects = give(core, { kind: 'durable', ticket: late });
  assert.equal(core.state.writes.durableIndex, 1);
  assert.deepEqual(
    effects.flatMap((effect) => (effect.kind === 'apply' ? effect.entries.map(({ index }) => index) : [])),
    [],
    'and none of it is applied',
  );
  makeDurable(core);
  assert.equal(core.state.writes.durableIndex, 3);
});

test('pitfall 25 votes and acknowledgements wait for the write they speak of', () => {
  const core = coreWith({ log: [1] });
  const [write, answer] = hear(core, 2, append({ term: 1, prev: [1, 1], entries: [[2, 1]] }));
  assert.ok(write?.kind === 'write' && answer?.kind === 'send');
  assert.equal(answer.after, write.ticket);
  // Again, before that write is done: nothing new to write, and still something to wait for.
  const [again] = hear(core, 2, append({ term: 1, prev: [1, 1], entries: [[2, 1]] }));
  assert.ok(again?.kind === 'send');
  assert.equal(again.after, write.ticket);
});

test('pitfall 25 R8 a leader counts its own log, and a candidate its own vote, only when durable', () => {
  const core = coreWith({ voters: [1, 2], preVote: false });
  tickUntilCampaign(core);
  hear(core, 2, { kind: 'voteResponse', term: term(1), granted: true, fresherLog: undefined });
  assert.equal(core.status().role, 'candidate');
  makeDurable(core);
  assert.equal(core.status().role, 'leader');
  hear(core, 2, acknowledge(1, 1));
  assert.equal(core.status().commitIndex, 0);
  makeDurable(core);
  assert.equal(core.status().commitIndex, 1);
});

test('pitfall 25 pitfall 39 a vote does not count by the completion of an earlier write, in a cluster of one either', () => {
  const core = coreWith({ voters: [1], preVote: false });
  tickUntilCampaign(core);
  makeDurable(core);
  makeDurable(core);
  give(core, { kind: 'propose', payloads: [new Uint8Array(1)] });
  give(core, { kind: 'propose', payloads: [new Uint8Array(1)] });
  const second = ticket(core.state.outbox.lastTicket);
  give(core, { kind: 'stalled' });
  give(core, { kind: 'tick' });
  give(core, { kind: 'durable', ticket: ticket(second - 1) });
  tickUntilCampaign(core);
  assert.equal(core.status().epoch, 2);
  give(core, { kind: 'durable', ticket: second });
  assert.equal(core.status().role, 'candidate');
  makeDurable(core);
  assert.equal(core.status().role, 'leader');
});

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

test('pitfall 37 after a stall a follower waits a whole timeout again', () => {
  const core = coreWith({ log: [1] });
  hear(core, 2, append({ term: 1, prev: [1, 1] }));
  for (let i = 0; i < 4; i++) give(core, { kind: 'tick' });
  give(core, { kind: 'stalled' });
  for (let i = 0; i < 4; i++) give(core, { kind: 'tick' });
  assert.equal(core.status().role, 'follower');
  give(core, { kind: 'tick' });
  assert.equal(core.status().role, 'preCandidate');
});

test('pitfall 38 the election timeout is drawn anew at every try', () => {
  const draws = [0, 0, 0, 0.99, 0.5, 0.2];
  const core = coreWith({ log: [1], random: () => draws.shift() ?? 0 });
  const tries: number[] = [];
  for (let ticks = 1; tries.length < 3; ticks++) {
    const { campaign } = core.state;
    give(core, { kind: 'tick' });
    if (core.state.campaign === campaign) continue;
    tries.push(ticks);
    ticks = 0;
  }
  assert.deepEqual(tries, [5, 9, 7]);
});

test('R13 R20 a broken link to the leader shortens the wait to its random part, and nothing else', () => {
  const ticksUntilCampaign = (draw: number, input?: 'unreachable'): number => {
    const core = coreWith({ log: [1], random: () => draw });
    hear(core, 2, append({ term: 1, prev: [1, 1] }));
    if (input !== undefined) assert.deepEqual(give(core, { kind: input, peer: idOf(2) }), []);
    let ticks = 0;
    while (core.status().role === 'follower') {
      give(core, { kind: 'tick' });
      ticks++;
    }
    return ticks;
  };
  // The timeout is 5 ticks and a random part of up to 5 more.
  assert.deepEqual([ticksUntilCampaign(0.4), ticksUntilCampaign(0.4, 'unreachable')], [7, 2]);
  assert.deepEqual([ticksUntilCampaign(0), ticksUntilCampaign(0, 'unreachable')], [5, 1]);

  const core = coreWith({ log: [1] });
  hear(core, 2, append({ term: 1, prev: [1, 1] }));
  give(core, { kind: 'unreachable', peer: idOf(3) });
  assert.equal(core.state.electionElapsedTicks, 0, 'only the leader counts');
  give(core, { kind: 'unreachable', peer: idOf(2) });
  assert.deepEqual([core.status().leader, core.status().role], [idOf(2), 'follower']);
  hear(core, 2, append({ term: 1, prev: [1, 1] }));
  assert.equal(core.state.electionElapsedTicks, 0, 'a leader that is heard again is followed as before');
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
