/** C19 under random failovers, lost and late commands, deposed leaders that go on, and checkpoints. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leaseId } from '../../src/machine/values.ts';
import { LeaseWorld } from './lease-world.ts';

const LEASES = [1, 2, 3].map((number) => leaseId(number.toString(16).padStart(16, '0')));
const which = fc.nat(20);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 60_000, max: 310_000 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('grant' as const),
      id: fc.constantFrom(...LEASES),
      ttlSeconds: fc.constantFrom(2, 5, 400, 700, 2_000),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('tick' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('land' as const),
      which,
      fate: fc.constantFrom('applied' as const, 'lost' as const, 'givenUp' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('landAll' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('send' as const), id: fc.constantFrom(...LEASES), which }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('proceed' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('failOver' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retireOld' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function run(world: LeaseWorld, each: Step): void {
  switch (each.kind) {
    case 'pass':
      world.pass(each.ms);
      return;
    case 'grant':
      world.grant(each.id, each.ttlSeconds);
      return;
    case 'tick':
      world.tick();
      return;
    case 'land':
      world.land(each.which, each.fate);
      return;
    case 'landAll':
      world.landAll();
      return;
    case 'send':
      world.send(each.id, each.which);
      return;
    case 'proceed':
      world.proceed(each.which);
      return;
    case 'failOver':
      world.failOver();
      return;
    case 'retireOld':
      world.retireOld();
  }
}

test('C19 no lease ends before its TTL from the client’s send of the last acknowledged keep-alive', () => {
  const seen = { expired: 0, renewed: 0, cleared: 0 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (steps) => {
      const world = new LeaseWorld();
      for (const each of steps) run(world, each);
      seen.expired += world.expiredCount;
      seen.renewed += world.renewedCount;
      seen.cleared += world.clearedCount;
    }),
    { seed: 1, numRuns: 4_000 },
  );
  // The schedules come to the places that matter.
  assert.ok(seen.expired > 500 && seen.renewed > 500 && seen.cleared > 100, JSON.stringify(seen));
});

test('C19 once a leader stays, every lease that nobody renews ends', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), (steps) => {
      const world = new LeaseWorld();
      for (const each of steps) run(world, each);
      world.failOver();
      world.retireOld();
      world.landAll();
      for (let seconds = 0; seconds < 2_010 && world.leases.length > 0; seconds++) {
        world.pass(1_000);
        world.tick();
        world.landAll();
      }
      assert.deepEqual(world.leases, []);
    }),
    { seed: 2, numRuns: 200 },
  );
});
