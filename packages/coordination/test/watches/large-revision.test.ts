/** A revision with more changes than can be told in one turn: read over many steps, told as one, and in nobody's way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchLimits } from '../../src/watches/limits.ts';
import type { WatchEvent } from '../../src/watches/watch.ts';
import { WatchWorld, watch } from './watch-world.ts';

const FULL = Number.POSITIVE_INFINITY;
const COUNT = 100;
const ALL = { to: 'kez' };

type Changes = Parameters<WatchWorld['change']>;

function changes(value: string | undefined, prefix = 'key'): Changes {
  return Array.from({ length: COUNT }, (_, i) => [`${prefix}${String(i).padStart(3, '0')}`, value] as const);
}

/** A world with a hundred keys, where eleven changes are a large revision and a step reads ten. */
function worldWithKeys(rooms: readonly number[] = [FULL], limits: Partial<WatchLimits> = {}): WatchWorld {
  const world = new WatchWorld(rooms, { rowsAStepMax: 10, changesAtOnceMax: 10, ...limits });
  world.change(...changes('old'));
  return world;
}

function received({ streams }: WatchWorld, stream: number, id: number): number | undefined {
  return streams[stream]!.clients.get(id)?.received;
}

/** Turns of twenty rows until the watcher has something. */
function turnsUntilTold(world: WatchWorld, stream: number, id: number): number {
  let turns = 0;
  for (; received(world, stream, id) === 0; turns++) {
    assert.ok(world.hub.hasWork && turns < 1_000);
    const before = world.history.rowsRead + world.history.lookups;
    world.hub.catchUp(20);
    const read = world.history.rowsRead + world.history.lookups - before;
    assert.ok(read <= 30, `${read} rows in one turn`);
  }
  return turns;
}

test('C10 C14 it is told as one batch, after many steps, to those who were synced and to those who were not', () => {
  for (const isPast of [false, true]) {
    const world = worldWithKeys();
    const spec = watch('key', { ...ALL, previous: true, startRevision: isPast ? 3 : 0 });
    const synced = isPast ? undefined : world.stream.create(spec);
    world.change(...changes(undefined));
    const id = synced ?? world.stream.create(spec)!;
    assert.equal(received(world, 0, id), 0, 'nothing is told inside apply');
    assert.ok(turnsUntilTold(world, 0, id) >= COUNT / 20);
    assert.equal(received(world, 0, id), COUNT);
    world.settle();
  }
});

test('C17 others are told meanwhile: of the present at once, of the past in their turns', () => {
  const world = worldWithKeys([FULL, FULL]);
  const large = world.streams[0]!.create(watch('key', ALL))!;
  const other = world.streams[1]!.create(watch('other'))!;
  world.change(...changes(undefined));
  world.hub.catchUp(20);
  world.change(['other', 'now']);
  assert.equal(received(world, 1, other), 1, 'synced all the time');
  const past = world.streams[1]!.create(watch('other', { startRevision: 4 }))!;
  world.hub.catchUp(20);
  assert.deepEqual([received(world, 0, large), received(world, 1, past)], [0, 1]);
  world.settle();
});

test('C7 what changes meanwhile is told after it', () => {
  const world = worldWithKeys();
  const id = world.stream.create(watch('key', ALL))!;
  world.change(...changes(undefined));
  world.hub.catchUp(20);
  world.change(['key000', 'again']);
  turnsUntilTold(world, 0, id);
  assert.equal(received(world, 0, id), COUNT);
  world.settle();
  assert.equal(received(world, 0, id), COUNT + 1);
});

test('those who watch the same get the same list, and a record before is looked up once', () => {
  const world = worldWithKeys([FULL, FULL]);
  const lists = new Set<readonly WatchEvent[]>();
  for (const stream of world.streams) {
    const told = stream.events.bind(stream);
    stream.events = (id, at, events) => {
      lists.add(events);
      told(id, at, events);
    };
    for (const puts of [true, false, true, false])
      stream.create(watch('key', { ...ALL, previous: true, puts }));
  }
  world.change(...changes(undefined));
  world.settle();
  assert.equal(lists.size, 2);
  assert.equal(world.history.lookups, COUNT);
});

test('C17 many who wait for it are told over several turns', () => {
  const world = worldWithKeys([FULL], { deliveriesAStepMax: 3 * COUNT });
  for (let i = 0; i < 10; i++) world.stream.create(watch('key', ALL));
  world.change(...changes(undefined));
  const told = () => [...world.stream.clients.values()].filter(({ received }) => received > 0).length;
  for (let before = 0; world.hub.hasWork; before = told()) {
    world.hub.catchUp(1_000);
    assert.ok(told() - before <= 3, `${told() - before} were told in one turn`);
  }
  world.settle();
});

