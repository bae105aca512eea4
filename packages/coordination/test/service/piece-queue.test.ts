/** Long work takes its turns, and the answers about leases that are made so are whole and in order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from '@synod/coordination';
import { decodeTimeToLiveAnswer, timeToLiveAnswerInSteps } from '../../src/service/lease-answers.ts';
import { PieceQueue } from '../../src/service/piece-queue.ts';

const FACTS = { remainingSeconds: 6, grantedSeconds: 10 };

/** Far from any order. */
const keysOf = (count: number) => Array.from({ length: count }, (_, i) => key(`k${(i * 7_919) % count}`));

test('one piece a turn, in the order in which works came, whoever they are of', () => {
  const turns: (() => void)[] = [];
  const pieces = new PieceQueue((job) => void turns.push(job));
  const log: string[] = [];
  function* work(name: string, steps: number): Generator<void, string> {
    for (let step = 0; step < steps; step++) {
      log.push(`${name}${step}`);
      yield;
    }
    return name;
  }
  pieces.run(work('a', 2), (name) => void log.push(name));
  pieces.run(work('b', 1), (name) => void log.push(name));
  pieces.run(work('c', 0), (name) => void log.push(name));
  assert.deepEqual(log.splice(0), ['a0', 'b0', 'c'], 'the first step is taken at once');
  const order: string[][] = [];
  while (turns.length > 0) {
    assert.equal(turns.length, 1);
    turns.shift()!();
    order.push(log.splice(0));
  }
  assert.deepEqual(order, [['a1'], ['b'], ['a']]);
});

test('what is told of a lease with very many keys is made in steps, and is read back in order', () => {
  for (const [count, stepsMin] of [
    [0, 0],
    [5, 0],
    [50_000, 30],
  ] as const) {
    const keys = keysOf(count);
    const making = timeToLiveAnswerInSteps(FACTS, keys);
    let steps = 0;
    let step = making.next();
    for (; step.done !== true; step = making.next()) steps++;
    assert.ok(steps >= stepsMin, `${steps} steps`);
    const sorted = [...keys].sort();
    const read = decodeTimeToLiveAnswer(step.value);
    assert.ok(read.kind === 'found');
    const { remainingSeconds, grantedSeconds } = read;
    assert.deepEqual({ remainingSeconds, grantedSeconds }, FACTS);
    assert.equal(read.keys.length, count);
    assert.deepEqual([...read.keys], sorted);
  }
});
