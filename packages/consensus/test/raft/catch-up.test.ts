/**
 * The catch-up campaign by hand (pitfall 10): what is asked, what is answered, what is taken of an answer and what never.
 * transcripts/catch-up.txt shows whole campaigns.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simpleMembership } from '../../src/core/membership.ts';
import { encodeMembership } from '../../src/core/membership-codec.ts';
import { epoch, logIndex } from '../../src/core/numbers.ts';
import { decodeHardState } from '../../src/raft/hard-state.ts';
import type { PullRequest, PullResponse, RaftMessage } from '../../src/raft/messages.ts';
import type { RaftCore } from '../../src/raft/raft-core.ts';
import { idOf } from '../harness/member-names.ts';
import {
  coreWith,
  entry,
  give,
  hear,
  makeDurable,
  messagesOf,
  type Past,
  tickUntilCampaign,
} from './single-core.ts';

interface End {
  readonly index: number;
  readonly term: number;
}

const position = ({ index, term }: End) => ({ index: logIndex(index), epoch: epoch(term) });

/** Replica `from` would vote for replica 1 but for its own log, which ends there. */
function refuse(core: RaftCore, from: number, end: End, term = core.state.term) {
  const { campaign } = core.state;
  return hear(core, from, {
    kind: 'preVoteResponse',
    term: epoch(term),
    campaign,
    granted: false,
    fresherLog: position(end),
  });
}

const pullsOf = (messages: readonly RaftMessage[]): PullRequest[] =>
  messages.flatMap((message) => (message.kind === 'pullRequest' ? [message] : []));

function answer(
  core: RaftCore,
  of: { after: End; entries: readonly [number, number][]; end: End },
): PullResponse {
  return {
    kind: 'pullResponse',
    term: core.state.term,
    pull: core.state.pulls,
    prevIndex: logIndex(of.after.index),
    prevEpoch: epoch(of.after.term),
    entries: of.entries.map(([index, term]) => entry(index, term)),
    lastIndex: logIndex(of.end.index),
    lastEpoch: epoch(of.end.term),
  };
}

const termsOf = ({ state: { log } }: RaftCore): number[] =>
  Array.from({ length: log.lastIndex }, (_, i) => log.epochAt(logIndex(i + 1))!);

/** Replica 1 of five asks 2 for what it lacks, refused by 2 and 3. */
function pulling(past: Past, end: End): RaftCore {
  const core = coreWith({ voters: [1, 2, 3, 4, 5], ...past });
  tickUntilCampaign(core);
  refuse(core, 2, end);
  refuse(core, 3, end);
  assert.ok(core.state.role.kind === 'preCandidate' && core.state.role.pull?.from === idOf(2));
  return core;
}

test('pitfall 10 a pull begins when a quorum would vote but for the log, and goes to the freshest', () => {
  const core = coreWith({ voters: [1, 2, 3, 4, 5], log: [1] });
  tickUntilCampaign(core);
  assert.deepEqual(messagesOf(refuse(core, 2, { index: 3, term: 1 })), [], 'two of five are no quorum');
  const asked = refuse(core, 4, { index: 2, term: 2 });
  assert.deepEqual(
    asked.map((effect) => effect.kind === 'send' && effect.to),
    [idOf(4)],
    'a later term is fresher than a longer log',
  );
  assert.deepEqual(pullsOf(messagesOf(asked)), [
    { kind: 'pullRequest', term: 1, pull: core.state.pulls, prevIndex: 1, prevEpoch: 1 },
  ]);
  assert.deepEqual(messagesOf(refuse(core, 5, { index: 9, term: 2 })), [], 'one pull at a time');
});

test('pitfall 10 R20 nobody pulls while those who hear a leader are needed for a quorum', () => {
  const core = coreWith({ voters: [1, 2, 3], log: [1] });
  tickUntilCampaign(core);
  const { campaign, term } = core.state;
  const heard: RaftMessage = {
    kind: 'preVoteResponse',
    term,
    campaign,
    granted: false,
    fresherLog: undefined,
  };
  assert.deepEqual(messagesOf(hear(core, 2, heard)), []);
  assert.equal(core.status().role, 'preCandidate', '3 may still say yes');
  hear(core, 3, heard);
  assert.equal(core.status().role, 'follower');
});

test('pitfall 10 R13 whoever is asked changes nothing, and protects the leader it hears by not answering', () => {
  const core = coreWith({ log: [1, 1, 2] });
  const ask = (index: number, term: number): PullRequest => ({
    kind: 'pullRequest',
    term: epoch(7),
    pull: 5,
    prevIndex: logIndex(index),
    prevEpoch: epoch(term),
  });
  const answers = messagesOf(hear(core, 2, ask(1, 1)));
  assert.equal(core.state.term, 2, 'no term is taken from a question');
  assert.equal(core.state.outbox.lastTicket, 0);
  assert.deepEqual(answers, [
    {
      kind: 'pullResponse',
      term: 2,
      pull: 5,
      prevIndex: 1,
      prevEpoch: 1,
      entries: [entry(2, 1), entry(3, 2)],
      lastIndex: 3,
      lastEpoch: 2,
    },
  ]);
  hear(core, 3, { kind: 'heartbeat', term: epoch(2), commitIndex: logIndex(0), readRound: 0 });
  assert.deepEqual(hear(core, 2, ask(1, 1)), []);
});

