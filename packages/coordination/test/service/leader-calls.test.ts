/** Questions to whoever leads: tries, deadlines, changes of leader on the way (V3, V4, V8). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader, MalformedBytes, type MemberId, memberId } from '@synod/consensus';
import { LeaderCalls } from '../../src/service/leader-calls.ts';
import { PEER_CALLS_MAX } from '../../src/service/limits.ts';
import { type CallOutcome, METHOD, PeerCalls } from '../../src/service/peer-calls.ts';

const SELF = memberId('0000000000000005');
const A = memberId('000000000000000a');
const B = memberId('000000000000000b');
const QUESTION = Uint8Array.of(7);
const ATTEMPT_TICKS = 10;
const TIMEOUT_TICKS = 70;

function asker(leader?: MemberId) {
  const sent: { to: MemberId; bytes: Uint8Array }[] = [];
  const calls = new PeerCalls({
    incarnation: 3,
    timeoutTicks: ATTEMPT_TICKS,
    send: (to, bytes) => void sent.push({ to, bytes }),
  });
  const state = { leader };
  const leaderCalls = new LeaderCalls({
    self: SELF,
    calls,
    leader: () => state.leader,
    timeoutTicks: TIMEOUT_TICKS,
  });
  const answers: unknown[] = [];
  return {
    calls,
    leaderCalls,
    sent,
    answers,
    lead(next: MemberId | undefined) {
      if (state.leader !== undefined) calls.abandon(state.leader);
      state.leader = next;
      leaderCalls.leaderChanged();
    },
    ask: () =>
      leaderCalls.ask(
        METHOD.leaseRenew,
        QUESTION,
        (payload) => {
          if (payload.length !== 1) throw new MalformedBytes('one byte');
          return payload[0]!;
        },
        (told) => answers.push(told),
      ),
    tick(count = 1) {
      for (let i = 0; i < count; i++) {
        calls.tick();
        leaderCalls.tick();
      }
    },
    /** Answers what was sent last, with a payload after the mark of who leads. */
    answer(from: MemberId, mark: number, ...payload: number[]) {
      calls.receive(from, answerTo(sent.at(-1)!.bytes, mark, ...payload));
    },
  };
}

function answerTo(question: Uint8Array, ...payload: number[]): Uint8Array {
  const reader = new ByteReader(question);
  reader.raw(2);
  const from = reader.offset;
  reader.varint();
  const head = question.slice(0, reader.offset + 1);
  assert.ok(from < reader.offset);
  head[1] = 1;
  return Uint8Array.from([...head, ...payload]);
}

test('V3 without a leader a question waits for one, and is answered by it', () => {
  const one = asker();
  one.ask();
  one.tick(TIMEOUT_TICKS - 1);
  assert.deepEqual([one.sent.length, one.answers], [0, []]);
  one.lead(A);
  assert.equal(one.sent.length, 1, 'at once, not at the next tick');
  one.answer(A, 1, 42);
  assert.deepEqual(one.answers, [42]);
});

test('V3 without a leader until the deadline: no leader; with one that stays silent: a timeout', () => {
  const without = asker();
  without.ask();
  without.tick(TIMEOUT_TICKS);
  assert.deepEqual(without.answers, ['noLeader']);

  const silent = asker(A);
  silent.ask();
  silent.tick(TIMEOUT_TICKS - 1);
  assert.deepEqual(silent.answers, []);
  assert.equal(silent.sent.length, TIMEOUT_TICKS / ATTEMPT_TICKS, 'asked again at every attempt’s end');
  silent.tick(ATTEMPT_TICKS);
  assert.deepEqual(silent.answers, ['timeout']);
  silent.tick(TIMEOUT_TICKS);
  assert.equal(silent.answers.length, 1);
});

test('V3 a question that is on its way when the leader changes is asked of the new one at once', () => {
  const one = asker(A);
  one.ask();
  const first = one.sent[0]!.bytes;
  one.lead(undefined);
  one.lead(B);
  assert.deepEqual(
    one.sent.map(({ to }) => to),
    [A, B],
  );
  one.calls.receive(A, answerTo(first, 1, 13));
  assert.deepEqual(one.answers, [], 'the old leader’s late answer counts for nothing');
  one.answer(B, 1, 42);
  assert.deepEqual(one.answers, [42]);
});

test('V3 a link that breaks, and a member that does not lead, are asked again at the next tick', () => {
  const one = asker(A);
  one.ask();
  one.calls.abandon(A);
  assert.equal(one.sent.length, 1, 'not at once: there may be nobody there for a while');
  one.tick();
  assert.equal(one.sent.length, 2);
  one.answer(A, 0);
  assert.deepEqual(one.answers, []);
  one.tick();
  one.answer(A, 1, 42);
  assert.deepEqual(one.answers, [42]);
});