test('C17 a step gathers for so many at most', () => {
  const world = worldWithKeys([FULL], { deliveriesAStepMax: 20 });
  // Each its own list.
  for (let i = 0; i < 10; i++) world.stream.create(watch('key', { to: `kez${i}` }));
  world.change(...changes(undefined));
  const before = world.history.rowsRead;
  for (let i = 0; i < 11; i++) world.hub.catchUp(1_000);
  assert.ok(world.history.rowsRead - before <= 30, 'two changes a turn');
  world.settle();
});

test('C17 of many different lists some are held at one time, and all are told', () => {
  const world = worldWithKeys([FULL], { eventsHeldMax: 3 * COUNT });
  const most = (): number => Math.max(...[...world.stream.clients.values()].map(({ received }) => received));
  for (let i = 0; i < 10; i++) world.stream.create(watch('key', { to: `kez${i}` }));
  world.change(...changes(undefined));
  while (most() === 0) world.hub.catchUp(10);
  const told = [...world.stream.clients.values()].filter(({ received }) => received > 0);
  assert.equal(told.length, 3);
  world.settle();
});

test('C17 C18 who waits for the next reading gets it, though one of this does not read', () => {
  const world = worldWithKeys([FULL, FULL], { eventsHeldMax: COUNT });
  world.streams[0]!.create(watch('key', ALL));
  const later = world.streams[1]!.create(watch('key', { to: 'kez1' }))!;
  world.change(...changes(undefined));
  world.hub.catchUp(30);
  world.streams[0]!.stream.pause();
  while (world.hub.hasWork) world.hub.catchUp(10);
  assert.equal(received(world, 1, later), COUNT);
  world.settle();
});

test('C17 one reading is for so many watchers, and the next for the rest', () => {
  const world = worldWithKeys([FULL], { watchersAReadingMax: 4 });
  for (let i = 0; i < 10; i++) world.stream.create(watch('key', ALL));
  const before = world.history.rowsRead;
  world.change(...changes(undefined));
  world.settle();
  assert.equal(world.history.rowsRead - before, 3 * COUNT);
});

test('C8 a watcher that is cancelled meanwhile gets nothing, and is read for no longer', () => {
  const world = worldWithKeys();
  const id = world.stream.create(watch('key', ALL))!;
  world.change(...changes(undefined));
  world.hub.catchUp(20);
  world.stream.cancel(id);
  const { rowsRead } = world.history;
  world.settle();
  assert.equal(world.history.rowsRead, rowsRead);
});

test('C8 a watcher that another one’s sink cancels when it is told gets nothing', () => {
  const world = worldWithKeys();
  world.stream.create(watch('key', ALL));
  const other = world.stream.create(watch('key', ALL))!;
  world.change(...changes(undefined));
  world.onDelivery = () => {
    if (world.stream.clients.has(other)) world.stream.cancel(other);
  };
  world.settle();
  assert.equal(world.stream.clients.has(other), false);
});

test('C18 a stream that is paused at its end is told when it has room, without another reading', () => {
  const world = worldWithKeys([1]);
  const ids = [1, 2, 3].map(() => world.stream.create(watch('key', ALL))!);
  const before = world.history.rowsRead;
  world.change(...changes(undefined));
  for (let told = 1; told <= 3; told++) {
    while (world.hub.hasWork) world.hub.catchUp(10);
    assert.equal(ids.filter((id) => received(world, 0, id) === COUNT).length, told);
    if (told < 3) world.stream.drain(1);
  }
  assert.equal(world.history.rowsRead - before, COUNT);
  world.settle();
});

test('C18 a stream that does not read holds up nobody else’s large revision, and loses nothing', () => {
  const world = worldWithKeys([1, FULL]);
  const slow = world.streams[0]!.create(watch('key', ALL))!;
  world.change(...changes(undefined));
  world.hub.catchUp(20);
  world.streams[0]!.stream.pause();
  while (world.hub.hasWork) world.hub.catchUp(10);
  const quick = world.streams[1]!.create(watch('key', { ...ALL, startRevision: 2 }))!;
  while (world.hub.hasWork) world.hub.catchUp(10);
  assert.deepEqual([received(world, 0, slow), received(world, 1, quick)], [0, 2 * COUNT]);
  world.settle();
});

test('C17 C18 who comes to a large revision while another is read gets it, though that one’s watcher is paused then', () => {
  const world = worldWithKeys([1, FULL]);
  const slow = world.streams[0]!.create(watch('key', ALL))!;
  world.change(...changes(undefined));
  world.hub.catchUp(20);
  const quick = world.streams[1]!.create(watch('key', { ...ALL, startRevision: 2 }))!;
  world.hub.catchUp(20);
  world.streams[0]!.stream.pause();
  while (world.hub.hasWork) world.hub.catchUp(10);
  assert.deepEqual([received(world, 0, slow), received(world, 1, quick)], [0, 2 * COUNT]);
  world.settle();
});

