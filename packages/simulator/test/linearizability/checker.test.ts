/** The linearizability checker against histories that are right, and the same ones corrupted on purpose. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHistory } from '../../src/linearizability/checker.ts';
import {
  type Call,
  formatOperation,
  HistoryProblem,
  type Operation,
  parseHistory,
  type Return,
} from '../../src/linearizability/history.ts';
import { type Register, step } from '../../src/linearizability/register.ts';
import { SeededRandom } from '../../src/random/seeded-random.ts';

function operation(
  client: number,
  call: Call,
  from: number,
  to: number | undefined,
  result?: Return,
): Operation {
  const base = { client, key: 'k', call, calledAt: from };
  return to === undefined || result === undefined
    ? { ...base, result: undefined, returnedAt: 0 }
    : { ...base, result, returnedAt: to };
}

const write = (client: number, value: string, from: number, to?: number): Operation =>
  operation(client, { kind: 'write', value }, from, to, { kind: 'done' });
const read = (client: number, value: string | null, from: number, to: number): Operation =>
  operation(client, { kind: 'read' }, from, to, { kind: 'value', value });
const swap = (
  client: number,
  expected: string,
  value: string,
  from: number,
  to: number,
  succeeded: boolean,
) => operation(client, { kind: 'compareAndSet', expected, value }, from, to, { kind: 'swapped', succeeded });

const verdict = (...history: Operation[]): string => checkHistory(history).kind;

test('C1 operations that overlap may take effect in any order, others only in theirs', () => {
  assert.equal(verdict(write(1, 'a', 0, 10), read(2, null, 1, 3), read(3, 'a', 4, 6)), 'linearizable');
  assert.equal(verdict(write(1, 'a', 0, 10), read(2, 'a', 1, 3), read(3, null, 4, 6)), 'notLinearizable');
  assert.equal(verdict(write(1, 'a', 0, 1), write(2, 'b', 2, 3), read(3, 'a', 4, 5)), 'notLinearizable');
  assert.equal(verdict(write(1, 'a', 0, 1), read(2, null, 2, 3)), 'notLinearizable');
});

test('C3 an operation without a result takes effect once, late, or never', () => {
  assert.equal(verdict(write(1, 'a', 0), read(2, null, 10, 11), read(2, 'a', 20, 21)), 'linearizable');
  assert.equal(verdict(write(1, 'a', 0), read(2, null, 10, 11)), 'linearizable');
  const twice = [
    write(1, 'a', 0),
    read(2, 'a', 1, 2),
    write(3, 'b', 3, 4),
    read(2, 'b', 5, 6),
    read(2, 'a', 7, 8),
  ];
  assert.equal(verdict(...twice), 'notLinearizable');
  assert.equal(verdict(read(2, 'a', 1, 2), write(1, 'a', 3)), 'notLinearizable');
});

test('C1 of two swaps from one value only one succeeds', () => {
  const before = write(1, 'a', 0, 1);
  assert.equal(
    verdict(before, swap(2, 'a', 'b', 2, 5, true), swap(3, 'a', 'c', 2, 5, true)),
    'notLinearizable',
  );
  assert.equal(
    verdict(before, swap(2, 'a', 'b', 2, 5, true), swap(3, 'a', 'c', 2, 5, false)),
    'linearizable',
  );
});

test('the longest order that works is told, and what does not fit', () => {
  const lost = read(3, 'a', 4, 5);
  const failure = checkHistory([write(1, 'a', 0, 1), write(2, 'b', 2, 3), lost]);
  assert.ok(failure.kind === 'notLinearizable');
  assert.equal(failure.stuckAt, lost);
  assert.equal(failure.longest.length, 2);
});

/** A history as a map that does one thing at a time gives it: every operation takes effect within its time. */
function honestHistory(seed: number): Operation[] {
  const random = new SeededRandom(seed, 'honest history');
  const values = new Map<string, Register>();
  const history: Operation[] = [];
  for (let at = 10; at < 1_000; at += random.between(0.5, 4)) {
    const key = `k${random.below(3)}`;
    const value = values.get(key) ?? null;
    const choice = random.next();
    const call: Call =
      choice < 0.4
        ? { kind: 'read' }
        : choice < 0.7
          ? { kind: 'write', value: `${history.length}` }
          : choice < 0.8
            ? { kind: 'delete' }
            : {
                kind: 'compareAndSet',
                expected: random.chance(0.6) ? value : 'x',
                value: `${history.length}`,
              };
    const result: Return =
      call.kind === 'read'
        ? { kind: 'value', value }
        : call.kind === 'compareAndSet'
          ? { kind: 'swapped', succeeded: value === call.expected }
          : { kind: 'done' };
    const isLost = random.chance(0.02);
    const takesEffect = !isLost || random.chance(0.5);
    if (takesEffect) values.set(key, step(value, call, result)!.value);
    const times = { calledAt: at - random.between(0, 10), returnedAt: at + random.between(0, 10) };
    history.push({ client: history.length % 7, key, call, ...times, result: isLost ? undefined : result });
  }
  return history;
}

test('C1 histories of an honest map pass, after a round through their text too', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const history = honestHistory(seed);
    assert.equal(checkHistory(history).kind, 'linearizable', `seed ${seed}`);
    const text = history.map(formatOperation).join('\n');
    assert.equal(checkHistory(parseHistory(text)).kind, 'linearizable');
  }
});

test('C1 a read that is made to see what was never there, or what is long gone, is found in every history', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const history = honestHistory(seed);
    const random = new SeededRandom(seed, 'corruption');
    const reads = history.filter(
      ({ call, result, calledAt }) => call.kind === 'read' && result && calledAt > 500,
    );
    const victim = random.pick(reads);
    const old = history.find(({ key, call }) => key === victim.key && call.kind === 'write')!;
    const values = ['never written', old.call.kind === 'write' ? old.call.value : ''];
    for (const value of values) {
      const corrupted = history.map((one) =>
        one === victim ? { ...one, result: { kind: 'value', value } as const } : one,
      );
      assert.equal(checkHistory(corrupted).kind, 'notLinearizable', `seed ${seed}, ${value}`);
    }
  }
});

test('a search that grows too large is given up, and says so', () => {
  const many = Array.from({ length: 40 }, (_, i) => write(i, `${i}`, 0, 100));
  assert.equal(checkHistory([...many, read(50, 'x', 101, 102)], 1_000).kind, 'undecided');
});

test('a broken line is told with its number and what was expected', () => {
  const good = formatOperation(read(1, 'a', 0, 1));
  const problems: [string, RegExp][] = [
    ['{"client":1', /line 2: expected one JSON object/],
    ['[]', /line 2: expected one JSON object/],
    ['{"key":"k"}', /line 2: expected "client", a number/],
    ['{"client":1,"key":"k","calledAt":0,"call":{"kind":"jump"}}', /line 2: expected "call" of kind/],
    [
      '{"client":1,"key":"k","calledAt":5,"returnedAt":4,"call":{"kind":"delete"},"result":{"kind":"done"}}',
      /line 2: expected "returnedAt"/,
    ],
    [
      '{"client":1,"key":"k","calledAt":5,"returnedAt":6,"call":{"kind":"read"},"result":{"kind":"done"}}',
      /line 2: expected "result" of kind value, as the call is a read/,
    ],
  ];
  for (const [line, message] of problems)
    assert.throws(
      () => parseHistory(`${good}\n${line}\n`),
      (error: unknown) => error instanceof HistoryProblem && message.test(error.message),
    );
});
