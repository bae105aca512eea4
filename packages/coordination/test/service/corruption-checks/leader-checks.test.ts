/** The checks of a leader, on real state machines of which some were tampered with (K1 to K5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, NO_LEASE, revision } from '@synod/coordination';
import { COMPACTION_HASHES_MAX, HASH_ROWS_A_TURN } from '../../../src/service/limits.ts';
import { CorruptionWorld, TIMEOUT_TICKS } from './corruption-world.ts';

const PERIOD_MS = 1_000;
const NOBODY = '0000000000000000';

function periodicWorld(size: number): CorruptionWorld {
  const world = new CorruptionWorld(size, { periodMs: PERIOD_MS });
  world.put('a', 'x');
  world.put('b', 'y');
  return world;
}

function compactionWorld(size: number): CorruptionWorld {
  const world = new CorruptionWorld(size, { compactionPeriodMs: PERIOD_MS });
  world.put('a', 'x');
  world.put('a', 'y');
  world.put('b', 'z');
  return world;
}

function check(world: CorruptionWorld): void {
  world.tick(PERIOD_MS);
  world.settle();
}

const kindsOf = (world: CorruptionWorld, i = 0): string[] => world.members[i]!.events.map(({ kind }) => kind);
const raisedBy = (world: CorruptionWorld, i = 0): string[] =>
  world.members[i]!.raised.map(({ member }) => member);

test('K1 equal members are found equal, at any revision and after any compaction; only the leader asks', () => {
  const world = periodicWorld(3);
  check(world);
  world.compact(2);
  world.put('c', 'z');
  world.members[1]!.subject.machine.sweep(10);
  check(world);
  assert.deepEqual(kindsOf(world), ['hashesEqual', 'hashesEqual']);
  assert.deepEqual([kindsOf(world, 1), kindsOf(world, 2)], [[], []]);
  assert.deepEqual(raisedBy(world), []);
});

test('K1 a period without end: nothing is asked', () => {
  const world = new CorruptionWorld(3);
  world.put('a', 'x');
  world.corrupt(1);
  world.tick(1e9);
  world.settle();
  assert.deepEqual([kindsOf(world), raisedBy(world)], [[], []]);
});

test('K2 the alarm is raised in the name of the follower that differs, once, and it is told each time', () => {
  const world = periodicWorld(3);
  world.corrupt(2);
  check(world);
  check(world);
  assert.deepEqual(world.first.raised, [{ member: world.id(2), kind: 'corrupt', isAutomatic: true }]);
  const [event] = world.first.events;
  assert.ok(event?.kind === 'hashesDiffer');
  assert.deepEqual([event.revision, event.compactedTo, event.blamed], [3, -1, [world.id(2)]]);
  const [own, healthy, corrupt] = event.sums.map(({ sum }) => sum);
  assert.ok(own === healthy && own !== corrupt);
  assert.deepEqual(kindsOf(world), ['hashesDiffer', 'hashesDiffer']);
});

test('K2 a leader against whom the others are finds out that it is the one', () => {
  const world = periodicWorld(3);
  world.corrupt(0);
  check(world);
  assert.deepEqual(raisedBy(world), [world.id(0)]);
});

test('K3 where no hash has a majority the alarm names nobody', () => {
  const two = periodicWorld(2);
  two.corrupt(1);
  check(two);
  assert.deepEqual(raisedBy(two), [NOBODY]);

  const oneSilent = periodicWorld(3);
  oneSilent.corrupt(1);
  oneSilent.cut.add(oneSilent.id(2));
  check(oneSilent);
  assert.deepEqual(raisedBy(oneSilent), [NOBODY]);
  assert.deepEqual(kindsOf(oneSilent), ['notCompared', 'hashesDiffer']);

  const threeWays = periodicWorld(3);
  threeWays.corrupt(1, 0x31);
  threeWays.corrupt(2, 0x32);
  check(threeWays);
  assert.deepEqual(raisedBy(threeWays), [NOBODY]);
});

test('K4 members that lag, are compacted otherwise or are silent are left out', () => {
  const world = periodicWorld(3);
  world.first.subject.run({
    module: 'keyspace',
    kind: 'put',
    key: key('ahead'),
    value: new Uint8Array(1),
    lease: NO_LEASE,
    previous: false,
    keepValue: false,
    keepLease: false,
  });
  world.cut.add(world.id(2));
  check(world);
  const reasons = world.first.events.map((event) => (event.kind === 'notCompared' ? event.why : event.kind));
  assert.deepEqual(reasons, ['silent', 'future', 'hashesEqual']);
  assert.deepEqual(raisedBy(world), []);

  const compacted = periodicWorld(2);
  compacted.first.subject.run({ module: 'keyspace', kind: 'compact', revision: revision(3) });
  check(compacted);
  const event = compacted.first.events[0]!;
  assert.equal(event.kind === 'notCompared' && event.why, 'otherCompaction');
  assert.deepEqual(raisedBy(compacted), []);
});

test('K4 a member that does not answer in time is left out, and the next check goes on', () => {
  const world = periodicWorld(3);
  world.deaf.add(world.id(2));
  check(world);
  assert.deepEqual(kindsOf(world), []);
  for (let i = 0; i < TIMEOUT_TICKS; i++) world.tick(0);
  world.settle();
  assert.deepEqual(kindsOf(world), ['notCompared', 'hashesEqual']);
  world.deaf.clear();
  check(world);
  assert.deepEqual(kindsOf(world), ['notCompared', 'hashesEqual', 'hashesEqual']);
});

test('K5 news is no fault: what the leader had yet to learn when it asked is not held against anybody', () => {
  const world = periodicWorld(3);
  world.tick(PERIOD_MS);
  world.holdsReads = true;
  world.settle();
  world.first.reads.shift()!(undefined);
  world.settle();
  // Applied everywhere while the second read waits.
  world.put('c', 'news');
  world.holdsReads = false;
  world.settle();
  assert.deepEqual([kindsOf(world), raisedBy(world)], [['hashesEqual'], []]);
});

test('K5 a member that holds what its leader cannot know is named; a leader whom a majority has left behind names itself', () => {
  const ahead = periodicWorld(3);
  const put = {
    module: 'keyspace',
    kind: 'put',
    key: key('made up'),
    value: new Uint8Array(1),
    lease: NO_LEASE,
    previous: false,
    keepValue: false,
    keepLease: false,
  } as const;
  ahead.members[1]!.subject.run(put);
  check(ahead);
  assert.deepEqual([kindsOf(ahead), raisedBy(ahead)], [['aheadOfLeader', 'hashesEqual'], [ahead.id(1)]]);
  const [, rest] = ahead.first.events;
  assert.equal(rest?.kind === 'hashesEqual' && rest.compared, 2, 'what it holds counts for nothing');

  const behind = periodicWorld(3);
  for (const i of [1, 2]) behind.members[i]!.subject.run(put);
  check(behind);
  assert.deepEqual(raisedBy(behind), [behind.id(0)]);
});

test('K5 a check whose reads fail, or whose leader no longer leads, comes to nothing', () => {
  const failed = periodicWorld(3);
  failed.corrupt(1);
  failed.tick(PERIOD_MS);
  failed.first.reads.shift()!('leaderChanged');
  assert.deepEqual([kindsOf(failed), raisedBy(failed)], [['checkFailed'], []]);

  const deposed = periodicWorld(3);
  deposed.corrupt(1);
  deposed.tick(PERIOD_MS);
  deposed.leader = 2;
  deposed.settle();
  assert.deepEqual([kindsOf(deposed), raisedBy(deposed)], [['checkFailed'], []]);
});

test('K5 a store that is not the same when it is read again is its own fault', () => {
  const world = periodicWorld(3);
  world.tick(PERIOD_MS);
  world.holdsReads = true;
  world.first.reads.shift()!(undefined);
  world.settle();
  world.corrupt(0);
  world.holdsReads = false;
  world.settle();
  assert.deepEqual([kindsOf(world), raisedBy(world)], [['ownHashChanged'], [world.id(0)]]);
});

test('K6 a compaction is compared once all kept its hash; what was agreed on is not looked at again', () => {
  const world = compactionWorld(3);
  world.compact(3);
  world.settle();
  world.put('c', 'after');
  // Later corruption is the periodic check's business: what was kept is of the compaction.
  world.corrupt(1);
  check(world);
  check(world);
  assert.deepEqual([kindsOf(world), raisedBy(world)], [['hashesEqual'], []]);
});

test('K6 what was kept of a compaction does not answer for what is there now', () => {
  const world = new CorruptionWorld(3, { periodMs: PERIOD_MS, compactionPeriodMs: 1e9 });
  world.put('a', 'x');
  world.compact(2);
  world.settle();
  world.corrupt(1);
  check(world);
  assert.deepEqual(raisedBy(world), [world.id(1)]);
});

test('K6 who differed when it compacted gets the alarm; without a majority nobody does', () => {
  const world = compactionWorld(3);
  world.corrupt(1);
  world.compact(4);
  world.settle();
  check(world);
  assert.deepEqual(raisedBy(world), [world.id(1)]);

  const two = compactionWorld(2);
  two.corrupt(1);
  two.compact(4);
  two.settle();
  check(two);
  assert.deepEqual(raisedBy(two), [NOBODY]);
});

test('K6 a member that was away makes the leader look at older compactions too', () => {
  const world = compactionWorld(3);
  world.corrupt(1);
  world.compact(4);
  world.settle();
  world.put('b', 'mended by a later write');
  world.compact(5);
  world.settle();
  world.members[2]!.checks.restored();
  world.members[2]!.subject.run({ module: 'keyspace', kind: 'compact', revision: revision(5) });
  check(world);
  // The newest compaction is equal on all, for the corrupt row is gone.
  assert.deepEqual(kindsOf(world), ['hashesEqual']);

  const away = compactionWorld(3);
  away.corrupt(1);
  away.compact(4);
  away.settle();
  away.put('b', 'mended by a later write');
  for (const { subject, checks } of away.members.slice(0, 2)) {
    subject.run({ module: 'keyspace', kind: 'compact', revision: revision(5) });
    checks.compacted(revision(5));
  }
  away.settle();
  check(away);
  assert.deepEqual(kindsOf(away), ['notCompared', 'hashesEqual', 'hashesDiffer']);
  assert.deepEqual(raisedBy(away), [away.id(1)]);
});

test('K6 at most so many are kept, none of a state that was replaced, and none that was compacted past meanwhile', () => {
  const world = compactionWorld(1);
  const { checks } = world.first;
  for (let i = 0; i < COMPACTION_HASHES_MAX + 2; i++) {
    world.put('k', `${i}`);
    world.compact(5 + i);
    world.settle();
  }
  const kept = (): number[] =>
    Array.from({ length: 30 }, (_, at) => at).filter((at) => checks.kept(revision(at)) !== undefined);
  assert.deepEqual([kept()[0], kept().length], [7, COMPACTION_HASHES_MAX]);
  checks.restored();
  assert.deepEqual(kept(), []);

  const large = compactionWorld(1);
  for (let i = 0; i < 2 * HASH_ROWS_A_TURN; i++) large.put(`key ${i}`, 'v');
  large.compact(500);
  large.compact(900);
  large.settle();
  assert.equal(large.first.checks.kept(revision(500)), undefined);
  assert.notEqual(large.first.checks.kept(revision(900)), undefined);

  large.compact(1_000);
  large.first.checks.restored();
  large.settle();
  assert.equal(large.first.checks.kept(revision(1_000)), undefined, 'begun before the state was replaced');
});

test('K7 a leader that is named wants to lead no more; others that are named do not matter to it', () => {
  const world = periodicWorld(3);
  world.corrupt(1);
  check(world);
  world.tick(0);
  assert.deepEqual(world.first.handedOver, []);
  world.leader = 1;
  world.tick(0);
  assert.deepEqual(world.members[1]!.handedOver, [1]);
});
