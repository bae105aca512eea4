/** What a replica does with each input and each effect, around a core that follows a script. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1Encode } from '../../src/bytes/reader.ts';
import type { Effect } from '../../src/core/effects.ts';
import { epoch, logIndex, NO_TICKET, ticket } from '../../src/core/numbers.ts';
import { decodeForward, encodeForward } from '../../src/replica/forward-codec.ts';
import { PROPOSED_BYTES_A_TURN } from '../../src/replica/limits.ts';
import type { ReadBarrierFailure } from '../../src/replica/replica-api.ts';
import { entries, PEER, ReplicaBench, textMessage } from './scripted-core.ts';

const write = (number: number): Effect => ({
  kind: 'write',
  ticket: ticket(number),
  records: [{ kind: 'hardState', state: Uint8Array.of(number) }],
});

const send = (text: string, after: number): Effect => ({
  kind: 'send',
  to: PEER,
  message: textMessage(text),
  after: ticket(after),
});

const role = (role: 'leader' | 'follower', leader: typeof PEER | undefined): Effect => ({
  kind: 'role',
  role,
  epoch: epoch(1),
  leader,
});

test('pitfall 25 a message leaves when the write it waits for is durable, and not before', () => {
  const bench = ReplicaBench.opened();
  bench.core.answer = (input) =>
    input.kind === 'tick' ? [send('at once', 0), write(1), send('vote', 1), write(2), send('later', 2)] : [];
  bench.replica.tick();
  bench.turn();
  assert.deepEqual(bench.sentTexts(), ['at once']);
  bench.disk.settleSome(1);
  assert.deepEqual(bench.sentTexts(), ['at once'], 'written is not durable');
  bench.disk.settle();
  assert.deepEqual(bench.sentTexts(), ['at once', 'vote', 'later']);
  const durable = bench.core.inputs.filter(({ kind }) => kind === 'durable');
  assert.deepEqual(durable, [{ kind: 'durable', ticket: 2 }], 'both writes were one frame');
});

test('a message that waits for a write which is durable already leaves at once', () => {
  const bench = ReplicaBench.opened();
  bench.core.answer = (input) => (input.kind === 'tick' ? [write(1)] : []);
  bench.replica.tick();
  bench.settle();
  bench.core.answer = (input) => (input.kind === 'tick' ? [send('late', 1)] : []);
  bench.replica.tick();
  assert.deepEqual(bench.sentTexts(), ['late']);
});

test('all submits of a turn are one proposal, in order, and all reads one question', () => {
  const bench = ReplicaBench.opened();
  const payloads = [1, 2, 3].map((digit) => Uint8Array.of(digit));
  for (const payload of payloads) {
    assert.equal(bench.replica.submit(payload), true);
    bench.replica.read(() => {});
  }
  assert.deepEqual(bench.core.inputs, []);
  bench.turn();
  assert.deepEqual(bench.core.inputs, [
    { kind: 'propose', payloads },
    { kind: 'read', token: 1 },
  ]);
});

test('a turn proposes so many bytes and the next the rest, in the order they came, a refusal in between', () => {
  const bench = ReplicaBench.opened();
  const payloads = Array.from({ length: 7 }, (_, i) => new Uint8Array(PROPOSED_BYTES_A_TURN / 2).fill(i));
  payloads.push(new Uint8Array(PROPOSED_BYTES_A_TURN + 1).fill(7));
  const proposed: number[][] = [];
  bench.core.answer = (input) => {
    if (input.kind !== 'propose') return [];
    proposed.push(input.payloads.map((payload) => payload[0]!));
    return proposed.length === 2
      ? [{ kind: 'rejected', payloads: input.payloads, reason: 'notLeader', leader: undefined }]
      : [];
  };
  for (const payload of payloads) bench.replica.submit(payload);
  bench.settle();
  assert.deepEqual(proposed, [
    [0, 1],
    [2, 3],
  ]);
  bench.replica.tick();
  bench.settle();
  assert.deepEqual(proposed.slice(2), [[2, 3], [4, 5], [6], [7]]);
});

test('a follower forwards what it was given, and a forwarded payload goes no further', () => {
  const bench = ReplicaBench.opened();
  bench.core.answer = (input) =>
    input.kind === 'propose'
      ? [{ kind: 'rejected', payloads: input.payloads, reason: 'notLeader', leader: PEER }]
      : [];
  bench.replica.submit(Uint8Array.of(1));
  bench.replica.submit(Uint8Array.of(2));
  bench.replica.receive(PEER, 'forward', encodeForward([Uint8Array.of(9)]));
  bench.settle();
  assert.deepEqual(bench.inputKinds(), ['propose']);
  assert.equal(bench.sent.length, 1);
  assert.deepEqual(decodeForward(bench.sent[0]!.bytes), [Uint8Array.of(1), Uint8Array.of(2)]);
});

test('a payload that was forwarded more than once is refused, and said so', () => {
  const bench = ReplicaBench.opened();
  const message = encodeForward([Uint8Array.of(9)]);
  message[1] = 2;
  bench.replica.receive(PEER, 'forward', message);
  bench.replica.receive(PEER, 'consensus', Uint8Array.of(0));
  bench.replica.receive(PEER, 'snapshot', Uint8Array.of(9));
  bench.settle();
  assert.deepEqual(bench.core.inputs, []);
  assert.deepEqual(bench.events.filter(({ kind }) => kind === 'malformedMessage').length, 3);
});

test('forwarded payloads are cut into messages of a bounded size, and wait while the link is full', () => {
  const bench = ReplicaBench.opened();
  bench.core.answer = (input) =>
    input.kind === 'propose'
      ? [{ kind: 'rejected', payloads: input.payloads, reason: 'notLeader', leader: PEER }]
      : [];
  bench.queuedBytes = 1e9;
  for (let i = 0; i < 5; i++) bench.replica.submit(new Uint8Array(400_000).fill(i));
  bench.settle();
  assert.equal(bench.sent.length, 0);
  bench.queuedBytes = 0;
  bench.replica.tick();
  bench.settle();
  assert.deepEqual(
    bench.sent.map(({ bytes }) => decodeForward(bytes).map((payload) => payload[0])),
    [[0, 1], [2, 3], [4]],
  );
});

test('payloads refused while nobody leads, or while too much is uncommitted, are kept and tried again, once each', () => {
  for (const reason of ['notLeader', 'tooManyUncommitted', 'transferring'] as const) {
    const bench = ReplicaBench.opened();
    const payload = Uint8Array.of(1);
    bench.core.answer = (input) =>
      input.kind === 'propose'
        ? [{ kind: 'rejected', payloads: input.payloads, reason, leader: undefined }]
        : [];
    bench.replica.submit(payload);
    bench.settle();
    bench.replica.submit(payload);
    bench.settle();
    assert.deepEqual(bench.inputKinds(), ['propose'], 'no busy loop');
    bench.core.answer = (input) => (input.kind === 'message' ? [role('leader', bench.core.id)] : []);
    bench.replica.receive(PEER, 'consensus', latin1Encode('you lead'));
    bench.settle();
    assert.deepEqual(bench.core.inputs.at(-1), { kind: 'propose', payloads: [payload] });
  }
});

test('R19 submit says no when its queue is full', () => {
  const bench = ReplicaBench.opened();
  const payload = () => new Uint8Array(16 * 1024 * 1024);
  const taken = [payload(), payload(), payload(), payload(), payload()].map((one) =>
    bench.replica.submit(one),
  );
  assert.deepEqual(taken, [true, true, true, true, false]);
});

test('pitfall 37 a tick that comes late by more than an election timeout is told as a stall first', () => {
  const bench = ReplicaBench.opened();
  bench.replica.tick();
  bench.nowMs += 1_000;
  bench.replica.tick();
  bench.nowMs += 1_001;
  bench.replica.tick();
  assert.deepEqual(bench.inputKinds(), ['tick', 'tick', 'stalled', 'tick']);
});

test('inputs that effects cause are taken after the effects of the input before them', () => {
  const bench = ReplicaBench.opened();
  bench.core.answer = (input) => {
    if (input.kind === 'tick') return [{ kind: 'apply', entries: entries(1, 2) }, send('after apply', 0)];
    return input.kind === 'applied' ? [send('after applied', 0)] : [];
  };
  bench.replica.tick();
  assert.deepEqual(bench.sentTexts(), ['after apply', 'after applied']);
  assert.deepEqual(bench.core.inputs.at(-1), { kind: 'applied', index: 2 });
  assert.equal(bench.machine.appliedIndex, 2);
});

function reading(bench: ReplicaBench): (ReadBarrierFailure | 'read' | undefined)[] {
  const outcomes: (ReadBarrierFailure | 'read' | undefined)[] = [];
  bench.replica.read((failure) => outcomes.push(failure ?? 'read'));
  return outcomes;
}

test('R12 a read waits until the state holds its index', () => {
  const bench = ReplicaBench.opened();
  const outcomes = reading(bench);
  bench.core.answer = (input) =>
    input.kind === 'read' ? [{ kind: 'readable', tokens: [input.token], index: logIndex(2) }] : [];
  bench.settle();
  assert.deepEqual(outcomes, []);
  bench.core.answer = (input) => (input.kind === 'tick' ? [{ kind: 'apply', entries: entries(1, 2) }] : []);
  bench.replica.tick();
  assert.deepEqual(outcomes, ['read']);
});

test('pitfall 20 a read that failed is asked again under a new token, and an answer to the old one counts for nothing', () => {
  const bench = ReplicaBench.opened();
  const outcomes = reading(bench);
  bench.core.answer = (input) =>
    input.kind === 'read' ? [{ kind: 'readFailed', tokens: [input.token], reason: 'noLeader' }] : [];
  bench.settle();
  bench.core.answer = (input) =>
    input.kind === 'tick' ? [{ kind: 'readable', tokens: [1], index: logIndex(0) }] : [];
  bench.replica.tick();
  bench.settle();
  assert.deepEqual(outcomes, []);
  const tokens = bench.core.inputs.filter((input) => input.kind === 'read').map(({ token }) => token);
  assert.deepEqual(tokens, [1, 2]);
  bench.core.answer = (input) =>
    input.kind === 'tick' ? [{ kind: 'readable', tokens: [2], index: logIndex(0) }] : [];
  bench.replica.tick();
  assert.deepEqual(outcomes, ['read']);
});

test('an unanswered read is asked again, and given up in the end with the reason', () => {
  const bench = ReplicaBench.opened();
  const outcomes = reading(bench);
  for (let i = 0; i < 60; i++) {
    bench.replica.tick();
    bench.settle();
  }
  assert.deepEqual(outcomes, ['noLeader']);
  assert(bench.core.inputs.filter(({ kind }) => kind === 'read').length >= 4);
});

test('stop makes what was written durable, ends reads, and then nothing is sent or applied', () => {
  const bench = ReplicaBench.opened();
  bench.core.answer = (input) => (input.kind === 'tick' ? [write(1), send('vote', 1)] : []);
  bench.replica.tick();
  const outcomes = reading(bench);
  let stopped = false;
  bench.replica.stop(() => {
    stopped = true;
  });
  assert.deepEqual(outcomes, ['stopped']);
  assert.equal(stopped, false);
  bench.settle();
  assert.equal(stopped, true);
  assert.deepEqual(bench.sentTexts(), []);
  assert.equal(bench.replica.submit(Uint8Array.of(1)), false);
  assert.equal(bench.replica.status().stopped, true);
  const again = new ReplicaBench(bench.disk);
  const result = again.open();
  assert(result.ok);
  assert.deepEqual(result.recovered.hardState, Uint8Array.of(1));
});

test('pitfall 26 a disk that fails ends the member, with a reason for its operator, and nothing leaves any more', () => {
  const bench = ReplicaBench.opened();
  bench.disk.failOn('sync', 'full');
  bench.core.answer = (input) => (input.kind === 'tick' ? [write(1), send('vote', 1)] : []);
  bench.replica.tick();
  bench.settle();
  bench.disk.failOn('sync', undefined);
  bench.replica.tick();
  bench.settle();
  assert.deepEqual(bench.sentTexts(), []);
  const fatal = bench.events.filter((event) => event.kind === 'fatal');
  assert.equal(fatal.length, 1);
  assert.match(fatal[0]!.reason, /no space is left for journal\/.*Free some and start again/);
  let stopped = false;
  bench.replica.stop(() => {
    stopped = true;
  });
  assert.equal(stopped, true);
});

test('a first input is possible before any write: ticket 0 waits for nothing', () => {
  const bench = ReplicaBench.opened();
  bench.core.answer = () => [send('hello', NO_TICKET)];
  bench.replica.peerUnreachable(PEER);
  assert.deepEqual(bench.core.inputs, [{ kind: 'unreachable', peer: PEER }]);
  assert.deepEqual(bench.sentTexts(), ['hello']);
});