test('V3 this member answers itself when it leads, and tells others that it does not when it does not', () => {
  const one = asker(SELF);
  let here: number | undefined = 42;
  one.leaderCalls.serve<number>(METHOD.leaseRenew, {
    read: (bytes) => bytes[0]!,
    answer: (question, answer) => answer(here === undefined ? undefined : Uint8Array.of(here + question)),
  });
  one.ask();
  assert.deepEqual([one.answers, one.sent.length], [[49], 0]);
  here = undefined;
  one.ask();
  here = 50;
  one.tick();
  assert.deepEqual(one.answers, [49, 57]);
  const question = Uint8Array.of(1, 0, 9, METHOD.leaseRenew, 1);
  one.calls.receive(B, question);
  assert.deepEqual([...one.sent.at(-1)!.bytes.subarray(-2)], [1, 51]);
  one.lead(A);
  one.calls.receive(B, question);
  assert.equal(one.sent.at(-1)!.bytes.at(-1), 0);
});

test('V4 only who was asked may answer, and an answer that cannot be read is none', () => {
  const one = asker(A);
  one.ask();
  one.answer(B, 1, 13);
  assert.deepEqual(one.answers, []);
  one.answer(A, 1, 1, 2, 3);
  assert.deepEqual(one.answers, []);
  one.tick();
  assert.equal(one.sent.length, 2);
  one.answer(A, 1, 42);
  assert.deepEqual(one.answers, [42]);
});

test('V4 bytes that are no call are told so', () => {
  const one = asker(A);
  for (const bytes of [
    [],
    [1],
    [2, 0, 1, 1],
    [1, 7, 1, 1],
    [1, 0, 255, 255, 255, 255, 255, 255, 255, 255, 1],
  ])
    assert.throws(() => one.calls.receive(A, Uint8Array.from(bytes)), MalformedBytes);
  // A question of a later version's kind is nobody's here.
  one.calls.receive(A, Uint8Array.of(1, 0, 1, 200));
  assert.equal(one.sent.length, 0);
});

test('V4 no life of a member uses a number of another, so no late answer passes for a new one', () => {
  const numberOf = (incarnation: number): number => {
    const sent: Uint8Array[] = [];
    const calls = new PeerCalls({
      incarnation,
      timeoutTicks: 1,
      send: (_to, bytes) => void sent.push(bytes),
    });
    calls.call(A, METHOD.leaseRenew, QUESTION, () => {});
    const reader = new ByteReader(sent[0]!);
    reader.raw(2);
    return reader.varint();
  };
  assert.equal(numberOf(1), 2 ** 32);
  assert.equal(numberOf(2) - numberOf(1), 2 ** 32);
  assert.ok(Number.isSafeInteger(numberOf(1_000_000)));
});

test('V3 a question that may take long holds up no deadline but its own', () => {
  const one = asker(A);
  const outcomes: string[] = [];
  one.calls.call(A, METHOD.keyspaceHash, QUESTION, ({ kind }) => outcomes.push(`long ${kind}`), 50);
  one.calls.call(A, METHOD.leaseRenew, QUESTION, ({ kind }) => outcomes.push(`short ${kind}`));
  one.tick(ATTEMPT_TICKS);
  assert.deepEqual(outcomes, ['short timeout']);
  one.tick(50 - ATTEMPT_TICKS);
  assert.deepEqual(outcomes, ['short timeout', 'long timeout']);
});

test('V8 past so many questions on their way: too many requests', () => {
  const one = asker(A);
  for (let i = 0; i < PEER_CALLS_MAX; i++) one.calls.call(A, METHOD.leaseRenew, QUESTION, () => {});
  one.ask();
  assert.deepEqual(one.answers, ['tooManyRequests']);
});

test('V3 a stop ends every question, wherever it is', () => {
  const one = asker(A);
  one.ask();
  one.lead(undefined);
  one.ask();
  one.lead(A);
  const outcomes: CallOutcome[] = [];
  one.calls.call(B, METHOD.leaseRenew, QUESTION, (outcome) => outcomes.push(outcome));
  one.leaderCalls.stop();
  one.ask();
  one.tick(2 * TIMEOUT_TICKS);
  assert.deepEqual(one.answers, ['stopped', 'stopped', 'stopped']);
  assert.deepEqual(outcomes, [{ kind: 'stopped' }]);
});
