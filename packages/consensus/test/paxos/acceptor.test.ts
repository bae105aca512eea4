/** The acceptor and the learner alone: what is durable before what, and what may be marked chosen (P4, P5, P8, P14, P15, P17). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../src/core/effects.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import { encodeMembership } from '../../src/core/membership-codec.ts';
import { epoch, logIndex, ticket } from '../../src/core/numbers.ts';
import { decodeHardState } from '../../src/paxos/hard-state.ts';
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
  tickUntilItStands,
  value,
} from './single-core.ts';

const LOW = epoch(5 * 2 ** 16);
const HIGH = epoch(6 * 2 ** 16);
const none = logIndex(0);

test('P4 a promise waits for its own record and for every acceptance that it reports', () => {
  const core = coreWith();
  hear(core, 2, { kind: 'accept', ballot: LOW, commitIndex: none, entries: [value(1, LOW)] });
  const effects = hear(core, 3, { kind: 'prepare', ballot: HIGH, from: logIndex(1) });
  const [write, promise] = effects;
  assert.ok(write?.kind === 'write' && promise?.kind === 'send');
  assert.equal(promise.after, write.ticket);
  // Asked again when the promise itself is durable and a later acceptance is not: that one is reported, so it waits.
  make(core, write.ticket);
  hear(core, 3, { kind: 'accept', ballot: HIGH, commitIndex: none, entries: [value(2, HIGH)] });
  const again = hear(core, 3, { kind: 'prepare', ballot: HIGH, from: logIndex(1) });
  assert.ok(again[0]?.kind === 'send' && again[0].after === core.state.outbox.lastTicket);
});

function make(core: ReturnType<typeof coreWith>, upTo: number): void {
  give(core, { kind: 'durable', ticket: ticket(upTo) });
}

test('P4 after a promise a lower ballot has nothing accepted, and is told why', () => {
  const core = coreWith();
  hear(core, 3, { kind: 'prepare', ballot: HIGH, from: logIndex(1) });
  const effects = hear(core, 2, { kind: 'accept', ballot: LOW, commitIndex: none, entries: [value(1, LOW)] });
  assert.deepEqual(messagesOf(effects), [{ kind: 'refused', ballot: LOW, promised: HIGH }]);
  assert.equal(core.state.slots.at(1), undefined);
});

test('P4 to accept is to promise: a ballot between is refused afterwards, over a crash too', () => {
  const core = coreWith();
  const [write] = hear(core, 2, {
    kind: 'accept',
    ballot: HIGH,
    commitIndex: none,
    entries: [value(1, HIGH)],
  });
  assert.ok(write?.kind === 'write');
  const record = write.records.find(({ kind }) => kind === 'hardState');
  assert.ok(record?.kind === 'hardState' && decodeHardState(record.state).promised === HIGH);
  const effects = hear(core, 3, { kind: 'prepare', ballot: LOW, from: logIndex(1) });
  assert.deepEqual(messagesOf(effects), [{ kind: 'refused', ballot: LOW, promised: HIGH }]);
});

test('P3 two owners of one number are told apart: only the first is promised it', () => {
  const core = coreWith();
  hear(core, 2, { kind: 'prepare', ballot: HIGH, from: logIndex(1) });
  for (const message of [
    { kind: 'prepare', ballot: HIGH, from: logIndex(1) },
    { kind: 'accept', ballot: HIGH, commitIndex: none, entries: [value(1, HIGH)] },
  ] as const)
    assert.deepEqual(messagesOf(hear(core, 3, message)), [{ kind: 'refused', ballot: HIGH, promised: HIGH }]);
  const restarted = coreWith({ promised: HIGH, owner: 2 });
  const [answer] = messagesOf(hear(restarted, 3, { kind: 'prepare', ballot: HIGH, from: logIndex(1) }));
  assert.equal(answer?.kind, 'refused');
});

test('P5 an acknowledgement waits for the acceptance, and a duplicate for the same write', () => {
  const core = coreWith();
  const accept = { kind: 'accept', ballot: LOW, commitIndex: none, entries: [value(1, LOW)] } as const;
  const [write, first] = hear(core, 2, accept);
  assert.ok(write?.kind === 'write' && first?.kind === 'send' && first.after === write.ticket);
  const again = hear(core, 2, accept);
  assert.equal(again.length, 1, 'it is not written again');
  assert.ok(again[0]?.kind === 'send' && again[0].after === write.ticket);
});

test('P5 a leader counts itself only when its own write is durable, and only acknowledgements of its ballot', () => {
  const core = coreWith();
  makeLeader(core);
  propose(core, 'a');
  hear(core, 2, { ...accepted(core, 1), ballot: LOW } as never);
  makeDurable(core);
  assert.equal(core.state.commitIndex, 0);
  const other = coreWith();
  makeLeader(other);
  propose(other, 'a');
  hear(other, 2, accepted(other, 1));
  assert.equal(other.state.commitIndex, 0);
  makeDurable(other);
  assert.equal(other.state.commitIndex, 1);
});

test('P8 a commit marks a slot only if its value is of that ballot or a higher one', () => {
  const core = coreWith({ promised: LOW, owner: 2, slots: [value(1, LOW, 'old'), value(2, LOW, 'old')] });
  hear(core, 3, { kind: 'accept', ballot: HIGH, commitIndex: none, entries: [value(2, HIGH, 'new')] });
  hear(core, 3, { kind: 'heartbeat', ballot: HIGH, commitIndex: logIndex(2), readRound: 0 });
  assert.equal(core.state.commitIndex, 0, 'slot 1 may hold what was not chosen');
  hear(core, 2, { kind: 'learnResponse', entries: [value(1, HIGH, 'new')], chosenUpTo: logIndex(1) });
  assert.equal(core.state.commitIndex, 1);
  assert.deepEqual(core.state.slots.at(1), value(1, HIGH, 'new'));
  hear(core, 3, { kind: 'heartbeat', ballot: HIGH, commitIndex: logIndex(2), readRound: 0 });
  assert.equal(core.state.commitIndex, 2);
});

test('P8 a commit notice of a ballot that is over, or of somebody who does not own it, marks nothing', () => {
  const core = coreWith({ promised: HIGH, owner: 3, slots: [value(1, HIGH)] });
  hear(core, 2, { kind: 'commitNotice', ballot: LOW, commitIndex: logIndex(1) });
  hear(core, 2, { kind: 'commitNotice', ballot: HIGH, commitIndex: logIndex(1) });
  assert.equal(core.state.commitIndex, 0);
  hear(core, 3, { kind: 'commitNotice', ballot: HIGH, commitIndex: logIndex(1) });
  assert.equal(core.state.commitIndex, 1);
});

test('P8 what is learned out of its turn says nothing about the slots below it', () => {
  const core = coreWith({ promised: LOW, owner: 2, slots: [value(1, LOW, 'perhaps')] });
  hear(core, 3, { kind: 'learnResponse', entries: [value(2, HIGH)], chosenUpTo: logIndex(2) });
  assert.equal(core.state.commitIndex, 0);
});

test('P4 learning never lowers the ballot that was accepted, for a promise may have told of it', () => {
  const core = coreWith({ promised: HIGH, owner: 2, slots: [value(1, HIGH, 'same')] });
  hear(core, 3, { kind: 'learnResponse', entries: [value(1, LOW, 'same')], chosenUpTo: logIndex(1) });
  assert.equal(core.state.commitIndex, 1);
  assert.equal(core.state.slots.at(1)?.epoch, HIGH);
});

test('P10 what is chosen above a gap is not applied, and what is not durable here is not either', () => {
  const core = coreWith();
  hear(core, 2, { kind: 'accept', ballot: LOW, commitIndex: none, entries: [value(2, LOW)] });
  const gap = hear(core, 2, { kind: 'heartbeat', ballot: LOW, commitIndex: logIndex(2), readRound: 0 });
  assert.ok(gap.every(({ kind }) => kind !== 'apply'));
  const filled = hear(core, 2, {
    kind: 'accept',
    ballot: LOW,
    commitIndex: logIndex(2),
    entries: [value(1, LOW)],
  });
  assert.equal(core.state.commitIndex, 2);
  assert.ok(filled.every(({ kind }) => kind !== 'apply'));
  const [apply] = makeDurable(core);
  assert.ok(apply?.kind === 'apply' && apply.entries.length === 2);
});

test('P14 after a restart the journal says what is chosen: it is applied at once, and not listed in promises', () => {
  const core = coreWith({
    promised: LOW,
    owner: 2,
    chosenUpTo: 2,
    slots: [1, 2, 3].map((n) => value(n, LOW)),
  });
  const [apply] = core.drain();
  assert.ok(apply?.kind === 'apply' && apply.entries.length === 2);
  const [promise] = messagesOf(hear(core, 3, { kind: 'prepare', ballot: HIGH, from: logIndex(1) }));
  assert.ok(promise?.kind === 'promise');
  assert.equal(promise.chosenUpTo, 2);
  assert.deepEqual(promise.entries, [value(3, LOW)]);
});

test('P14 R21 what the state machine holds is chosen: after a restart it can be taught, and a snapshot made of it', () => {
  const slots = [1, 2, 3, 5].map((n) => value(n, LOW));
  const core = coreWith({ promised: LOW, owner: 2, chosenUpTo: 1, stateIndex: 3, slots });
  assert.equal(core.status().commitIndex, 3);
  give(core, { kind: 'applied', index: logIndex(3) });
  assert.equal(core.snapshotMeta(logIndex(3)).index, 3);
  const [write] = hear(core, 3, { kind: 'prepare', ballot: HIGH, from: logIndex(1) });
  assert.ok(write?.kind === 'write');
  const record = write.records.find(({ kind }) => kind === 'hardState');
  assert.ok(record?.kind === 'hardState' && decodeHardState(record.state).chosenUpTo === 3);
});

test('P14 P16 the state machine vouches for no slot that is missing or unknown here', () => {
  const past = { promised: LOW, owner: 2, chosenUpTo: 1, stateIndex: 5 };
  const gap = coreWith({ ...past, slots: [1, 2, 4, 5].map((n) => value(n, LOW)) });
  assert.equal(gap.status().commitIndex, 2);
  const unreadableSlots = [{ first: logIndex(3), last: logIndex(3) }];
  const rotten = coreWith({ ...past, slots: [1, 2, 3, 4].map((n) => value(n, LOW)), unreadableSlots });
  assert.equal(rotten.status().commitIndex, 2);
});

test('P14 the chosen prefix goes into the journal with what is written anyway, and holds up no message', () => {
  const core = coreWith();
  makeLeader(core);
  propose(core, 'a');
  makeDurable(core);
  hear(core, 2, accepted(core, 1));
  const effects = propose(core, 'b');
  const [write] = effects.filter(({ kind }) => kind === 'write');
  assert.ok(write?.kind === 'write');
  const record = write.records.find(({ kind }) => kind === 'hardState');
  assert.ok(record?.kind === 'hardState' && decodeHardState(record.state).chosenUpTo === 1);
  for (const effect of effects) if (effect.kind === 'send') assert.equal(effect.after, 0);
});

test('P14 what was asked for and is trimmed is not answered with silence or less, but with a snapshot', () => {
  const slots = [1, 2, 3].map((n) => value(n, LOW));
  const core = coreWith({ promised: LOW, owner: 2, chosenUpTo: 3, slots });
  core.drain();
  give(core, { kind: 'applied', index: logIndex(3) });
  give(core, { kind: 'trim', index: logIndex(2) });
  const effects = hear(core, 3, { kind: 'learnRequest', from: logIndex(2) });
  assert.deepEqual(messagesOf(effects), [{ kind: 'learnTrimmed', trimmedIndex: logIndex(2) }]);
  assert.ok(effects.some((effect) => effect.kind === 'sendSnapshot' && effect.atLeast === 2));
});

test('P17 that a membership is chosen is said only when it would be known after a restart', () => {
  const core = coreWith({ voters: [1, 2, 3] });
  const voters = [1, 2, 4].map(idOf);
  const payload = encodeMembership(simpleMembership({ voters, learners: [] }));
  const change = { ...value(1, LOW), kind: 'membership', payload } as const;
  hear(core, 2, { kind: 'accept', ballot: LOW, commitIndex: none, entries: [change] });
  makeDurable(core);
  const effects = hear(core, 2, { kind: 'heartbeat', ballot: LOW, commitIndex: logIndex(1), readRound: 0 });
  assert.equal(core.state.commitIndex, 1);
  const said = (all: readonly Effect[]) => {
    const [reply] = messagesOf(all);
    return reply?.kind === 'heartbeatReply' ? reply.chosenUpTo : undefined;
  };
  assert.equal(said(effects), 0);
  const [write] = effects.filter(({ kind }) => kind === 'write');
  assert.ok(write?.kind === 'write');
  const record = write.records.find(({ kind }) => kind === 'hardState');
  assert.ok(record?.kind === 'hardState' && decodeHardState(record.state).chosenUpTo === 1);
  makeDurable(core);
  const later = hear(core, 2, { kind: 'heartbeat', ballot: LOW, commitIndex: logIndex(1), readRound: 0 });
  assert.equal(said(later), 1);
});

test('R21 whoever promises a snapshot again and again and sends none is passed over', () => {
  const core = coreWith();
  hear(core, 2, { kind: 'learnResponse', entries: [], chosenUpTo: logIndex(9) });
  const asked = new Map<string, number>();
  for (let tick = 0; tick < 100; tick++)
    for (const effect of give(core, { kind: 'tick' })) {
      if (effect.kind !== 'send' || effect.message.kind !== 'learnRequest') continue;
      asked.set(effect.to, (asked.get(effect.to) ?? 0) + 1);
      // Only this one answers, and what it says comes to nothing.
      if (effect.to === idOf(2)) hear(core, 2, { kind: 'learnTrimmed', trimmedIndex: logIndex(5) });
    }
  assert.ok((asked.get(idOf(2)) ?? 0) >= 5, 'a snapshot has time to come');
  assert.ok((asked.get(idOf(3)) ?? 0) >= 1, 'then the other one is asked');
});

test('P4 P14 a snapshot keeps what was accepted above it, and brings its membership', () => {
  const core = coreWith({ promised: LOW, owner: 2, slots: [value(1, LOW), value(7, LOW)] });
  const membership = simpleMembership({ voters: [1, 2, 3, 4].map(idOf), learners: [] });
  const meta = { index: logIndex(5), epoch: LOW, membership };
  const effects = hear(core, 3, { kind: 'installSnapshot', meta });
  assert.ok(effects.some(({ kind }) => kind === 'restore'));
  assert.deepEqual(core.state.slots.at(7), value(7, LOW));
  assert.deepEqual(core.status().membership, membership);
  // A second one while the first is being restored is not begun (pitfall 27).
  const second = hear(core, 3, { kind: 'installSnapshot', meta: { ...meta, index: logIndex(6) } });
  assert.ok(second.every(({ kind }) => kind !== 'restore'));
});

test('P13 a leader that is given a snapshot above its commit steps down: what it had under way may lie below', () => {
  const core = coreWith();
  makeLeader(core);
  give(core, { kind: 'changeMembership', change: { voters: [1, 2].map(idOf), learners: [] } });
  const membership = simpleMembership({ voters: [1, 2, 3].map(idOf), learners: [] });
  hear(core, 2, { kind: 'installSnapshot', meta: { index: logIndex(9), epoch: HIGH, membership } });
  assert.equal(core.state.role.kind, 'follower');
  assert.equal(core.state.commitIndex, 9);
});

test('P15 no read is answered before everything recovered is committed', () => {
  const core = coreWith();
  tickUntilItStands(core);
  makeDurable(core);
  hear(core, 2, promiseOf(core, { entries: [value(1, 3)], upTo: logIndex(1) }));
  give(core, { kind: 'read', token: 1 });
  const reply = { kind: 'heartbeatReply', ballot: core.state.promised, chosenUpTo: none } as const;
  const early = hear(core, 2, { ...reply, readRound: 0 });
  assert.ok(early.every(({ kind }) => kind !== 'readable'));
  makeDurable(core);
  hear(core, 2, accepted(core, 1));
  const [readable] = hear(core, 2, { ...reply, readRound: core.state.readRound });
  assert.ok(readable?.kind === 'readable' && readable.index === 1);
});

test('P15 no read is answered while the members of a new membership have not promised', () => {
  const core = coreWith();
  makeLeader(core);
  give(core, { kind: 'changeMembership', change: { voters: [1, 4, 5].map(idOf), learners: [] } });
  makeDurable(core);
  hear(core, 2, accepted(core, 1));
  hear(core, 4, accepted(core, 1));
  assert.equal(core.state.commitIndex, 1);
  give(core, { kind: 'read', token: 1 });
  assert.equal(core.state.readRound, 0);
  hear(core, 4, promiseOf(core));
  assert.equal(core.state.readRound, 1);
});

test('P15 a read is confirmed by whom no phase-1 quorum misses, not by a phase-2 quorum of another size', () => {
  const core = coreWith({ voters: [1, 2, 3, 4, 5], quorum: { phase1: 3, phase2: 3 } });
  makeLeader(core);
  give(core, { kind: 'read', token: 1 });
  const reply = {
    kind: 'heartbeatReply',
    ballot: core.state.promised,
    chosenUpTo: none,
    readRound: 1,
  } as const;
  assert.deepEqual(hear(core, 2, reply), []);
  assert.deepEqual(hear(core, 2, reply), [], 'one member counts once');
  assert.ok(hear(core, 3, reply).some(({ kind }) => kind === 'readable'));
});

test('P15 pitfall 21 reads fail with the leader they were asked of', () => {
  const core = coreWith();
  makeLeader(core);
  give(core, { kind: 'read', token: 7 });
  const effects = hear(core, 3, { kind: 'prepare', ballot: HIGH, from: logIndex(1) });
  assert.ok(effects.some((effect) => effect.kind === 'readFailed' && effect.tokens.includes(7)));
});

test('P17 a change is not chosen before the new members hold all of it, and the old are told last', () => {
  const core = coreWith();
  makeLeader(core);
  propose(core, 'a');
  makeDurable(core);
  hear(core, 2, accepted(core, 1));
  give(core, { kind: 'changeMembership', change: { voters: [1, 4, 5].map(idOf), learners: [] } });
  makeDurable(core);
  hear(core, 2, accepted(core, 2));
  hear(core, 4, { ...accepted(core, 2), chosenUpTo: none } as never);
  assert.equal(core.state.commitIndex, 1, '4 lacks slot 1');
  hear(core, 4, {
    kind: 'heartbeatReply',
    ballot: core.state.promised,
    readRound: 0,
    chosenUpTo: logIndex(1),
  });
  assert.equal(core.state.commitIndex, 2);
  const heard = (): number[] =>
    give(core, { kind: 'tick' }).flatMap((effect) =>
      effect.kind === 'send' && effect.to === idOf(2) && 'commitIndex' in effect.message
        ? [effect.message.commitIndex as number]
        : [],
    );
  assert.ok(
    heard().every((commit) => commit === 1),
    '2 is not told that it is gone',
  );
  hear(core, 4, {
    kind: 'heartbeatReply',
    ballot: core.state.promised,
    readRound: 0,
    chosenUpTo: logIndex(2),
  });
  assert.ok(!heard().includes(2), 'the leader itself would not know after a restart');
  makeDurable(core);
  assert.ok(heard().includes(2));
});

test('pitfall 31 a replica whose disk hangs neither leads on nor stands, and says that it is not content', () => {
  const core = coreWith();
  makeLeader(core);
  propose(core, 'a');
  for (let tick = 0; tick < 5; tick++) give(core, { kind: 'tick' });
  assert.equal(core.state.role.kind, 'follower');
  const [reply] = messagesOf(hear(core, 2, { kind: 'poll', round: 1 }));
  assert.ok(reply?.kind === 'pollReply' && !reply.content);
  tickUntilItStands(core);
  assert.equal(core.state.role.kind, 'follower');
});

test('pitfall 37 after a stall nobody is given up for what was not heard meanwhile', () => {
  const core = coreWith({ promised: LOW, owner: 2 });
  hear(core, 2, { kind: 'heartbeat', ballot: LOW, commitIndex: none, readRound: 0 });
  makeDurable(core);
  const { deadlineTicks } = core.state.poll;
  for (let tick = 0; tick < deadlineTicks; tick++) give(core, { kind: 'tick' });
  give(core, { kind: 'stalled' });
  give(core, { kind: 'tick' });
  assert.equal(core.state.leader, idOf(2));
});

test('a replica stands only if nobody it hears is content, however fresh or stale its slots are', () => {
  const waiting = coreWith({ promised: LOW, owner: 2, slots: [value(1, LOW)] });
  tickUntilItStands(waiting, true);
  assert.equal(waiting.state.role.kind, 'follower');
  const stale = coreWith();
  tickUntilItStands(stale);
  assert.equal(stale.state.role.kind, 'candidate');
});
