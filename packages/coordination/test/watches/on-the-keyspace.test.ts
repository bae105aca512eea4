/**
 * The hub on the real state machine: what the keyspace's history says later must be what it published at first, through
 * compactions, sweeps and restores.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEnvelope, epoch, logIndex } from '@synod/consensus';
import fc from 'fast-check';
import { MemoryBackend } from '../../src/backend/memory-backend.ts';
import { encodeCommands } from '../../src/machine/command-codec.ts';
import type { Command, PutCommand } from '../../src/machine/commands.ts';
import { type CoordinationMachine, createMachine } from '../../src/machine/machine.ts';
import { ALL_AFTER, key, type LeaseId, leaseId, NO_LEASE } from '../../src/machine/values.ts';
import { WATCH_LIMITS, type WatchLimits } from '../../src/watches/limits.ts';
import type { WatchEvent } from '../../src/watches/watch.ts';
import { WatchHub } from '../../src/watches/watch-hub.ts';
import type { WatchStream } from '../../src/watches/watch-stream.ts';

const LEASE = leaseId('00000000000000aa');

/** An event as a line, so that a difference reads well. */
function line({ kind, record, previous }: WatchEvent): string {
  const value = new TextDecoder().decode(record.value);
  const before = previous === undefined ? '' : ` was ${previous.version}@${previous.modRevision}`;
  return `${record.modRevision} ${kind} ${record.key} ${value} v${record.version}${before}`;
}

class Member {
  private readonly id: string;
  readonly machine: CoordinationMachine;
  readonly hub: WatchHub;
  /** Everything that was published here, and where another member's state took over. */
  readonly published: WatchEvent[] = [];
  private sequence = 0;
  private readonly stream: WatchStream;
  /** id → what the watcher was told; removed when its past was compacted. */
  readonly told = new Map<number, string[]>();
  private readonly starts = new Map<number, number>();

  /** `id`: whose proposals these are; members that share a log need different ones. */
  constructor(id = '0000000000000001', limits: Partial<WatchLimits> = {}) {
    this.id = id;
    // The machine publishes nothing before the hub exists: it begins empty.
    let hub: WatchHub | undefined;
    this.machine = createMachine({
      backend: new MemoryBackend(),
      founders: [],
      outputs: {
        result: () => undefined,
        events: (revision, events) => {
          this.published.push(...events);
          hub?.publish(revision, events);
        },
        compacted: () => undefined,
        authChanged: () => {},
        membersChanged: () => {},
        leaseChanged: () => undefined,
        restored: () => hub?.restored(),
      },
    });
    hub = new WatchHub(this.machine.history, { ...WATCH_LIMITS, ...limits });
    this.hub = hub;
    this.stream = hub.openStream({
      events: (id, _revision, events) => this.told.get(id)!.push(...events.map(line)),
      compacted: (id) => this.told.delete(id),
      progress: () => undefined,
    });
  }

  apply(...commands: Command[]): void {
    const sequence = ++this.sequence;
    const payload = encodeEnvelope({
      member: this.id,
      incarnation: 1,
      sequence,
      oldestPending: sequence,
      body: encodeCommands(commands),
    });
    const index = logIndex(this.machine.appliedIndex + 1);
    this.machine.apply([{ index, epoch: epoch(1), kind: 'command', payload }]);
  }

  watch(startRevision: number, previous = false): number {
    const span = { from: key('\0'), to: ALL_AFTER };
    const from = startRevision === 0 ? this.machine.revision + 1 : startRevision;
    const created = this.stream.create({
      id: undefined,
      span,
      startRevision,
      puts: true,
      deletes: true,
      previous,
    });
    assert.ok(created.kind === 'created');
    this.told.set(created.id, []);
    this.starts.set(created.id, from);
    return created.id;
  }

  toggle(): void {
    if (this.stream.isPaused) this.stream.resume();
    else this.stream.pause();
  }

  check(): void {
    this.stream.resume();
    while (this.hub.hasWork) this.hub.catchUp(7);
    for (const [id, told] of this.told) {
      const due = this.published.filter(({ record }) => record.modRevision >= this.starts.get(id)!);
      assert.deepEqual(told, due.map(line));
    }
  }
}

