/** Long work in pieces: in the order in which it came, a turn at a time, and never two turns planned at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TurnQueue } from '../../../src/protocols/etcd/turn-queue.ts';

/** A queue whose turns the test begins, and in which each piece takes as long as it says. */
function setUp() {
  const planned: (() => void)[] = [];
  const done: string[] = [];
  let nowMs = 0;
  const queue = new TurnQueue({ nowMs: () => nowMs, later: (job) => planned.push(job) });
  const add = (name: string, takesMs: number, then?: () => void): void =>
    queue.add(() => {
      nowMs += takesMs;
      done.push(name);
      then?.();
    });
  /** What the next turn does. */
  const turn = (): string[] => {
    assert.equal(planned.length, 1, 'one turn is planned');
    done.length = 0;
    planned.shift()!();
    return [...done];
  };
  return { add, turn, planned };
}

test('nothing is done at once, and short pieces share a turn', () => {
  const { add, turn, planned } = setUp();
  add('a', 1);
  add('b', 1);
  assert.deepEqual(turn(), ['a', 'b']);
  assert.equal(planned.length, 0);
});

test('a piece that uses the turn up is the last of it', () => {
  const { add, turn } = setUp();
  add('a', 30);
  add('b', 9);
  add('c', 2);
  add('d', 1);
  assert.deepEqual([turn(), turn(), turn()], [['a'], ['b', 'c'], ['d']]);
});

test('what a piece asks for comes behind all that waits, in a later turn', () => {
  const { add, turn, planned } = setUp();
  add('a1', 6, () => add('a2', 6, () => add('a3', 6)));
  add('b1', 6, () => add('b2', 6));
  add('c1', 6);
  assert.deepEqual(
    [turn(), turn(), turn()],
    [
      ['a1', 'b1'],
      ['c1', 'a2'],
      ['b2', 'a3'],
    ],
  );
  assert.equal(planned.length, 0);
});
