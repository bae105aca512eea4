/** Random schedules of changes, slow connections, compactions and restores; the world checks every delivery. */
import { test } from 'node:test';
import fc from 'fast-check';
import { WATCH_LIMITS, type WatchLimits } from '../../src/watches/limits.ts';
import { WatchWorld, watch } from './watch-world.ts';

const NAMES = ['a', 'aa', 'ab', 'b', 'ba', 'c', '\xff'];
const ENDS = [undefined, undefined, 'b', 'bb', '\xff', '\0', 'a'];

const change = fc.tuple(
  fc.constantFrom(...NAMES),
  fc.option(fc.constantFrom('x', 'y', 'z'.repeat(40)), { nil: undefined, freq: 3 }),
);
const transaction = fc
  .array(change, { minLength: 1, maxLength: 4 })
  .map((changes) => [...new Map(changes)] as [string, string | undefined][]);
const stream = fc.nat(2);

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('change' as const), transaction }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      stream,
      from: fc.constantFrom(...NAMES),
      to: fc.constantFrom(...ENDS),
      id: fc.option(fc.nat(4), { nil: undefined }),
      /** Relative to the current revision; undefined: from now on. */
      start: fc.option(fc.integer({ min: -12, max: 4 }), { nil: undefined }),
      puts: fc.boolean(),
      deletes: fc.boolean(),
      previous: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('catchUp' as const), rows: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('drain' as const),
      stream,
      room: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), stream, id: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), back: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('progress' as const), stream, id: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('progressOfAll' as const), stream }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restore' as const),
      transactions: fc.array(transaction, { maxLength: 4 }),
      compact: fc.boolean(),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function run(world: WatchWorld, each: Step): void {
  const { history } = world;
  switch (each.kind) {
    case 'change':
      world.change(...each.transaction);
      return;
    case 'create': {
      const startRevision = each.start === undefined ? 0 : Math.max(1, history.revision + each.start);
      world.streams[each.stream]!.create({
        ...watch(each.from, each.to === undefined ? {} : { to: each.to }),
        id: each.id,
        startRevision,
        puts: each.puts,
        deletes: each.deletes,
        previous: each.previous,
      });
      return;
    }
    case 'catchUp':
      world.hub.catchUp(each.rows);
      return;
    case 'drain':
      world.streams[each.stream]!.drain(each.room);
      return;
    case 'pause':
      world.streams[each.stream]!.stream.pause();
      return;
    case 'cancel':
      world.streams[each.stream]!.cancel(each.id);
      return;
    case 'compact':
      world.compact(history.revision - each.back);
      return;
    case 'progress':
      world.streams[each.stream]!.stream.requestProgress(each.id);
      return;
    case 'progressOfAll':
      world.streams[each.stream]!.stream.requestProgressOfAll();
      return;
    case 'restore':
      world.restore(each.transactions, each.compact);
  }
}

/** With small portions; and so small that a transaction of two changes is a large revision. */
const limits: fc.Arbitrary<Partial<WatchLimits>> = fc.record({
  bytesAStepMax: fc.constant(60),
  deliveriesAStepMax: fc.constantFrom(6, 1),
  changesAtOnceMax: fc.constantFrom(WATCH_LIMITS.changesAtOnceMax, 1, 2),
  watchersAReadingMax: fc.constantFrom(100, 2, 1),
  eventsHeldMax: fc.constantFrom(100, 6, 1),
});

test('C7 C8 C9 C10 C12 C13 C14 C15 C16 C17 every watcher sees exactly its part of the history, in order', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), limits, (steps, some) => {
      const world = new WatchWorld([Number.POSITIVE_INFINITY, 2, 1], some);
      for (const each of steps) run(world, each);
      world.settle();
    }),
    { seed: 1, numRuns: 6_000 },
  );
});

test('C8 C9 a sink that creates, cancels and asks while it is being told changes nothing for the others', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
      fc.array(fc.nat(5), { maxLength: 12 }),
      limits,
      (steps, acts, some) => {
        const world = new WatchWorld([Number.POSITIVE_INFINITY, 2, 1], some);
        const todo = [...acts];
        world.onDelivery = (teller) => {
          const act = todo.pop();
          const ids = [...teller.clients.keys()];
          if (act === 0) teller.create(watch('a', { to: '\0', startRevision: 1 }));
          else if (act === 1) teller.create(watch('b'));
          else if (act === 2) teller.cancel(ids.at(-1)!);
          else if (act === 3) teller.stream.requestProgressOfAll();
          else if (act === 4) teller.stream.pause();
          else if (act === 5) world.streams[2]!.stream.pause();
        };
        for (const each of steps) run(world, each);
        world.onDelivery = undefined;
        world.settle();
      },
    ),
    { seed: 11, numRuns: 5_000 },
  );
});
