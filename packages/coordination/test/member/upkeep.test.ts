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
      atRest: (job) => job(),
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

test('who waits for space hears once the sweep is over and a commit that began after it is durable', () => {
  const jobs: (() => void)[] = [];
  const commits: ((error: Error | undefined) => void)[] = [];
  const told: string[] = [];
  let sweepSteps = 2;
  const upkeep = new Upkeep({
    machine: {
      appliedIndex: logIndex(8),
      durableIndex: logIndex(7),
      atRest: (job) => job(),
      persist: (done) => void commits.push(done),
      sweep: () => sweepSteps > 0 && --sweepSteps > 0,
      tally: new KeyspaceTally(),
    },
    backend: { pendingRows: 3_000 },
    clock: { nowMs: () => 0, defer: (job) => void jobs.push(job) },
    paces: { commitRows: 1_000, commitIntervalMs: 1_000, sweepRowsATurn: 1 },
    failed: () => void told.push('failed'),
    measurements: NOTHING_MEASURED,
  });
  upkeep.tick();
  assert.equal(commits.length, 1, 'a commit of entries, begun amid the sweep');
  upkeep.reclaim(() => void told.push('first'));
  jobs.shift()!();
  upkeep.reclaim(() => void told.push('second'));
  assert.equal(commits.length, 1);
  commits[0]!(undefined);
  assert.equal(told.length, 0, 'what was taken away since is not durable');
  assert.equal(commits.length, 2);
  upkeep.reclaim(() => void told.push('third'));
  commits[1]!(undefined);
  assert.equal(told.join(), 'first,second');
  commits[2]!(new Error('the disk is gone'));
  assert.equal(told.join(), 'first,second,failed');
});

test('a sweep waits while much of what it took away is not in the store yet', () => {
  const jobs: (() => void)[] = [];
  const commits: ((error: Error | undefined) => void)[] = [];
  const world = { pendingRows: 0, steps: 0, nowMs: 0 };
  const upkeep = new Upkeep({
    machine: {
      appliedIndex: logIndex(7),
      durableIndex: logIndex(7),
      atRest: (job) => job(),
      persist: (done) => void commits.push(done),
      sweep() {
        world.pendingRows += 10;
        return ++world.steps < 20;
      },
      tally: new KeyspaceTally(),
    },
    backend: {
      get pendingRows() {
        return world.pendingRows;
      },
    },
    clock: { nowMs: () => world.nowMs, defer: (job) => void jobs.push(job) },
    paces: { commitRows: 10, commitIntervalMs: 1_000, sweepRowsATurn: 10 },
    failed: (error) => assert.fail(error),
    measurements: NOTHING_MEASURED,
  });
  for (let held = 4; held < 20; held += 4) {
    upkeep.tick();
    while (jobs.length > 0) jobs.shift()!();
    assert.equal(world.steps, held);
    upkeep.tick();
    world.pendingRows = 0;
    commits.shift()!(undefined);
  }
  while (jobs.length > 0) jobs.shift()!();
  assert.equal(world.steps, 20);
});

test('steps of a sweep are timed one by one, and the compaction from its first step to its last', () => {
  const tally = new KeyspaceTally();
  const told: string[] = [];
  const jobs: (() => void)[] = [];
  let nowMs = 0;
  let left = 0;
  const upkeep = new Upkeep({
    machine: {
      appliedIndex: logIndex(7),
      durableIndex: logIndex(7),
      atRest: (job) => job(),
      persist: () => {},
      sweep() {
        if (left === 0) return false;
        nowMs += 2;
        left--;
        if (left === 0) tally.compactions++;
        return left > 0;
      },
      tally,
    },
    backend: { pendingRows: 0 },
    clock: { nowMs: () => nowMs, defer: (job) => void jobs.push(job) },
    paces: { commitRows: 1_000, commitIntervalMs: 1_000, sweepRowsATurn: 1 },
    failed: (error) => assert.fail(error),
    measurements: {
      compactionStep: (milliseconds) => void told.push(`step ${milliseconds}`),
      compacted: (milliseconds) => void told.push(`compacted ${milliseconds}`),
    },
  });
  upkeep.tick();
  assert.deepEqual(told, [], 'there was nothing to take away');
  left = 3;
  upkeep.tick();
  while (jobs.length > 0) {
    nowMs += 10;
    jobs.shift()!();
  }
  assert.deepEqual(told, ['step 2', 'step 2', 'step 2', 'compacted 26']);
  upkeep.tick();
  assert.equal(told.length, 4);
});
