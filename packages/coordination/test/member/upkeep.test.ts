/** When a member commits its state: soon after entries, and after a sweep that no entry follows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logIndex } from '@synod/consensus';
import { KeyspaceTally } from '../../src/keyspace/keyspace-tally.ts';
import { Upkeep } from '../../src/member/upkeep.ts';
import { NOTHING_MEASURED } from '../../src/service/member-measurements.ts';

test('what a sweep took away is committed though no entry comes after it, and then nothing more is', () => {
  const world = { nowMs: 0, pendingRows: 0, sweeps: 0 };
  let commits = 0;
  const upkeep = new Upkeep({
    machine: {
      appliedIndex: logIndex(7),
      durableIndex: logIndex(7),
      persist(done) {
        commits++;
        world.pendingRows = 0;
        done(undefined);
      },
      sweep() {
        if (world.sweeps > 0) world.pendingRows = 3;
        return world.sweeps-- > 1;
      },
      tally: new KeyspaceTally(),
    },
    backend: {
      get pendingRows() {
        return world.pendingRows;
      },
    },
    clock: { nowMs: () => world.nowMs, defer: (job) => job() },
    paces: { commitRows: 1_000, commitIntervalMs: 1_000, sweepRowsATurn: 1 },
    failed: (error) => assert.fail(error),
    measurements: NOTHING_MEASURED,
  });
  const tickAt = (nowMs: number): void => {
    world.nowMs = nowMs;
    upkeep.tick();
  };
  tickAt(5_000);
  assert.equal(commits, 0, 'there is nothing to commit');
  world.sweeps = 2;
  tickAt(5_100);
  tickAt(6_200);
  assert.equal(commits, 1);
  tickAt(9_000);
  assert.equal(commits, 1);
});
