/** C19 under random failovers, lost and late commands, deposed leaders that go on, and checkpoints. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leaseId } from '../../src/machine/values.ts';
import { LeaseWorld } from './lease-world.ts';

const which = fc.nat(20);

interface Mixture {
  readonly leases: number;
  readonly ttlSeconds: readonly number[];
  readonly passMs: fc.Arbitrary<number>;
}

const stepOf = ({ leases, ttlSeconds, passMs }: Mixture) => {
  const id = fc
    .integer({ min: 1, max: leases })
    .map((number) => leaseId(number.toString(16).padStart(16, '0')));
  const fate = fc.constantFrom('applied' as const, 'lost' as const, 'givenUp' as const);
  const kind = <Kind extends string>(name: Kind) => ({ kind: fc.constant(name) });
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ ...kind('pass'), ms: passMs }) },
    { weight: 2, arbitrary: fc.record({ ...kind('grant'), id, ttlSeconds: fc.constantFrom(...ttlSeconds) }) },
    { weight: 5, arbitrary: fc.record(kind('tick')) },
    { weight: 4, arbitrary: fc.record({ ...kind('land'), which, fate }) },
    { weight: 3, arbitrary: fc.record(kind('landAll')) },
    { weight: 5, arbitrary: fc.record({ ...kind('send'), id, which }) },
    { weight: 8, arbitrary: fc.record({ ...kind('proceed'), which }) },
    { weight: 2, arbitrary: fc.record(kind('failOver')) },
    { weight: 1, arbitrary: fc.record(kind('retireOld')) },
  );
};

const MIXED: Mixture = {
  leases: 3,
  ttlSeconds: [2, 5, 400, 700, 2_000],
  passMs: fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 60_000, max: 310_000 })),
};

/** One lease that lives through many checkpoints: for the order of what the clock says of it. */
const LONG: Mixture = {
  leases: 1,
  ttlSeconds: [700, 1_000],
  passMs: fc.constantFrom(1_000, 100_000, 300_000),
};

type Step = ReturnType<typeof stepOf> extends fc.Arbitrary<infer Value> ? Value : never;

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

for (const [name, mixture, seed] of [
  ['leases of all lengths', MIXED, 1],
  ['a long lease', LONG, 3],
] as const) {
  test(`C19 no lease ends before its TTL from the client’s send of the last acknowledged keep-alive: ${name}`, () => {
    const seen = { expired: 0, renewed: 0, cleared: 0 };
    const schedule = fc.array(stepOf(mixture), { minLength: 20, maxLength: 120, size: 'max' });
    fc.assert(
      fc.property(schedule, (steps) => {
        const world = new LeaseWorld();
        for (const each of steps) run(world, each);
        world.runOut();
        seen.expired += world.expiredCount;
        seen.renewed += world.renewedCount;
        seen.cleared += world.clearedCount;
      }),
      { seed, numRuns: 4_000 },
    );
    // The schedules come to the places that matter.
    assert.ok(seen.expired > 500 && seen.renewed > 500 && seen.cleared > 100, JSON.stringify(seen));
  });
}