const put = (name: string, value: string, lease: LeaseId = NO_LEASE): PutCommand => ({
  module: 'keyspace',
  kind: 'put',
  key: key(name),
  value: new TextEncoder().encode(value),
  lease,
  previous: false,
  keepValue: false,
  keepLease: false,
});

const remove = (from: string, to?: string): Command => ({
  module: 'keyspace',
  kind: 'deleteRange',
  span: { from: key(from), to: to === undefined ? undefined : key(to) },
  previous: false,
});

const name = fc.constantFrom('a', 'b', 'c', 'd');
const change = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(name, fc.constantFrom('x', 'y')).map(([at, value]) => put(at, value)) },
  {
    weight: 2,
    arbitrary: fc.tuple(name, fc.option(name)).map(([from, to]) => remove(from, to ?? undefined)),
  },
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('change' as const), change }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('watch' as const), back: fc.integer({ min: -2, max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), back: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('sweep' as const), rows: fc.integer({ min: 1, max: 20 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('catchUp' as const), rows: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('toggle' as const) }) },
);

test('C9 C11 S4 what the history tells later is what was published, as far as compaction left it', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (steps) => {
      // What changes two keys or more is a large revision, or none is.
      const member = new Member(
        undefined,
        steps.length % 2 === 0 ? { changesAtOnceMax: 1, rowsAStepMax: 2 } : {},
      );
      for (const each of steps) {
        const { machine, hub } = member;
        if (each.kind === 'change') member.apply(each.change);
        else if (each.kind === 'watch') member.watch(Math.max(1, machine.revision - each.back));
        else if (each.kind === 'compact')
          member.apply({
            module: 'keyspace',
            kind: 'compact',
            revision: Math.max(1, machine.revision - each.back) as typeof machine.revision,
          });
        else if (each.kind === 'sweep') machine.sweep(each.rows);
        else if (each.kind === 'catchUp') hub.catchUp(each.rows);
        else member.toggle();
      }
      member.check();
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('C14 the record before, live and from the past, is the same', () => {
  const member = new Member();
  const live = member.watch(0, true);
  member.apply(put('a', '1'));
  member.apply(put('a', '2'));
  member.apply(remove('a'));
  member.apply(put('a', '3'));
  const past = member.watch(2, true);
  while (member.hub.hasWork) member.hub.catchUp(1);
  const expected = ['2 put a 1 v1', '3 put a 2 v2 was 1@2', '4 delete a  v0 was 2@3', '5 put a 3 v1'];
  assert.deepEqual(member.told.get(live), expected);
  assert.deepEqual(member.told.get(past), expected);
});

test('C20 a lease’s end is one revision with all its keys, live and from the past', () => {
  const member = new Member();
  member.apply({ module: 'leases', kind: 'grant', id: LEASE, ttlSeconds: 5 });
  for (const at of ['b', 'a', 'c']) member.apply(put(at, 'x', LEASE));
  const live = member.watch(0);
  member.apply({ module: 'leases', kind: 'revoke', id: LEASE, cause: 'expired', epoch: 1, grantNumber: 1 });
  const past = member.watch(5);
  member.hub.catchUp(10);
  const expected = ['5 delete a  v0', '5 delete b  v0', '5 delete c  v0'];
  assert.deepEqual(member.told.get(live), expected);
  assert.deepEqual(member.told.get(past), expected);
});

test('C9 C16 a watcher goes on over a restore of another member’s state', () => {
  const ahead = new Member();
  const behind = new Member('0000000000000002');
  for (const member of [ahead, behind]) member.apply(put('a', '1'));
  const synced = behind.watch(0);
  const future = behind.watch(4);
  for (const value of ['2', '3', '4']) ahead.apply(put('a', value));
  const image = ahead.machine.capture();
  const restore = behind.machine.beginRestore(ahead.machine.appliedIndex);
  for (let piece = image.next(); piece !== undefined; piece = image.next()) restore.write(piece);
  image.close();
  restore.finish((error) => assert.equal(error, undefined));
  behind.hub.catchUp(10);
  behind.apply(put('a', '5'));
  assert.deepEqual(behind.told.get(future), ['4 put a 3 v3', '5 put a 4 v4', '6 put a 5 v5']);
  assert.deepEqual(behind.told.get(synced), ['3 put a 2 v2', ...behind.told.get(future)!]);
});
