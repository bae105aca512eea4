/** The leader's clock, call by call, with the log replaced by an obedient test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announcement, LeaseClock, leaseTtlSecondsMin } from '../../src/leases/lease-clock.ts';
import {
  LEASE_CHECKPOINT_INTERVAL_MS,
  LEASE_EXPIRY_RETRY_MS,
  LEASES_A_CHECKPOINT_MAX,
} from '../../src/leases/limits.ts';
import type { LeaseFacts } from '../../src/machine/machine-api.ts';
import { type LeaseId, leaseId } from '../../src/machine/values.ts';

const EPOCH = 4;
const id = (number: number): LeaseId => leaseId(number.toString(16).padStart(16, '0'));
const A = id(1);

function leading(leases: readonly LeaseFacts[] = [], nowMs = 0): LeaseClock {
  const clock = new LeaseClock({ extensionMs: 1_000, checkpointIntervalMs: LEASE_CHECKPOINT_INTERVAL_MS });
  clock.promote(EPOCH, nowMs, leases);
  return clock;
}

const expiry = (lease: LeaseId) =>
  ({ module: 'leases', kind: 'revoke', id: lease, cause: 'expired', epoch: EPOCH, grantNumber: 7 }) as const;

test('C19 a granted lease is due after its TTL and not before', () => {
  const clock = leading();
  clock.changed({ kind: 'granted', id: A, ttlSeconds: 10, grantNumber: 7 }, 5_000);
  assert.deepEqual(clock.dueExpiries(14_999, 100), []);
  assert.equal(clock.remainingSeconds(A, 5_001), 9);
  assert.equal(clock.remainingSeconds(A, 99_000), 0);
  assert.deepEqual(clock.dueExpiries(15_000, 100), [expiry(A)]);
});

test('C19 a renewal starts the TTL again', () => {
  const clock = leading();
  clock.changed({ kind: 'granted', id: A, ttlSeconds: 10, grantNumber: 7 }, 0);
  assert.deepEqual(clock.renew(A, 9_000), { kind: 'renewed', ttlSeconds: 10 });
  assert.deepEqual(clock.dueExpiries(18_999, 100), []);
  assert.deepEqual(clock.dueExpiries(19_000, 100), [expiry(A)]);
});

test('C19 a new leader gives every lease its TTL, or what the log says is left, and the extension', () => {
  const clock = leading(
    [
      { id: id(1), ttlSeconds: 10, remainingSeconds: 0, grantNumber: 7 },
      { id: id(2), ttlSeconds: 1_000, remainingSeconds: 3, grantNumber: 7 },
    ],
    50_000,
  );
  assert.deepEqual(clock.dueExpiries(53_999, 100), []);
  assert.deepEqual(clock.dueExpiries(54_000, 100), [expiry(id(2))]);
  assert.deepEqual(clock.dueExpiries(60_999, 100), []);
  assert.deepEqual(clock.dueExpiries(61_000, 100), [expiry(id(1))]);
});

test('C19 a renewal in the extension does not bring the end nearer', () => {
  const clock = leading([{ id: A, ttlSeconds: 10, remainingSeconds: 0, grantNumber: 7 }]);
  clock.renew(A, 1);
  assert.equal(clock.remainingSeconds(A, 500), 10);
  assert.deepEqual(clock.dueExpiries(10_999, 100), []);
  assert.deepEqual(clock.dueExpiries(11_000, 100), [expiry(A)]);
});

test('C19 a lease whose expiry was handed out is not renewed, and its expiry comes again only if it failed', () => {
  const clock = leading();
  clock.changed({ kind: 'granted', id: A, ttlSeconds: 2, grantNumber: 7 }, 0);
  assert.deepEqual(clock.dueExpiries(2_000, 100), [expiry(A)]);
  assert.deepEqual(clock.renew(A, 2_001), { kind: 'notFound' });
  assert.deepEqual(clock.dueExpiries(1_000_000, 100), []);
  clock.expiryFailed(A, 1_000_000);
  assert.deepEqual(clock.renew(A, 1_000_000), { kind: 'notFound' });
  assert.deepEqual(clock.dueExpiries(1_000_000 + LEASE_EXPIRY_RETRY_MS - 1, 100), []);
  assert.deepEqual(clock.dueExpiries(1_000_000 + LEASE_EXPIRY_RETRY_MS, 100), [expiry(A)]);
  clock.changed({ kind: 'ended', id: A }, 0);
  clock.expiryFailed(A, 0);
  assert.deepEqual(clock.dueExpiries(9_000_000, 100), []);
});

test('expiries come in portions, the longest overdue first', () => {
  const clock = leading();
  for (const ttl of [3, 1, 2, 5, 4])
    clock.changed({ kind: 'granted', id: id(ttl), ttlSeconds: ttl, grantNumber: 7 }, 0);
  const ids = (count: number): LeaseId[] => clock.dueExpiries(4_000, count).map((command) => command.id);
  assert.deepEqual([ids(3), ids(3), ids(3)], [[id(1), id(2), id(3)], [id(4)], []]);
});

test('a clock that does not run knows nothing and hands out nothing', () => {
  const clock = leading([{ id: A, ttlSeconds: 1, remainingSeconds: 0, grantNumber: 7 }]);
  assert.equal(clock.isRunning, true);
  clock.demote();
  clock.changed({ kind: 'granted', id: id(2), ttlSeconds: 1, grantNumber: 7 }, 0);
  assert.equal(clock.isRunning, false);
  assert.deepEqual(clock.renew(A, 0), { kind: 'notLeading' });
  assert.deepEqual(clock.dueExpiries(1_000_000, 10), []);
  assert.equal(clock.dueCheckpoint(1_000_000), undefined);
  assert.equal(clock.remainingSeconds(A, 0), undefined);
});

test('a lease longer than the interval is checkpointed once an interval, rounded up; a short one never', () => {
  const clock = leading();
  clock.changed(
    { kind: 'granted', id: id(1), ttlSeconds: LEASE_CHECKPOINT_INTERVAL_MS / 1000, grantNumber: 7 },
    0,
  );
  clock.changed({ kind: 'granted', id: id(2), ttlSeconds: 1_000, grantNumber: 7 }, 0);
  assert.equal(clock.dueCheckpoint(LEASE_CHECKPOINT_INTERVAL_MS - 1), undefined);
  const remaining = (nowMs: number) => {
    const command = clock.dueCheckpoint(nowMs);
    return command?.kind === 'checkpoint' ? command.remaining : undefined;
  };
  assert.deepEqual(remaining(LEASE_CHECKPOINT_INTERVAL_MS), [{ id: id(2), remainingSeconds: 700 }]);
  assert.equal(remaining(LEASE_CHECKPOINT_INTERVAL_MS), undefined);
  assert.deepEqual(remaining(2 * LEASE_CHECKPOINT_INTERVAL_MS + 1), [{ id: id(2), remainingSeconds: 400 }]);
  assert.deepEqual(remaining(3 * LEASE_CHECKPOINT_INTERVAL_MS + 1), [{ id: id(2), remainingSeconds: 100 }]);
  assert.equal(remaining(999_999), undefined);
});

test('a checkpoint command holds so many leases and no more', () => {
  const clock = leading();
  const count = LEASES_A_CHECKPOINT_MAX + 5;
  for (let i = 1; i <= count; i++)
    clock.changed({ kind: 'granted', id: id(i), ttlSeconds: 1_000, grantNumber: 7 }, 0);
  const sizes: number[] = [];
  for (let next = clock.dueCheckpoint(400_000); next !== undefined; next = clock.dueCheckpoint(400_000)) {
    assert.ok(next.kind === 'checkpoint' && next.epoch === EPOCH);
    sizes.push(next.remaining.length);
  }
  assert.deepEqual(sizes, [LEASES_A_CHECKPOINT_MAX, 5]);
});

test('C19 after a checkpoint a renewal is not acknowledged before the log says full again', () => {
  const clock = leading();
  clock.changed({ kind: 'granted', id: A, ttlSeconds: 1_000, grantNumber: 7 }, 0);
  assert.notEqual(clock.dueCheckpoint(300_000), undefined);
  const remaining = [{ id: A, remainingSeconds: 0 }];
  const cleared = {
    module: 'leases',
    kind: 'checkpoint',
    epoch: EPOCH,
    word: 2,
    lastGrantNumber: 7,
    remaining,
  } as const;
  // The checkpoint is on its way, not applied; that it was handed out is enough.
  assert.deepEqual(clock.renew(A, 300_001), { kind: 'clearFirst', command: cleared });
  clock.changed({ kind: 'checkpointed', id: A, remainingSeconds: 700, epoch: EPOCH, word: 1 }, 300_002);
  assert.equal(clock.renew(A, 300_003).kind, 'clearFirst');
  clock.changed({ kind: 'checkpointed', id: A, remainingSeconds: 0, epoch: EPOCH, word: 2 }, 300_004);
  assert.equal(clock.renew(A, 300_005).kind, 'clearFirst', 'not the last word');
  assert.equal(clock.dueCheckpoint(650_000), undefined, 'none in between');
  clock.changed({ kind: 'checkpointed', id: A, remainingSeconds: 0, epoch: EPOCH + 1, word: 4 }, 650_000);
  assert.equal(clock.renew(A, 650_000).kind, 'clearFirst', 'another leader’s word');
  clock.changed({ kind: 'checkpointed', id: A, remainingSeconds: 0, epoch: EPOCH, word: 5 }, 650_001);
  assert.deepEqual(clock.renew(A, 650_002), { kind: 'renewed', ttlSeconds: 1_000 });
  assert.deepEqual(clock.dueExpiries(1_650_001, 10), []);
});

test('C19 a leader that finds a checkpoint in the log clears it before it acknowledges', () => {
  const clock = leading([{ id: A, ttlSeconds: 1_000, remainingSeconds: 30, grantNumber: 7 }]);
  assert.equal(clock.renew(A, 1).kind, 'clearFirst');
  clock.changed({ kind: 'checkpointed', id: A, remainingSeconds: 0, epoch: EPOCH, word: 1 }, 2);
  assert.equal(clock.renew(A, 3).kind, 'renewed');
});

test('the announcement says the epoch and changes no lease', () => {
  assert.deepEqual(announcement(9), {
    module: 'leases',
    kind: 'checkpoint',
    epoch: 9,
    word: 0,
    lastGrantNumber: 0,
    remaining: [],
  });
});

test('the shortest TTL is one and a half election timeouts in whole seconds, as etcd answers', () => {
  assert.equal(leaseTtlSecondsMin(10, 100), 2);
  assert.equal(leaseTtlSecondsMin(10, 1_000), 15);
  assert.equal(leaseTtlSecondsMin(5, 100), 1);
});