test('pitfall 10 R19 an answer holds no more than an append may', () => {
  const core = coreWith({ log: [1, 1, 1, 1], limits: { appendBytesMax: 60 } });
  const [reply] = messagesOf(
    hear(core, 2, {
      kind: 'pullRequest',
      term: epoch(1),
      pull: 1,
      prevIndex: logIndex(0),
      prevEpoch: epoch(0),
    }),
  );
  assert.ok(reply?.kind === 'pullResponse');
  assert.equal(reply.entries.length, 2);
  assert.equal(reply.lastIndex, 4);
});

test('pitfall 10 what is pulled is written, and asked with; the vote is written after it', () => {
  const core = pulling({ log: [1] }, { index: 3, term: 1 });
  const effects = hear(
    core,
    2,
    answer(core, {
      after: { index: 1, term: 1 },
      entries: [
        [2, 1],
        [3, 1],
      ],
      end: { index: 3, term: 1 },
    }),
  );
  assert.equal(core.state.term, 1, 'nothing is cut, and the term stays');
  assert.deepEqual(termsOf(core), [1, 1, 1]);
  const [write] = effects.filter((effect) => effect.kind === 'write');
  assert.deepEqual(
    write?.records.map((record) => record.kind),
    ['entry', 'entry'],
  );
  const requests = messagesOf(effects).filter(({ kind }) => kind === 'preVoteRequest');
  assert.equal(requests.length, 4, 'the campaign begins again');
});

test('pitfall 10 R14 an answer counts for the pull that is out, from the one that was asked, and once', () => {
  const core = pulling({ log: [1] }, { index: 2, term: 1 });
  const right = answer(core, { after: { index: 1, term: 1 }, entries: [[2, 1]], end: { index: 2, term: 1 } });
  assert.deepEqual(hear(core, 3, right), [], 'of another member');
  assert.deepEqual(hear(core, 2, { ...right, pull: right.pull - 1 }), [], 'of another pull');
  assert.deepEqual(termsOf(core), [1]);
  hear(core, 2, right);
  assert.deepEqual(termsOf(core), [1, 1]);
  assert.deepEqual(hear(core, 2, right), [], 'a second time');
});

test('pitfall 10 R5 where the logs part, an earlier position is asked for; nothing is taken unmatched', () => {
  const core = pulling({ log: [1, 2, 2] }, { index: 4, term: 3 });
  // The other log: 1 1 1 3.
  const effects = hear(
    core,
    2,
    answer(core, { after: { index: 3, term: 1 }, entries: [[4, 3]], end: { index: 4, term: 3 } }),
  );
  assert.deepEqual(termsOf(core), [1, 2, 2]);
  assert.deepEqual(pullsOf(messagesOf(effects)), [
    { kind: 'pullRequest', term: 2, pull: core.state.pulls, prevIndex: 1, prevEpoch: 1 },
  ]);
});

test('pitfall 10 R10 what was acknowledged to a leader of this term is cut in the next term only, and that leader is heard no more', () => {
  // 4 leads term 3 and has been told that the log matches up to 2; then it falls silent.
  const core = coreWith({ voters: [1, 2, 3, 4, 5], log: [1, 1], term: 3 });
  const probe: RaftMessage = {
    kind: 'append',
    term: epoch(3),
    prevIndex: logIndex(2),
    prevEpoch: epoch(1),
    commitIndex: logIndex(0),
    entries: [],
  };
  assert.deepEqual(messagesOf(hear(core, 4, probe)), [{ kind: 'appendResponse', term: 3, matchIndex: 2 }]);
  tickUntilCampaign(core);
  // 2 has an entry of term 2 in its place, which never got anywhere; by the terms of their ends its log is the fresher one.
  refuse(core, 2, { index: 2, term: 2 });
  refuse(core, 3, { index: 2, term: 2 });
  const effects = hear(
    core,
    2,
    answer(core, { after: { index: 1, term: 1 }, entries: [[2, 2]], end: { index: 2, term: 2 } }),
  );
  assert.deepEqual(termsOf(core), [1, 2]);
  assert.equal(core.state.term, 4);
  const [write] = effects.filter((effect) => effect.kind === 'write');
  const [hard, cut] = write!.records;
  assert.ok(hard?.kind === 'hardState' && cut?.kind === 'entry', 'both in one write');
  assert.equal(decodeHardState(hard.state).term, 4);
  // The leader of term 3 counted on what it was told. Taken, this would commit what nobody ever committed.
  const late: RaftMessage = { kind: 'heartbeat', term: epoch(3), commitIndex: logIndex(2), readRound: 0 };
  makeDurable(core);
  assert.deepEqual(messagesOf(hear(core, 4, late)), [{ kind: 'newerTerm', term: 4 }]);
  assert.equal(core.status().commitIndex, 0);
});

