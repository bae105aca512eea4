/** Proposals are numbered, tried again and ended as their callers are promised. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1Decode, latin1Encode } from '../../src/bytes/reader.ts';
import { memberId } from '../../src/core/numbers.ts';
import { decodeEnvelope } from '../../src/replica/envelope.ts';
import { Proposals } from '../../src/replica/proposals.ts';

const MEMBER = memberId('00000000000000a1');
const OTHER = memberId('00000000000000a2');

/** What was submitted, decoded, and a switch that makes the replica's queue full. */
class Bench {
  submitted: { sequence: number; oldestPending: number; body: string }[] = [];
  full = false;
  readonly outcomes: string[] = [];
  readonly proposals: Proposals<string>;

  constructor(pendingMax = 100) {
    this.proposals = new Proposals<string>({
      replica: { submit: (payload) => this.submit(payload) },
      member: MEMBER,
      incarnation: 7,
      timeoutTicks: 50,
      retryTicks: 10,
      pendingMax,
    });
  }

  private submit(payload: Uint8Array): boolean {
    if (this.full) return false;
    const { member, incarnation, sequence, oldestPending, body } = decodeEnvelope(payload);
    assert.deepEqual([member, incarnation], [MEMBER, 7]);
    this.submitted.push({ sequence, oldestPending, body: latin1Decode(body) });
    return true;
  }

  propose(body: string, timeoutTicks?: number): number {
    const done = (failure: string | undefined, result: string | undefined) =>
      this.outcomes.push(`${body}: ${failure ?? result}`);
    return this.proposals.propose(latin1Encode(body), done, timeoutTicks);
  }

  result(sequence: number, result: string): void {
    this.proposals.result({ member: MEMBER, incarnation: 7, sequence }, result);
  }

  tick(count: number): void {
    for (let i = 0; i < count; i++) this.proposals.tick();
  }

  takeSubmitted(): string[] {
    return this.submitted.splice(0).map(({ body }) => body);
  }
}

test('sequences rise by one, and the oldest pending one travels with each', () => {
  const bench = new Bench();
  assert.deepEqual([bench.propose('a'), bench.propose('b')], [1, 2]);
  bench.result(1, 'done');
  bench.propose('c');
  bench.result(2, 'done');
  bench.result(3, 'done');
  bench.propose('d');
  assert.deepEqual(
    bench.submitted.map(({ sequence, oldestPending }) => [sequence, oldestPending]),
    [
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 4],
    ],
  );
  assert.deepEqual(bench.outcomes, ['a: done', 'b: done', 'c: done']);
});

test('a result ends a proposal once; those of other members and lives end nothing', () => {
  const bench = new Bench();
  bench.propose('a');
  bench.proposals.result({ member: OTHER, incarnation: 7, sequence: 1 }, 'not mine');
  bench.proposals.result({ member: MEMBER, incarnation: 6, sequence: 1 }, 'not this life');
  assert.deepEqual(bench.outcomes, []);
  bench.result(1, 'first');
  bench.result(1, 'second');
  assert.deepEqual(bench.outcomes, ['a: first']);
  assert.equal(bench.proposals.pendingCount, 0);
});

test('S2 under a new leader everything pending is submitted again, the same bytes, in order; under none, nothing', () => {
  const bench = new Bench();
  bench.proposals.leaderChanged(OTHER);
  for (const body of ['a', 'b', 'c']) bench.propose(body);
  bench.result(2, 'done');
  bench.takeSubmitted();
  bench.proposals.leaderChanged(undefined);
  bench.proposals.leaderChanged(undefined);
  assert.deepEqual(bench.takeSubmitted(), []);
  bench.proposals.leaderChanged(MEMBER);
  assert.deepEqual(
    bench.submitted.map(({ sequence, oldestPending, body }) => [sequence, oldestPending, body]),
    [
      [1, 1, 'a'],
      [3, 1, 'c'],
    ],
  );
  bench.takeSubmitted();
  bench.proposals.leaderChanged(MEMBER);
  assert.deepEqual(bench.takeSubmitted(), []);
});

test('what has no result for a while is submitted again, for the way to the leader may have lost it', () => {
  const bench = new Bench();
  bench.proposals.leaderChanged(OTHER);
  bench.propose('a');
  bench.tick(5);
  bench.propose('b');
  bench.takeSubmitted();
  bench.tick(4);
  assert.deepEqual(bench.takeSubmitted(), []);
  bench.tick(1);
  assert.deepEqual(bench.takeSubmitted(), ['a']);
  bench.tick(5);
  assert.deepEqual(bench.takeSubmitted(), ['b']);
});

test('what this member leads itself is not submitted again: it is in the log', () => {
  const bench = new Bench();
  bench.proposals.leaderChanged(MEMBER);
  bench.propose('a');
  bench.takeSubmitted();
  bench.tick(30);
  assert.deepEqual(bench.takeSubmitted(), []);
});

test('C3 a deadline ends a proposal as unknown, and its late result changes nothing', () => {
  const bench = new Bench();
  bench.propose('slow');
  bench.propose('quick', 3);
  bench.tick(3);
  assert.deepEqual(bench.outcomes, ['quick: timeout']);
  bench.tick(47);
  assert.deepEqual(bench.outcomes, ['quick: timeout', 'slow: timeout']);
  bench.result(1, 'late');
  assert.equal(bench.outcomes.length, 2);
});

test('R19 beyond its limit, and when the replica is full, a proposal is turned down at once and takes no sequence', () => {
  const bench = new Bench(2);
  assert.deepEqual([bench.propose('a'), bench.propose('b'), bench.propose('c')], [1, 2, 0]);
  bench.result(1, 'done');
  bench.full = true;
  assert.equal(bench.propose('d'), 0);
  bench.full = false;
  assert.equal(bench.propose('e'), 3);
  assert.deepEqual(bench.outcomes, ['c: tooManyProposals', 'a: done', 'd: tooManyProposals']);
});

test('stop ends everything, also what a callback proposes meanwhile', () => {
  const bench = new Bench();
  bench.proposals.propose(latin1Encode('a'), (failure) => {
    bench.outcomes.push(`a: ${failure}`);
    bench.propose('from the callback');
  });
  bench.propose('b');
  bench.proposals.stop();
  assert.deepEqual(bench.outcomes, ['a: stopped', 'from the callback: stopped', 'b: stopped']);
});

test('what was turned down or given up is counted as failed; what the end of the member cuts off is not', () => {
  const bench = new Bench(2);
  bench.propose('a');
  bench.propose('b', 10);
  bench.propose('one too many');
  assert.equal(bench.proposals.failedCount, 1);
  bench.result(1, 'done');
  bench.full = true;
  bench.propose('the queue is full');
  assert.equal(bench.proposals.failedCount, 2);
  bench.tick(10);
  assert.equal(bench.proposals.failedCount, 3, 'b had its time');
  bench.full = false;
  bench.propose('c');
  bench.proposals.stop();
  assert.equal(bench.proposals.failedCount, 3);
  assert.deepEqual(bench.outcomes.slice(-2), ['b: timeout', 'c: stopped']);
});
