/** The hub's promises one by one, in schedules that a reader can follow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WATCH_LIMITS } from '../../src/watches/limits.ts';
import { WatchWorld, watch } from './watch-world.ts';

const FULL = Number.POSITIVE_INFINITY;

test('C9 C8 a watcher from the past meets the present without a gap and without repeating', () => {
  const world = new WatchWorld();
  world.change(['a', '1']);
  world.change(['a', '2']);
  const id = world.stream.create(watch('a', { startRevision: 2 }))!;
  const client = world.stream.clients.get(id)!;
  world.change(['a', '3']);
  assert.equal(client.received, 0, 'a change in between waits for its turn');
  world.hub.catchUp(2);
  assert.equal(client.received, 2);
  world.change(['a', '4']);
  assert.equal(client.received, 2);
  world.hub.catchUp(100);
  assert.equal(client.received, 4);
  world.change(['a', '5']);
  assert.equal(client.received, 5, 'synced: told at once');
  world.settle();
});

test('C10 a transaction comes as one batch, however small the step', () => {
  const world = new WatchWorld([FULL], { rowsAStepMax: 1, bytesAStepMax: 1, deliveriesAStepMax: 1 });
  world.change(['a', '1'], ['b', '1'], ['c', '1']);
  world.change(['a', '2'], ['b', '2']);
  const id = world.stream.create(watch('a', { to: '\0', startRevision: 2 }))!;
  world.hub.catchUp(1);
  assert.equal(world.stream.clients.get(id)!.received, 3);
  world.hub.catchUp(1);
  assert.equal(world.stream.clients.get(id)!.received, 5);
  world.settle();
});

test('C12 progress comes when everything was delivered, not before', () => {
  const world = new WatchWorld([FULL, FULL]);
  const [first, second] = world.streams as [(typeof world.streams)[0], (typeof world.streams)[0]];
  for (let i = 0; i < 10; i++) world.change(['a', 'x']);
  const past = first.create(watch('a', { startRevision: 2 }))!;
  const now = first.create(watch('b'))!;
  first.stream.requestProgress(now);
  assert.equal(first.progressCount, 1);
  first.stream.requestProgress(past);
  first.stream.requestProgressOfAll();
  assert.deepEqual([first.progressCount, first.progressOfAllCount], [1, 0]);
  second.stream.requestProgressOfAll();
  assert.equal(second.progressOfAllCount, 0, 'a stream without watchers has no progress to tell');
  world.hub.catchUp(3);
  assert.deepEqual([first.progressCount, first.progressOfAllCount], [1, 0]);
  world.hub.catchUp(100);
  assert.deepEqual([first.progressCount, first.progressOfAllCount], [2, 1]);
  first.stream.pause();
  first.stream.requestProgressOfAll();
  assert.equal(first.progressOfAllCount, 1);
  first.drain(FULL);
  assert.equal(first.progressOfAllCount, 2);
});

test('C12 progress of all waits for one that is behind, or for its cancellation', () => {
  const world = new WatchWorld();
  world.change(['a', 'x']);
  world.stream.create(watch('b'));
  const past = world.stream.create(watch('a', { startRevision: 1 }))!;
  world.stream.stream.requestProgressOfAll();
  assert.equal(world.stream.progressOfAllCount, 0);
  world.stream.cancel(past);
  assert.equal(world.stream.progressOfAllCount, 1);
});

test('C12 C16 progress is told before the revision that a watch begins at', () => {
  const world = new WatchWorld();
  world.change(['a', 'x']);
  world.stream.create(watch('a', { startRevision: 100 }));
  world.stream.stream.requestProgressOfAll();
  assert.equal(world.stream.progressOfAllCount, 1);
  world.settle();
});

test('C14 the record before is looked up once a change, and only for those who want it', () => {
  const world = new WatchWorld();
  for (let i = 0; i < 3; i++) world.stream.create(watch('a'));
  world.change(['a', '1'], ['b', '1']);
  world.change(['a', '2']);
  assert.equal(world.history.lookups, 0);
  for (let i = 0; i < 3; i++) world.stream.create(watch('a', { to: 'z', previous: true }));
  world.change(['a', '3']);
  assert.equal(world.history.lookups, 1);
  world.change(['a', '4'], ['b', undefined], ['new', '1']);
  assert.equal(world.history.lookups, 3, 'a creation has nothing before it');
  world.settle();
});

test('C16 a watcher of the future is told nothing older, through a restore too', () => {
  const world = new WatchWorld();
  const id = world.stream.create(watch('a', { startRevision: 5 }))!;
  world.change(['a', '2']);
  world.restore([[['a', '3']]], true);
  world.change(['a', '4']);
  assert.equal(world.stream.clients.get(id)!.received, 0);
  world.change(['a', '5']);
  assert.equal(world.stream.clients.get(id)!.received, 1);
  world.settle();
});

test('C18 a stream that does not read holds up nobody, and nothing is kept for it', () => {
  const world = new WatchWorld([1, FULL]);
  const [slow, fast] = world.streams as [(typeof world.streams)[0], (typeof world.streams)[0]];
  const late = slow.create(watch('a'))!;
  const quick = fast.create(watch('a'))!;
  for (let i = 0; i < 50; i++) world.change(['a', String(i)]);
  assert.equal(fast.clients.get(quick)!.received, 50);
  assert.equal(slow.clients.get(late)!.received, 1);
  assert.equal(world.hub.hasWork, false, 'no turn is spent on a full connection');
  assert.deepEqual({ ...world.hub.watcherCounts }, { synced: 1, behind: 1 });
  slow.drain(1);
  world.hub.catchUp(1_000);
  assert.equal(slow.clients.get(late)!.received, 50);
  world.settle();
});

test('C18 a slow watcher whose next revision is compacted is told so, and not before it can be told', () => {
  const world = new WatchWorld([1]);
  world.stream.create(watch('a'));
  for (let i = 0; i < 5; i++) world.change(['a', String(i)]);
  world.compact(5);
  world.hub.catchUp(100);
  assert.equal(world.stream.compactedCount, 0);
  world.stream.drain(FULL);
  world.hub.catchUp(100);
  assert.equal(world.stream.compactedCount, 1);
  assert.equal(world.hub.hasWork, false);
  assert.equal(world.stream.stream.cancel(0), false);
});

test('C11 a watch may resume at the compacted revision itself, not below it', () => {
  const world = new WatchWorld();
  world.change(['a', '2']);
  world.change(['a', undefined]);
  world.change(['a', '4']);
  world.compact(3);
  const at = world.stream.create(watch('a', { startRevision: 3 }))!;
  world.stream.create(watch('a', { startRevision: 2 }));
  world.hub.catchUp(100);
  assert.equal(world.stream.clients.get(at)!.received, 2);
  assert.equal(world.stream.compactedCount, 1);
  world.settle();
});

test('C17 streams take turns: a new one is served while another has a long past to read', () => {
  const world = new WatchWorld([FULL, FULL], { rowsAStepMax: 10 });
  const [long, short] = world.streams as [(typeof world.streams)[0], (typeof world.streams)[0]];
  for (let i = 0; i < 200; i++) world.change(['a', 'x']);
  const longId = long.create(watch('a', { startRevision: 2 }))!;
  const shortId = short.create(watch('a', { startRevision: 199 }))!;
  world.hub.catchUp(20);
  assert.equal(short.clients.get(shortId)!.received, 3);
  assert.equal(long.clients.get(longId)!.received, 17, 'ten rows, then the other stream, then the rest');
  world.settle();
});

test('C17 many watchers with the same past share one reading of it', () => {
  const world = new WatchWorld();
  for (let i = 0; i < 20; i++) world.change([`key${i}`, 'x']);
  for (let i = 0; i < 500; i++) world.stream.create(watch('key', { to: 'kez', startRevision: 2 }));
  assert.ok(20 * 500 < WATCH_LIMITS.deliveriesAStepMax);
  world.hub.catchUp(1_000);
  assert.equal(world.history.reads, 1);
  world.settle();
});

test('C17 a turn ends with the revision at which enough was told', () => {
  const world = new WatchWorld([FULL], { deliveriesAStepMax: 100 });
  for (let i = 0; i < 5; i++) world.change(['a', 'x']);
  for (let i = 0; i < 100; i++) world.stream.create(watch('a', { startRevision: 2 }));
  world.hub.catchUp(1_000);
  for (const client of world.stream.clients.values()) assert.equal(client.received, 1);
  world.settle();
});

test('steps that end early do not read the rest of the past again and again', () => {
  const world = new WatchWorld([FULL], { deliveriesAStepMax: 100 });
  for (let i = 0; i < 300; i++) world.change(['a', 'x']);
  for (let i = 0; i < 50; i++) world.stream.create(watch('a', { startRevision: 2 }));
  while (world.hub.hasWork) world.hub.catchUp(1_000);
  assert.ok(world.history.rowsRead < 4 * 300, `${world.history.rowsRead} rows were read for 300`);
  world.settle();
});

test('C8 a watcher that another one’s sink cancels gets nothing of the transaction in progress', () => {
  for (const isPast of [false, true]) {
    const world = new WatchWorld();
    const startRevision = isPast ? 1 : 0;
    if (isPast) world.change(['a', '1'], ['b', '1']);
    world.stream.create(watch('a', { to: 'c', startRevision }));
    const other = world.stream.create(watch('b', { startRevision }))!;
    world.onDelivery = () => {
      if (world.stream.clients.has(other)) world.stream.cancel(other);
    };
    if (isPast) world.hub.catchUp(10);
    else world.change(['a', '1'], ['b', '1']);
    assert.equal(world.stream.clients.has(other), false);
    world.settle();
  }
});

test('a stream chooses ids from 0, passes over those its client chose, and refuses one twice', () => {
  const world = new WatchWorld();
  assert.equal(world.stream.create(watch('a', { id: 1 })), 1);
  assert.equal(world.stream.create(watch('a')), 0);
  assert.equal(world.stream.create(watch('a')), 2);
  assert.equal(world.stream.create(watch('a', { id: 2 })), undefined);
  world.stream.cancel(2);
  assert.equal(world.stream.create(watch('a', { id: 2 })), 2);
  assert.equal(world.stream.create(watch('b', { to: 'b' })), undefined);
  assert.equal(world.stream.create(watch('b', { to: 'a' })), undefined);
});

test('a closed stream is told nothing and leaves nothing behind', () => {
  const world = new WatchWorld();
  world.change(['a', '1']);
  world.stream.create(watch('a', { startRevision: 1 }));
  world.stream.create(watch('a'));
  world.stream.stream.requestProgressOfAll();
  world.stream.stream.close();
  world.stream.clients.clear();
  world.change(['a', '2']);
  assert.equal(world.hub.hasWork, false);
  assert.deepEqual({ ...world.hub.watcherCounts }, { synced: 0, behind: 0 });
  assert.equal(world.stream.progressOfAllCount, 0);
});
