/** The proposer alone: what it asks, what it takes from promises, and what it must not propose (P2, P3, P6, P9, P16). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simpleMembership } from '../../src/core/membership.ts';
import { encodeMembership } from '../../src/core/membership-codec.ts';
import { epoch, logIndex } from '../../src/core/numbers.ts';
import { ballotAbove, ballotTag, roundOf } from '../../src/paxos/ballot.ts';
import { idOf } from '../harness/member-names.ts';
import {
  accepted,
  coreWith,
  give,
  hear,
  makeDurable,
  makeLeader,
  messagesOf,
  promiseOf,
  propose,
  proposedTo,
  tickUntilItStands,
  value,
} from './single-core.ts';

const LOW = 5 * 2 ** 16;
const HIGH = 6 * 2 ** 16;

test('P3 a ballot is never used again: after a crash the next one is in a higher round', () => {
  const core = coreWith({ promised: LOW, owner: 1 });
  tickUntilItStands(core);
  assert.ok(roundOf(core.state.promised) > roundOf(epoch(LOW)));
});

test('P3 another life, and another member, has other ballots', () => {
  const ballots = new Set(
    [1, 2, 3].flatMap((name) =>
      [1, 2, 3].map((life) => ballotAbove(epoch(LOW), ballotTag(idOf(name), life))),
    ),
  );
  assert.equal(ballots.size, 9);
});

test('P3 ballots past 2^53 are not made', () => {
  assert.throws(() => ballotAbove(epoch(2 ** 53 - 2), 1), /2\^53/);
});

test('P3 nobody is asked before the own promise is durable', () => {
  const core = coreWith();
  const effects = tickUntilItStands(core);
  const prepares = effects.filter((effect) => effect.kind === 'send' && effect.message.kind === 'prepare');
  assert.equal(prepares.length, 2);
  for (const effect of prepares)
    assert.ok(effect.kind === 'send' && effect.after === core.state.outbox.lastTicket);
});

test('P3 a refused ballot is over, and the next goes above what refused it', () => {
  const core = coreWith();
  makeLeader(core);
  hear(core, 2, { kind: 'refused', ballot: core.state.promised, promised: epoch(HIGH) });
  assert.equal(core.state.role.kind, 'follower');
  tickUntilItStands(core);
  assert.ok(core.state.promised > HIGH);
});

test('a candidate to whom nothing comes gives up, and says that it is not content', () => {
  const core = coreWith();
  tickUntilItStands(core);
  makeDurable(core);
  for (let tick = 0; tick < 6; tick++) {
    give(core, { kind: 'tick' });
    // It reaches a quorum all the time: only the promises do not come.
    for (const id of [2, 3])
      hear(core, id, {
        kind: 'pollReply',
        round: core.state.poll.number,
        ballot: epoch(0),
        content: true,
        chosenUpTo: logIndex(0),
      });
  }
  assert.equal(core.state.role.kind, 'follower');
  assert.equal(core.state.content, false);
});

test('P6 an earlier write that becomes durable is not the own promise', () => {
  const core = coreWith();
  hear(core, 2, { kind: 'accept', ballot: epoch(LOW), commitIndex: logIndex(0), entries: [value(1, LOW)] });
  const { lastTicket } = core.state.outbox;
  tickUntilItStands(core);
  hear(core, 3, promiseOf(core));
  give(core, { kind: 'durable', ticket: lastTicket });
  assert.equal(core.state.role.kind, 'candidate');
  makeDurable(core);
  assert.equal(core.state.role.kind, 'leader');
});

test('P6 the own promise counts only when it is durable, and one of another ballot not at all', () => {
  const core = coreWith();
  tickUntilItStands(core);
  hear(core, 2, promiseOf(core));
  assert.equal(core.state.role.kind, 'candidate');
  const other = coreWith();
  tickUntilItStands(other);
  makeDurable(other);
  hear(other, 2, promiseOf(other, { ballot: epoch(other.state.promised - 1) }));
  assert.equal(other.state.role.kind, 'candidate');
  makeDurable(core);
  assert.equal(core.state.role.kind, 'leader');
});

test('P6 of what the promises report the value of the highest ballot is proposed, the own included', () => {
  const core = coreWith({
    promised: LOW,
    owner: 2,
    slots: [value(1, 9, 'own'), value(2, 3, 'own'), value(4, 3, 'own')],
  });
  tickUntilItStands(core);
  makeDurable(core);
  const entries = [value(1, 3, 'theirs'), value(2, 9, 'theirs')];
  const effects = hear(core, 2, promiseOf(core, { entries, upTo: logIndex(2) }));
  assert.deepEqual(proposedTo(effects, 3), ['1 own', '2 theirs', '3 noop', '4 own']);
});

test('P6 a promise with a chunk missing is not whole, and the missing one is asked for', () => {
  const core = coreWith();
  tickUntilItStands(core);
  makeDurable(core);
  const first = promiseOf(core, { entries: [value(1, 3)], upTo: logIndex(1), more: true });
  const last = promiseOf(core, { entries: [value(3, 3)], from: logIndex(3), upTo: logIndex(3) });
  const asked = messagesOf(hear(core, 2, first));
  assert.deepEqual(asked, [{ kind: 'prepare', ballot: core.state.promised, from: logIndex(2) }]);
  // The one between was lost.
  hear(core, 2, last);
  assert.equal(core.state.role.kind, 'candidate');
  const middle = promiseOf(core, {
    entries: [value(2, 3)],
    from: logIndex(2),
    upTo: logIndex(2),
    more: true,
  });
  hear(core, 2, middle);
  assert.deepEqual(proposedTo(hear(core, 2, last), 3), ['1 1@3', '2 2@3', '3 3@3']);
});

test('P6 what a promise says is chosen is learned first, and never filled with a no-op', () => {
  const core = coreWith();
  tickUntilItStands(core);
  makeDurable(core);
  const promise = promiseOf(core, {
    chosenUpTo: logIndex(2),
    entries: [value(4, 3)],
    upTo: logIndex(4),
  });
  const effects = hear(core, 2, promise);
  assert.equal(core.state.role.kind, 'candidate');
  assert.deepEqual(messagesOf(effects), [{ kind: 'learnRequest', from: logIndex(1) }]);
  const learned = hear(core, 2, {
    kind: 'learnResponse',
    entries: [value(1, 3, 'a'), value(2, 3, 'b')],
    chosenUpTo: logIndex(2),
  });
  assert.equal(core.state.role.kind, 'leader');
  assert.deepEqual(proposedTo(learned, 3), ['3 noop', '4 4@3']);
});

test('P6 with flexible quorums a majority of promises is not enough if more are called for', () => {
  const core = coreWith({ voters: [1, 2, 3, 4, 5], quorum: { phase1: 4, phase2: 2 } });
  tickUntilItStands(core);
  makeDurable(core);
  for (const from of [2, 3]) hear(core, from, promiseOf(core));
  assert.equal(core.state.role.kind, 'candidate');
  hear(core, 4, promiseOf(core));
  assert.equal(core.state.role.kind, 'leader');
});

test('P9 with even numbers a phase-1 quorum is more than half, though half choose', () => {
  const core = coreWith({ voters: [1, 2, 3, 4] });
  tickUntilItStands(core);
  makeDurable(core);
  hear(core, 2, promiseOf(core));
  assert.equal(core.state.role.kind, 'candidate');
  hear(core, 3, promiseOf(core));
  propose(core, 'a');
  makeDurable(core);
  hear(core, 4, accepted(core, 1));
  assert.equal(core.state.commitIndex, 1);
});

test('P16 an acceptor that cannot say what it accepted in a slot does not count for that slot', () => {
  const core = coreWith({ voters: [1, 2, 3] });
  tickUntilItStands(core);
  makeDurable(core);
  const unknown = [{ first: logIndex(1), last: logIndex(1) }];
  const effects = hear(core, 2, promiseOf(core, { unknown, upTo: logIndex(1) }));
  assert.deepEqual(proposedTo(effects, 3), [], 'free it would be, had 2 said so');
  const third = hear(core, 3, promiseOf(core, { entries: [value(1, 3, 'theirs')], upTo: logIndex(1) }));
  assert.deepEqual(proposedTo(third, 3), ['1 theirs']);
});

test('P16 an unreadable slot is reported as such, until something is written there again', () => {
  const unreadableSlots = [{ first: logIndex(2), last: logIndex(4) }];
  const core = coreWith({ unreadableSlots, slots: [value(5, 3)], promised: LOW, owner: 2 });
  const [promise] = messagesOf(hear(core, 2, { kind: 'prepare', ballot: epoch(HIGH), from: logIndex(1) }));
  assert.ok(promise?.kind === 'promise');
  assert.deepEqual(promise.unknown, unreadableSlots);
  hear(core, 2, { kind: 'accept', ballot: epoch(HIGH), commitIndex: logIndex(0), entries: [value(3, HIGH)] });
  assert.deepEqual(core.state.unknown, [
    { first: 2, last: 2 },
    { first: 4, last: 4 },
  ]);
});

test('P2 a command gets one slot, and a leader proposes nothing while an earlier ballot may have', () => {
  const core = coreWith();
  makeLeader(core);
  const effects = [...propose(core, 'a', 'b'), ...propose(core, 'c')];
  assert.deepEqual(proposedTo(effects, 2), ['1 a', '2 b', '3 c']);
  const unknown = [{ first: logIndex(1), last: logIndex(1) }];
  const waiting = coreWith();
  tickUntilItStands(waiting);
  makeDurable(waiting);
  hear(waiting, 2, promiseOf(waiting, { unknown, upTo: logIndex(1) }));
  assert.deepEqual(proposedTo(propose(waiting, 'a'), 2), []);
  // The third promise settles slot 1; what waited follows.
  const settled = hear(waiting, 3, promiseOf(waiting));
  assert.deepEqual(proposedTo(settled, 2), ['1 noop', '2 a']);
});

test('P11 nothing is proposed above the window; what waits follows when the prefix grows', () => {
  const core = coreWith({ limits: { windowSlotsMax: 3 } });
  makeLeader(core);
  assert.deepEqual(proposedTo(propose(core, 'a', 'b', 'c', 'd'), 2), ['1 a', '2 b']);
  makeDurable(core);
  assert.deepEqual(proposedTo(hear(core, 2, accepted(core, 2)), 2), [], 'slot 1 is not chosen yet');
  assert.deepEqual(proposedTo(hear(core, 2, accepted(core, 1)), 2), ['3 c', '4 d']);
});

test('P11 R21 a window that commands keep full has a slot for a change of membership', () => {
  const core = coreWith({ limits: { windowSlotsMax: 3 } });
  makeLeader(core);
  propose(core, 'a', 'b', 'c', 'd', 'e');
  const effects = give(core, {
    kind: 'changeMembership',
    change: { voters: [1, 2, 4].map(idOf), learners: [] },
  });
  assert.ok(effects.every(({ kind }) => kind !== 'changeRejected'));
  assert.ok(core.status().changingMembership);
  assert.equal(core.state.slots.at(3)?.kind, 'membership', 'as high as the window reaches, and no higher');
});

test('R19 uncommitted bytes are limited: a batch too many is refused whole', () => {
  const core = coreWith({ limits: { uncommittedBytesMax: 100 } });
  makeLeader(core);
  propose(core, 'x'.repeat(60));
  const [refusal] = propose(core, 'y'.repeat(60));
  assert.ok(refusal?.kind === 'rejected' && refusal.reason === 'tooManyUncommitted');
});

test('P17 of two recovered changes the second waits until enough of the new durably know of the first', () => {
  const change = (slot: number, ballot: number, learner: number) => ({
    ...value(slot, ballot),
    kind: 'membership' as const,
    payload: encodeMembership(simpleMembership({ voters: [1, 2, 3].map(idOf), learners: [idOf(learner)] })),
  });
  const core = coreWith({ electionTimeoutTicks: 20 });
  tickUntilItStands(core);
  makeDurable(core);
  const entries = [change(1, 4, 4), change(2, 3, 5)];
  hear(core, 2, promiseOf(core, { entries, upTo: logIndex(2) }));
  makeDurable(core);
  hear(core, 2, accepted(core, 1));
  assert.equal(core.state.commitIndex, 1);
  assert.notEqual(core.state.slots.at(2)?.epoch, core.state.promised);
  // Others know of it in memory only: nothing goes on, however long that lasts.
  makeDurable(core);
  for (let tick = 0; tick < 4; tick++) give(core, { kind: 'tick' });
  assert.notEqual(core.state.slots.at(2)?.epoch, core.state.promised);
  const reply = { kind: 'heartbeatReply', ballot: core.state.promised, readRound: 0 } as const;
  hear(core, 2, { ...reply, chosenUpTo: logIndex(1) });
  for (let tick = 0; tick < 4; tick++) give(core, { kind: 'tick' });
  assert.equal(core.state.slots.at(2)?.epoch, core.state.promised);
  assert.equal(core.state.role.kind === 'leader' && core.state.role.stopSlot?.slot, 2);
});

test('P13 a recovered membership stops the slots: above it the new members are asked to promise first', () => {
  const change = simpleMembership({ voters: [1, 4, 5].map(idOf), learners: [] });
  const payload = encodeMembership(change);
  const core = coreWith();
  tickUntilItStands(core);
  makeDurable(core);
  const entries = [{ ...value(1, 3), kind: 'membership' as const, payload }, value(2, 3, 'above')];
  hear(core, 2, promiseOf(core, { entries, upTo: logIndex(2) }));
  assert.equal(core.state.role.kind, 'leader');
  assert.equal(core.state.slots.at(2)?.epoch, undefined, 'nothing is proposed above the change');
  makeDurable(core);
  hear(core, 2, accepted(core, 1));
  assert.equal(core.state.commitIndex, 0, 'P17: no new member holds it');
  const effects = hear(core, 4, accepted(core, 1));
  assert.equal(core.state.commitIndex, 1);
  assert.deepEqual(
    messagesOf(effects).filter(({ kind }) => kind === 'prepare').length,
    2,
    '4 and 5 are asked',
  );
  assert.deepEqual(proposedTo(effects, 4), [], 'what 2 reported above the change waits for them');
  const promised = hear(
    core,
    4,
    promiseOf(core, { from: logIndex(2), entries: [value(2, 9, 'chosen')], upTo: logIndex(2) }),
  );
  assert.deepEqual(proposedTo(promised, 5), ['2 chosen']);
});

test('P13 what comes after a change waits for it, and a second change is refused meanwhile', () => {
  const core = coreWith();
  makeLeader(core);
  give(core, { kind: 'changeMembership', change: { voters: [1, 2].map(idOf), learners: [] } });
  assert.deepEqual(proposedTo(propose(core, 'a'), 2), []);
  const [refusal] = give(core, {
    kind: 'changeMembership',
    change: { voters: [1].map(idOf), learners: [] },
  });
  assert.ok(refusal?.kind === 'changeRejected' && refusal.reason === 'changeInProgress');
  makeDurable(core);
  assert.deepEqual(proposedTo(hear(core, 2, accepted(core, 1)), 2), ['2 a']);
});

test('P12 a change to quorums that could miss each other is refused', () => {
  const core = coreWith();
  makeLeader(core);
  const change = { voters: [1, 2, 3].map(idOf), learners: [] };
  for (const quorum of [
    { phase1: 2, phase2: 1 },
    { phase1: 1, phase2: 3 },
    { phase1: 4, phase2: 1 },
  ]) {
    const [refusal] = give(core, { kind: 'changeMembership', change: { ...change, quorum } });
    assert.ok(refusal?.kind === 'changeRejected' && refusal.reason === 'badQuorum');
  }
  give(core, { kind: 'changeMembership', change: { ...change, quorum: { phase1: 3, phase2: 1 } } });
  assert.equal(core.state.slots.at(1)?.kind, 'membership');
});
