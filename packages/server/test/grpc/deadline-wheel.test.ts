/** Deadlines pass when they are due, not before, and cost nothing once cleared. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type DeadlineLinks, DeadlineWheel } from '../../src/grpc/deadline-wheel.ts';
import { DEADLINE_SLOTS, DEADLINE_TICK_MS } from '../../src/grpc/limits.ts';

class Deadline implements DeadlineLinks {
  readonly deadlineAtMs: number;
  previousDeadline: DeadlineLinks | undefined = undefined;
  nextDeadline: DeadlineLinks | undefined = undefined;
  readonly passed: () => void;
  constructor(deadlineAtMs: number, passed: () => void) {
    this.deadlineAtMs = deadlineAtMs;
    this.passed = passed;
  }
  deadlinePassed(): void {
    this.passed();
  }
}

const ROUND_MS = DEADLINE_SLOTS * DEADLINE_TICK_MS;

describe('deadline wheel', () => {
  it('property: each passes once, within a tick of its time, unless it was cleared', () => {
    const entries = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 * ROUND_MS }), fc.boolean()), {
      maxLength: 30,
    });
    const steps = fc.array(fc.integer({ min: 1, max: ROUND_MS * 2 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(entries, steps, (wanted, stepsMs) => {
        let nowMs = 12_345;
        let before = nowMs;
        const wheel = new DeadlineWheel(() => nowMs);
        const passed = new Map<number, number>();
        wanted.forEach(([inMs, cleared], i) => {
          const entry = new Deadline(12_345 + inMs, () => {
            assert.equal(passed.has(i), false);
            passed.set(i, nowMs);
            assert.ok(nowMs >= entry.deadlineAtMs, 'not before');
            assert.ok(entry.deadlineAtMs > before - DEADLINE_TICK_MS, 'at the first look behind it');
          });
          wheel.add(entry);
          if (cleared) wheel.remove(entry);
        });
        for (const stepMs of [...stepsMs, 4 * ROUND_MS]) {
          before = nowMs;
          nowMs += stepMs;
          wheel.advance();
        }
        assert.deepEqual(
          [...passed.keys()].sort((a, b) => a - b),
          wanted.flatMap(([, cleared], i) => (cleared ? [] : [i])),
        );
        assert.equal(wheel.size, 0);
        wheel.stop();
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('bears that a deadline clears others as it passes', () => {
    let nowMs = 0;
    const wheel = new DeadlineWheel(() => nowMs);
    let count = 0;
    const entries: Deadline[] = Array.from(
      { length: 5 },
      () =>
        new Deadline(5, () => {
          count++;
          for (const entry of entries) wheel.remove(entry);
        }),
    );
    for (const entry of entries) wheel.add(entry);
    nowMs = 20;
    wheel.advance();
    assert.equal(count, 5);
    assert.equal(wheel.size, 0);
  });
});
