/** The bench's percentiles against sorted lists. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatencyHistogram } from '../../bench/latency-histogram.ts';

/** A bucket is at most 1/64 of its value wide, and at least 1 µs. */
const ERROR_SHARE = 1 / 64;

test('a percentile is that of the sorted list, within a bucket', () => {
  const latencies = fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(latencies, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (values, share) => {
      const histogram = new LatencyHistogram();
      for (const value of values) histogram.record(value);
      const sorted = [...values].sort((left, right) => left - right);
      const exact = sorted[Math.max(0, Math.ceil(values.length * share) - 1)]!;
      const error = Math.abs(histogram.percentile(share) - exact);
      assert.ok(error <= Math.max(1, exact * ERROR_SHARE), `${histogram.percentile(share)} for ${exact}`);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('histograms add up, also after the way between processes', () => {
  const [left, right, both] = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()];
  for (let at = 0; at < 1_000; at++) {
    (at % 3 === 0 ? left : right).record(at * at);
    both.record(at * at);
  }
  left.add(LatencyHistogram.fromPairs(right.toPairs()));
  assert.equal(left.count, 1_000);
  assert.deepEqual(left.toPairs(), both.toPairs());
});

test('what is longer than the last bucket counts as that, and nothing counts as nothing', () => {
  const histogram = new LatencyHistogram();
  assert.equal(histogram.percentile(0.5), 0);
  histogram.record(1e12);
  assert.ok(histogram.percentile(0.5) > 60_000_000);
});
