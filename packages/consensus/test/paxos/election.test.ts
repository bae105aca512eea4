/** Who is asked how often in one round of asking, by one voter alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epoch, logIndex, type MemberId } from '../../src/core/numbers.ts';
import type { PaxosCore } from '../../src/paxos/paxos-core.ts';
import { idOf } from '../harness/member-names.ts';
import { coreWith, give, hear, makeLeader } from './single-core.ts';

const BALLOT = 5 * 2 ** 16;
const FIVE = { voters: [1, 2, 3, 4, 5], electionTimeoutTicks: 20, initialElectionTicks: 20 };

/** Whom a tick makes it ask, and nothing else. */
function asksAtTick(core: PaxosCore): MemberId[] {
  return give(core, { kind: 'tick' }).flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'poll' ? [effect.to] : [],
  );
}

/** Ticks until it asks again; whom. */
function asksNext(core: PaxosCore): MemberId[] {
  const round = core.state.poll.number;
  for (;;) {
    const asked = asksAtTick(core);
    assert.equal(core.state.poll.number, round, 'the round goes on');
    if (asked.length > 0) return asked;
  }
}

function answers(core: PaxosCore, from: number, told: { readonly content: boolean }): void {
  hear(core, from, {
    kind: 'pollReply',
    round: core.state.poll.number,
    ballot: core.state.promised,
    content: told.content,
    chosenUpTo: logIndex(0),
  });
}

test('a follower asks again whoever was silent, and the owner of its ballot, for that one may step down', () => {
  const core = coreWith({ ...FIVE, promised: BALLOT, owner: 2 });
  assert.deepEqual(asksNext(core), [2, 3, 4, 5].map(idOf));
  for (const from of [2, 3, 5]) answers(core, from, { content: true });
  assert.deepEqual(asksNext(core), [2, 4].map(idOf));
  answers(core, 4, { content: true });
  assert.deepEqual(asksNext(core), [idOf(2)]);
});

test('a follower that may have to stand asks everybody on: others may have ceased to be content meanwhile', () => {
  const core = coreWith({ ...FIVE, promised: BALLOT, owner: 2 });
  asksNext(core);
  for (const from of [3, 4, 5]) answers(core, from, { content: true });
  assert.deepEqual(asksNext(core), [2, 3, 4, 5].map(idOf), 'the owner is silent');
  answers(core, 2, { content: false });
  assert.deepEqual(asksNext(core), [2, 3, 4, 5].map(idOf), 'the owner is not content');
});

test('an answer at another ballot than the own one says nothing of a leader here', () => {
  const core = coreWith({ ...FIVE, promised: BALLOT, owner: 2 });
  asksNext(core);
  hear(core, 2, {
    kind: 'pollReply',
    round: core.state.poll.number,
    ballot: epoch(BALLOT + 2 ** 16),
    content: true,
    chosenUpTo: logIndex(0),
  });
  assert.deepEqual(asksNext(core), [2, 3, 4, 5].map(idOf));
});

test('a leader asks each voter once a round, and again only who is silent', () => {
  const core = coreWith(FIVE);
  makeLeader(core);
  const electedIn = core.state.poll.number;
  while (core.state.poll.number === electedIn) {
    // A leader that reaches no quorum in a round steps down.
    for (const from of [2, 3]) answers(core, from, { content: true });
    give(core, { kind: 'tick' });
  }
  assert.deepEqual(asksNext(core), [2, 3, 4, 5].map(idOf));
  for (const from of [2, 3, 5]) answers(core, from, { content: true });
  assert.deepEqual(asksNext(core), [idOf(4)]);
});
