/** Leases on whichever member leads, with time and log in the test's hand (V3, V5–V7; C19, S6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes } from '@synod/consensus';
import { key, leaseId } from '@synod/coordination';
import { LEASE_EXPIRIES_A_TICK } from '../../src/service/limits.ts';
import { METHOD } from '../../src/service/peer-calls.ts';
import { A, B, EXTENSION_MS, LeaseWorld } from './lease-world.ts';

const FAILED = { kind: 'serviceFailure', code: 'timeout' } as const;

test('V6 a leader announces its clock to the log before it renews or ends anything', () => {
  const world = new LeaseWorld();
  const lease = world.grant(10);
  world.lead(world.a, 1);
  assert.deepEqual(
    world.a.submitted.map(({ command }) => command),
    [{ module: 'leases', kind: 'checkpoint', epoch: 1, word: 0, lastGrantNumber: 0, remaining: [] }],
  );
  const renewal = world.renew(world.a, lease);
  world.nowMs = 60_000;
  world.tick();
  assert.equal(world.a.submitted.length, 1, 'nothing ends before the clock runs');
  assert.equal(world.a.reads.length, 0);
  world.commitAll(world.a);
  world.tick();
  world.confirmReads(world.a);
  assert.deepEqual(renewal, { answer: 'renewed 10' });
});

test('V6 an announcement that came to nothing is made again, while this member leads', () => {
  const world = new LeaseWorld();
  world.lead(world.a, 1);
  world.a.submitted.splice(0)[0]!.done(FAILED);
  world.tick();
  world.tick();
  assert.equal(world.a.submitted.length, 1, 'once');
  world.lead(world.b, 2);
  // The end of an announcement of an earlier leadership starts no clock.
  world.commitAll(world.a);
  world.tick();
  assert.equal(world.a.submitted.length, 0);
  const renewal = world.renew(world.a, world.grant(10));
  assert.equal(world.messages.length, 1, 'asked of the new leader, not answered here');
  assert.deepEqual(renewal, {});
});

test('V5 a keep-alive is acknowledged only after a quorum confirmed the leader, asked after it came', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  const lease = world.grant(10);
  world.nowMs = 9_000;
  const renewal = world.renew(world.a, lease);
  assert.deepEqual(renewal, {});
  assert.equal(world.a.reads.length, 1);
  world.confirmReads(world.a);
  assert.deepEqual(renewal, { answer: 'renewed 10' });
  world.nowMs = 18_999;
  world.tick();
  assert.equal(world.a.submitted.length, 0, 'the whole TTL again from here');
  world.nowMs = 19_000;
  world.tick();
  assert.equal(world.a.submitted.length, 1);
});

test('V5 a leader that is not confirmed, or was deposed meanwhile, acknowledges nothing; the next one does', () => {
  for (const outcome of ['noLeader', 'deposed'] as const) {
    const world = new LeaseWorld();
    world.leadAnnounced(world.a, 1);
    const lease = world.grant(10);
    const renewal = world.renew(world.a, lease);
    if (outcome === 'noLeader') world.a.reads.splice(0)[0]!('noLeader');
    world.leadAnnounced(world.b, 2);
    world.confirmReads(world.a);
    assert.deepEqual(renewal, {}, outcome);
    world.tick();
    world.deliverAll();
    world.confirmReads(world.b);
    world.deliverAll();
    assert.deepEqual(renewal, { answer: 'renewed 10' }, outcome);
  }
});

test('V5 a confirmation that belongs to an earlier leadership of the same member counts for nothing', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  const renewal = world.renew(world.a, world.grant(10));
  world.leadAnnounced(world.b, 2);
  world.leadAnnounced(world.a, 3);
  world.confirmReads(world.a);
  assert.deepEqual(renewal, {});
  world.tick();
  world.confirmReads(world.a);
  assert.deepEqual(renewal, { answer: 'renewed 10' });
});

test('V3 a keep-alive at a follower is the leader’s to answer', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  const lease = world.grant(10);
  const renewal = world.renew(world.b, lease);
  assert.deepEqual(
    world.messages.map(({ from, to }) => [from, to]),
    [[B, A]],
  );
  world.deliverAll();
  assert.deepEqual(renewal, {}, 'the quorum is asked first there too');
  world.confirmReads(world.a);
  world.deliverAll();
  assert.deepEqual(renewal, { answer: 'renewed 10' });

  const unknown = world.renew(world.b, leaseId('0000000000000bad'));
  world.deliverAll();
  world.confirmReads(world.a);
  world.deliverAll();
  assert.deepEqual(unknown, { answer: 'notFound' });
});

test('V3 what is left of a lease, and its keys, are the leader’s to tell', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  const lease = world.grant(10);
  const put = { module: 'keyspace', kind: 'put', value: new Uint8Array(0), previous: false } as const;
  for (const name of ['b', 'a'])
    world.apply({ ...put, key: key(name), lease, keepValue: false, keepLease: false });
  world.nowMs = 3_500;
  const told = world.timeToLive(world.b, lease);
  world.deliverAll();
  world.confirmReads(world.a);
  world.deliverAll();
  const { answer } = told;
  assert.ok(typeof answer === 'object' && answer.kind === 'found');
  assert.deepEqual(
    { ...answer, keys: [...answer.keys] },
    { kind: 'found', remainingSeconds: 6, grantedSeconds: 10, keys: ['a', 'b'] },
  );
});

test('V7 S6 an expiry is proposed once; again only when it ended in no result, and later', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  const lease = world.grant(2);
  world.nowMs = 1_999;
  world.tick();
  assert.equal(world.a.submitted.length, 0);
  world.nowMs = 2_000;
  for (let i = 0; i < 5; i++) world.tick();
  assert.deepEqual(
    world.a.submitted.map(({ command }) => command),
    [{ module: 'leases', kind: 'revoke', id: lease, cause: 'expired', epoch: 1, grantNumber: 1 }],
  );
  assert.ok(world.machine.lease(lease) !== undefined, 'it lives until the command is applied');
  world.a.submitted.splice(0)[0]!.done(FAILED);
  world.tick();
  assert.equal(world.a.submitted.length, 0);
  const late = world.renew(world.a, lease);
  world.confirmReads(world.a);
  assert.deepEqual(late, { answer: 'notFound' }, 'its end may still land');
  world.nowMs += 60_000;
  world.tick();
  world.tick();
  assert.equal(world.a.submitted.length, 1);
  world.commitAll(world.a);
  assert.equal(world.machine.lease(lease), undefined);
  world.tick();
  assert.equal(world.a.submitted.length, 0);
});

test('V7 a follower ends nothing, and a deposed leader nothing more', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  world.grant(2);
  world.nowMs = 1_000;
  world.leadAnnounced(world.b, 2);
  world.nowMs = 2_500;
  world.tick();
  assert.equal(world.a.submitted.length, 0);
  assert.equal(world.b.submitted.length, 0, 'C19: its time began anew with the leader, and more');
  world.nowMs = 1_000 + 2_000 + EXTENSION_MS;
  world.tick();
  assert.equal(world.a.submitted.length, 0);
  assert.equal(world.b.submitted.length, 1);
});

test('V8 a burst of expiries is spread over ticks', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  for (let i = 1; i <= LEASE_EXPIRIES_A_TICK + 7; i++)
    world.grant(2, leaseId(i.toString(16).padStart(16, '0')));
  world.nowMs = 2_000;
  world.tick();
  assert.equal(world.a.submitted.length, LEASE_EXPIRIES_A_TICK);
  world.tick();
  assert.equal(world.a.submitted.length, LEASE_EXPIRIES_A_TICK + 7);
});

test('C19 what is left of a long lease goes into the log, and a renewal clears it there before it is acknowledged', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  const lease = world.grant(3_600);
  world.nowMs = 300_000;
  world.tick();
  assert.equal(world.a.submitted.length, 1);
  world.commitAll(world.a);
  assert.equal(world.machine.lease(lease)!.remainingSeconds, 3_300);

  const renewal = world.renew(world.a, lease);
  world.confirmReads(world.a);
  assert.deepEqual(renewal, {}, 'a leader that came now would start from 3,300 seconds');
  world.commitAll(world.a);
  assert.equal(world.machine.lease(lease)!.remainingSeconds, 0, 'full again');
  assert.deepEqual(renewal, {}, 'applying took time: the quorum is asked again');
  world.confirmReads(world.a);
  assert.deepEqual(renewal, { answer: 'renewed 3600' });
});

test('C19 a new leader starts a long lease from what the log says is left of it', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  const lease = world.grant(3_600);
  world.nowMs = 300_000;
  world.tick();
  world.commitAll(world.a);
  world.leadAnnounced(world.b, 2);
  const told = world.timeToLive(world.b, lease);
  world.confirmReads(world.b);
  assert.ok(typeof told.answer === 'object' && told.answer.kind === 'found');
  assert.equal(told.answer.remainingSeconds, 3_300 + EXTENSION_MS / 1_000);
});

test('V4 bytes that are no question are refused while their sender is known, and harm nobody later', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  for (const method of [METHOD.leaseRenew, METHOD.leaseTimeToLive]) {
    const question = Uint8Array.of(1, 0, 5, method, 200, 1);
    assert.throws(() => world.a.calls.receive(B, question), MalformedBytes);
  }
  assert.equal(world.a.reads.length, 0, 'nothing is asked on their account');
});

test('the leader counts what it renews and what it ends, and nobody else does', () => {
  const world = new LeaseWorld();
  world.leadAnnounced(world.a, 1);
  const lease = world.grant(2);
  world.renew(world.a, lease);
  world.confirmReads(world.a);
  world.nowMs = 10_000;
  world.tick();
  world.a.submitted.splice(0)[0]!.done(FAILED);
  assert.deepEqual([world.a.keeper.renewedCount, world.a.keeper.expiredCount], [1, 0], 'nothing ended yet');
  world.nowMs = 100_000;
  world.tick();
  world.tick();
  world.commitAll(world.a);
  assert.equal(world.machine.lease(lease), undefined);
  world.renew(world.a, lease);
  world.confirmReads(world.a);
  assert.deepEqual([world.a.keeper.renewedCount, world.a.keeper.expiredCount], [1, 1]);
  assert.deepEqual([world.b.keeper.renewedCount, world.b.keeper.expiredCount], [0, 0]);
});
