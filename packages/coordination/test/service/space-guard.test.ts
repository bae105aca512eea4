/** The quota of one member's store: what is turned away, when the alarm is raised, when it is cleared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Alarm, type AlarmCommand, type Command, key, NO_LEASE } from '@synod/coordination';
import { SpaceGuard } from '../../src/service/space-guard.ts';

const SELF = '00000000000000aa';
const MAX = 10_000;

function put(valueBytes: number): Command {
  return {
    module: 'keyspace',
    kind: 'put',
    key: key('k'),
    value: new Uint8Array(valueBytes),
    lease: NO_LEASE,
    previous: false,
    keepValue: false,
    keepLease: false,
  };
}

const DELETE: Command = {
  module: 'keyspace',
  kind: 'deleteRange',
  span: { from: key('k'), to: undefined },
  previous: false,
};

function subject(storeBytesMax = MAX) {
  const world = { stored: 0, alarms: [] as Alarm[], notices: [] as number[] };
  const asked: { readonly command: AlarmCommand; readonly done: () => void }[] = [];
  const guard = new SpaceGuard({
    self: SELF,
    machine: { alarms: () => world.alarms },
    storedBytes: () => world.stored,
    storeBytesMax,
    submit: (command, done) => void asked.push({ command, done }),
    raised: (bytes) => void world.notices.push(bytes),
  });
  const tickAt = (stored: number): void => {
    world.stored = stored;
    guard.tick();
  };
  /** The change that was asked for last takes effect. */
  const applied = (): void => {
    const { command, done } = asked.at(-1)!;
    world.alarms = command.kind === 'raise' ? [command.alarm] : [];
    done();
  };
  return { guard, world, asked, tickAt, applied, kinds: () => asked.map(({ command }) => command.kind) };
}

test('a command that would not fit is turned away and raises the alarm, once; what takes no space fits always', () => {
  const { guard, world, tickAt, applied, kinds, asked } = subject();
  tickAt(9_000);
  assert.equal(guard.admits(put(500)), true);
  assert.equal(guard.admits(put(500)), false, 'with the one before it would be too much');
  assert.equal(guard.admits(put(500)), false);
  assert.equal(guard.admits(DELETE), true);
  assert.deepEqual(kinds(), ['raise']);
  assert.deepEqual(asked[0]!.command.alarm, { member: SELF, kind: 'noSpace', isAutomatic: true });
  assert.equal(world.notices.length, 1);
  applied();
  assert.equal(guard.admits(put(5_000)), false);
  tickAt(9_500);
  assert.deepEqual(kinds(), ['raise'], 'it is raised already');
  // What was let through and came to nothing counts no longer.
  assert.equal(guard.admits(put(100)), true);
});

test('who is refused hears of it once the alarm stands, and at once where none is on its way', () => {
  const { guard, tickAt, applied, asked } = subject();
  const told: string[] = [];
  guard.afterAlarm(() => void told.push('none on its way'));
  tickAt(MAX);
  guard.afterAlarm(() => void told.push('raised'));
  assert.deepEqual(told, ['none on its way']);
  applied();
  assert.deepEqual(told, ['none on its way', 'raised']);
  tickAt(0);
  assert.equal(asked.at(-1)!.command.kind, 'clear');
  guard.afterAlarm(() => void told.push('being cleared'));
  assert.equal(told.at(-1), 'being cleared');
});

test('a store that others filled raises the alarm by itself; a change that was lost is asked for again', () => {
  const { tickAt, kinds, asked } = subject();
  tickAt(MAX);
  tickAt(MAX);
  assert.deepEqual(kinds(), ['raise']);
  asked[0]!.done();
  tickAt(MAX);
  assert.deepEqual(kinds(), ['raise', 'raise']);
});

test('its own alarm is cleared well below the quota, and not between; by hand is by hand', () => {
  const { world, tickAt, applied, kinds } = subject();
  tickAt(MAX);
  applied();
  tickAt(8_000);
  assert.deepEqual(kinds(), ['raise']);
  tickAt(7_999);
  assert.deepEqual(kinds(), ['raise', 'clear']);
  applied();
  tickAt(7_000);
  assert.deepEqual(kinds(), ['raise', 'clear']);
  for (const alarm of [
    { member: SELF, kind: 'noSpace', isAutomatic: false },
    { member: '00000000000000bb', kind: 'noSpace', isAutomatic: true },
    { member: SELF, kind: 'corrupt', isAutomatic: true },
  ] as const) {
    world.alarms = [alarm];
    tickAt(0);
  }
  assert.deepEqual(kinds(), ['raise', 'clear']);
});

test('what is too large for a store that is not full is refused, and others may go on', () => {
  const { guard, tickAt, kinds } = subject();
  tickAt(7_999);
  assert.equal(guard.admits(put(5_000)), false);
  assert.deepEqual(kinds(), []);
  tickAt(8_000);
  assert.equal(guard.admits(put(5_000)), false);
  assert.deepEqual(kinds(), ['raise']);
});

test('without a quota nothing is measured', () => {
  const guard = new SpaceGuard({
    self: SELF,
    machine: { alarms: () => assert.fail() },
    storedBytes: () => assert.fail(),
    storeBytesMax: Number.POSITIVE_INFINITY,
    submit: () => assert.fail(),
    raised: () => assert.fail(),
  });
  guard.tick();
  assert.equal(guard.admits(put(2 ** 20)), true);
});
