/** What a replica makes of ticks that come late. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TickWatch } from '../../src/replica/tick-watch.ts';

test('heartbeats count as late after more than two intervals, and a stall is more than an election timeout', () => {
  const watch = new TickWatch({ tickMs: 100, electionTimeoutTicks: 10 });
  const two = (): number => 2;
  assert.equal(watch.ticked(5_000, two), false, 'before the first tick nothing is late');
  assert.equal(watch.ticked(5_200, two), false);
  assert.equal(watch.lateHeartbeats, 0, 'two intervals are not too long');
  assert.equal(watch.ticked(5_401, two), false);
  assert.equal(watch.lateHeartbeats, 2, 'one for each follower');
  assert.equal(watch.ticked(6_401, two), false);
  assert.equal(
    watch.ticked(7_402, () => 0),
    true,
  );
  assert.equal(watch.lateHeartbeats, 4, 'who does not lead sends none');
});
