/** Pitfalls of linearizable reads (Raft §8), one test each. docs/spec/raft.md has the list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../src/core/effects.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import { acknowledge, append, at, term } from './made-messages.ts';
import { coreWith, give, hear, makeDurable, makeLeader, messagesOf } from './single-core.ts';

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
