/** What a member learns of itself before it serves (K8). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { revision } from '@synod/coordination';
import { CorruptionWorld, TIMEOUT_TICKS } from './corruption-world.ts';

const WAIT_TICKS = 10;

function startedWorld(size: number): CorruptionWorld {
  const world = new CorruptionWorld(size);
  world.put('a', 'x');
  world.put('b', 'y');
  return world;
}

/** The verdicts that came, once everything is settled. */
function begin(world: CorruptionWorld): boolean[] {
  const verdicts: boolean[] = [];
  world.first.checks.checkBeforeServing(WAIT_TICKS, (isSound) => verdicts.push(isSound));
  world.settle();
  return verdicts;
}

test('K8 equal to all others: it serves; the only member of its cluster, too', () => {
  assert.deepEqual(begin(startedWorld(3)), [true]);
  assert.deepEqual(begin(startedWorld(1)), [true]);
});

test('K8 any other that holds something else is a reason not to serve, whoever is right', () => {
  for (const wrong of [0, 1]) {
    const world = startedWorld(3);
    world.corrupt(wrong);
    assert.deepEqual(begin(world), [false]);
    const event = world.first.events.at(-1);
    assert.deepEqual(event?.kind === 'hashesDiffer' && event.blamed, [world.id(wrong)]);
  }
});

test('K8 no alarm is raised: there may be nobody yet to agree on it', () => {
  const world = startedWorld(3);
  world.corrupt(0);
  begin(world);
  assert.deepEqual(world.first.raised, []);
});

test('K8 who lags, or was compacted further, says nothing', () => {
  const world = startedWorld(3);
  world.first.subject.run({ module: 'keyspace', kind: 'compact', revision: revision(2) });
  world.corrupt(0);
  assert.deepEqual(begin(world), [true]);
});

test('K8 who cannot be reached is waited for, and left out in the end; who comes meanwhile is asked', () => {
  const world = startedWorld(3);
  world.corrupt(0);
  world.cut.add(world.id(1));
  world.cut.add(world.id(2));
  const verdicts = begin(world);
  for (let i = 1; i < WAIT_TICKS; i++) world.tick(0);
  world.settle();
  assert.deepEqual(verdicts, []);
  world.cut.delete(world.id(2));
  world.tick(0);
  world.settle();
  assert.deepEqual(verdicts, [false]);

  const alone = startedWorld(3);
  alone.cut.add(alone.id(1));
  alone.cut.add(alone.id(2));
  const alonesVerdicts = begin(alone);
  for (let i = 0; i < 3 * WAIT_TICKS; i++) alone.tick(0);
  assert.deepEqual(alonesVerdicts, [true]);
});

test('K8 who was asked and does not answer is left out', () => {
  const world = startedWorld(2);
  world.corrupt(0);
  world.deaf.add(world.id(1));
  const verdicts = begin(world);
  for (let i = 0; i < TIMEOUT_TICKS; i++) world.tick(0);
  assert.deepEqual(verdicts, [true]);
});