test('C17 C18 who was told of it goes on, while another who waits for it does not read', () => {
  const world = worldWithKeys([1, FULL]);
  const slow = world.streams[0]!.create(watch('key', ALL))!;
  const quick = world.streams[1]!.create(watch('key', ALL))!;
  world.change(...changes(undefined));
  world.change(['key000', 'later']);
  world.hub.catchUp(20);
  world.streams[0]!.stream.pause();
  while (world.hub.hasWork) world.hub.catchUp(10);
  assert.deepEqual([received(world, 0, slow), received(world, 1, quick)], [0, COUNT + 1]);
  world.settle();
});

test('C6 what compaction takes meanwhile is not told in part: the watcher is told that it is over', () => {
  const world = worldWithKeys();
  world.stream.create(watch('key', ALL));
  world.change(...changes(undefined));
  world.change(['other', 'x']);
  world.hub.catchUp(20);
  world.compact(4);
  world.settle();
  assert.equal(world.stream.compactedCount, 1);
});

test('C14 a compaction at its revision meanwhile: all records before are gone, or none', () => {
  const world = worldWithKeys();
  const id = world.stream.create(watch('key', { ...ALL, previous: true }))!;
  world.change(...changes(undefined));
  world.hub.catchUp(20);
  world.compact(3);
  world.settle();
  assert.equal(received(world, 0, id), COUNT);
});

test('C9 a restore meanwhile: it is read anew', () => {
  const world = worldWithKeys();
  const id = world.stream.create(watch('key', ALL))!;
  world.change(...changes(undefined));
  world.hub.catchUp(20);
  world.restore([[['key000', 'x']]], false);
  world.settle();
  assert.equal(received(world, 0, id), COUNT + 1);
});

test('C12 progress waits for it', () => {
  const world = worldWithKeys();
  world.stream.create(watch('key', ALL));
  const silent = world.stream.create(watch('key000', { puts: true, deletes: false }))!;
  world.change(...changes(undefined));
  world.stream.stream.requestProgressOfAll();
  world.stream.stream.requestProgress(silent);
  world.hub.catchUp(20);
  assert.deepEqual([world.stream.progressCount, world.stream.progressOfAllCount], [0, 0]);
  world.settle();
  assert.deepEqual([world.stream.progressCount, world.stream.progressOfAllCount], [1, 1]);
});

test('C13 C16 it finds those whom it concerns, whatever the order of its keys, and nobody else waits', () => {
  const world = worldWithKeys();
  const concerned = ['key050', 'key000', 'key099'].map((name) => world.stream.create(watch(name))!);
  for (const [from, to] of [
    ['a', 'key000\0'],
    ['key099', '\0'],
    ['a', 'z'],
  ] as const)
    concerned.push(world.stream.create(watch(from, { to }))!);
  const others = [
    world.stream.create(watch('a', { to: 'key000' }))!,
    world.stream.create(watch('key0990', { to: 'z' }))!,
    world.stream.create(watch('kez'))!,
    world.stream.create(watch('key', { ...ALL, startRevision: 9 }))!,
  ];
  const scattered = changes(undefined);
  world.change(...scattered.slice(50), ...scattered.slice(0, 50).reverse());
  assert.deepEqual({ ...world.hub.watcherCounts }, { synced: others.length, behind: concerned.length });
  world.settle();
});

test('C17 of values a turn reads so many bytes, whatever the number of changes, and whoever they are for', () => {
  const world = worldWithKeys([FULL], { bytesAStepMax: 90 });
  for (const [name, value] of changes('0123456789')) world.change([name, value]);
  world.change(...changes('0123456789'));
  world.stream.create(watch('none', { startRevision: 3 }));
  world.stream.create(watch('key', { ...ALL, startRevision: 3 }));
  while (world.hub.hasWork) {
    const { rowsRead } = world.history;
    world.hub.catchUp(1_000);
    // Of sixteen bytes each: two steps at most, where the first ends early before the large one.
    assert.ok(world.history.rowsRead - rowsRead <= 12, `${world.history.rowsRead - rowsRead} rows`);
  }
  world.settle();
});

test('C17 of previous values a turn reads so many bytes, whatever the number of changes', () => {
  for (const isLarge of [true, false]) {
    const world = worldWithKeys([FULL], { bytesAStepMax: 30, changesAtOnceMax: 10 });
    if (!isLarge) for (const [name, value] of changes(undefined).slice(0, 20)) world.change([name, value]);
    else world.change(...changes(undefined));
    world.stream.create(watch('key', { ...ALL, previous: true, startRevision: 3 }));
    while (world.hub.hasWork) {
      const { lookups } = world.history;
      world.hub.catchUp(1_000);
      assert.ok(world.history.lookups - lookups <= 10, `${world.history.lookups - lookups} of three bytes`);
    }
    world.settle();
  }
});