test('pitfall 10 R11 what is committed here is not cut, whatever is pulled', () => {
  const core = coreWith({ voters: [1, 2, 3, 4, 5], log: [1, 1, 1] });
  hear(core, 4, {
    kind: 'append',
    term: epoch(1),
    prevIndex: logIndex(3),
    prevEpoch: epoch(1),
    commitIndex: logIndex(2),
    entries: [],
  });
  makeDurable(core);
  tickUntilCampaign(core);
  refuse(core, 2, { index: 4, term: 1 });
  refuse(core, 3, { index: 4, term: 1 });
  assert.equal(core.status().commitIndex, 2);
  // No replica has such a log; were it taken, 2 would be lost.
  const wrong = answer(core, { after: { index: 1, term: 1 }, entries: [[2, 1]], end: { index: 4, term: 1 } });
  assert.deepEqual(hear(core, 2, wrong), []);
  assert.deepEqual(termsOf(core), [1, 1, 1]);
});

test('pitfall 10 a log that is no fresher by now is not taken, nothing is cut for it, and the campaign begins again', () => {
  const core = pulling({ log: [1, 2] }, { index: 3, term: 2 });
  // What made it the fresher one was cut: 1 1 is left of it.
  const cutSince = answer(core, {
    after: { index: 1, term: 1 },
    entries: [[2, 1]],
    end: { index: 2, term: 1 },
  });
  const effects = hear(core, 2, cutSince);
  assert.deepEqual(termsOf(core), [1, 2]);
  assert.equal(messagesOf(effects).filter(({ kind }) => kind === 'preVoteRequest').length, 4);
});

test('pitfall 10 R15 a membership that is pulled is in force at once, and says who is asked next', () => {
  const core = pulling({ log: [1] }, { index: 2, term: 1 });
  const membership = simpleMembership({ voters: [1, 2, 6].map(idOf), learners: [] });
  const change = { ...entry(2, 1), kind: 'membership' as const, payload: encodeMembership(membership) };
  const message = answer(core, { after: { index: 1, term: 1 }, entries: [], end: { index: 2, term: 1 } });
  const effects = hear(core, 2, { ...message, entries: [change] });
  assert.deepEqual(
    effects.flatMap((effect) => (effect.kind === 'send' ? [effect.to] : [])),
    [2, 6].map(idOf),
  );
  const without = simpleMembership({ voters: [2, 3].map(idOf), learners: [] });
  const other = pulling({ log: [1] }, { index: 2, term: 1 });
  hear(other, 2, {
    ...message,
    pull: other.state.pulls,
    entries: [{ ...change, payload: encodeMembership(without) }],
  });
  assert.equal(other.status().membership.voters.length, 2);
});

test('pitfall 10 R17 what was trimmed there comes as a snapshot, taken by whoever still campaigns', () => {
  const asked = coreWith({ log: [1, 1, 1] });
  hear(asked, 3, {
    kind: 'append',
    term: epoch(1),
    prevIndex: logIndex(3),
    prevEpoch: epoch(1),
    commitIndex: logIndex(3),
    entries: [],
  });
  give(asked, { kind: 'applied', index: logIndex(3) });
  give(asked, { kind: 'trim', index: logIndex(2) });
  tickUntilCampaign(asked);
  const effects = hear(asked, 2, {
    kind: 'pullRequest',
    term: epoch(1),
    pull: 1,
    prevIndex: logIndex(1),
    prevEpoch: epoch(1),
  });
  const [send] = effects.filter((effect) => effect.kind === 'sendSnapshot');
  assert.ok(send !== undefined && send.to === idOf(2) && send.atLeast === 2);
  const meta = { index: logIndex(3), epoch: epoch(1), membership: asked.status().membership };
  const install = send.install(meta) as RaftMessage;

  const core = coreWith({ log: [1] });
  assert.deepEqual(hear(core, 2, install), [], 'a follower takes snapshots of its leader only');
  tickUntilCampaign(core);
  const taken = hear(core, 2, install);
  assert.ok(taken.some((effect) => effect.kind === 'restore'));
  assert.equal(core.status().commitIndex, 3);
  assert.deepEqual(hear(core, 2, install), [], 'once');
});

test('pitfall 10 without pre-vote a candidate catches up in the same way', () => {
  const core = coreWith({ log: [1], preVote: false });
  tickUntilCampaign(core);
  makeDurable(core);
  const refused: RaftMessage = {
    kind: 'voteResponse',
    term: epoch(2),
    granted: false,
    fresherLog: position({ index: 2, term: 1 }),
  };
  assert.equal(pullsOf(messagesOf(hear(core, 2, refused))).length, 1);
  const effects = hear(
    core,
    2,
    answer(core, { after: { index: 1, term: 1 }, entries: [[2, 1]], end: { index: 2, term: 1 } }),
  );
  assert.deepEqual(termsOf(core), [1, 1]);
  const requests = messagesOf(effects).filter(({ kind }) => kind === 'voteRequest');
  assert.deepEqual(
    requests.map(({ term }) => term),
    [3, 3],
    'the next term, with the longer log',
  );
});
