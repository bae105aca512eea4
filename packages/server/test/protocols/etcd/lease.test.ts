/** The Lease service: answers byte for byte as etcd 3.4.23 gave them, and what the service is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandResult, leaseId, revision } from '@synod/coordination';
import type { ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { KEEP_ALIVES_WAITING_MAX } from '../../../src/protocols/etcd/limits.ts';
import { randomLeaseId } from '../../../src/protocols/etcd/services/lease-grant.ts';
import { call, open, setUp } from './fake-calls.ts';

const IDS = '08dfabe2a6a79cc4842c10e19a9c81aea4dd8c22';
const HEADER = `0a18${IDS}180b2002`;
const SEVEN = leaseId('0000000000000007');

const grantRequest = (TTL: bigint, ID = 0n) => ['etcdserverpb.LeaseGrantRequest', { TTL, ID }] as const;
const keepAlive = (ID: bigint) => ['etcdserverpb.LeaseKeepAliveRequest', { ID }] as const;
const notFound = (id = SEVEN) =>
  ({ kind: 'failure', reason: { code: 'leaseNotFound', id }, revision: revision(11) }) as const;

test('a grant with the client’s id', () => {
  const setup = setUp();
  const made = call(setup, 'Lease/LeaseGrant', grantRequest(100n, 7n));
  const [asked] = setup.service.commands;
  assert.deepEqual(asked!.question, { module: 'leases', kind: 'grant', id: SEVEN, ttlSeconds: 100 });
  asked!.completion.complete({ kind: 'leaseGranted', id: SEVEN, ttlSeconds: 100, revision: revision(11) });
  assert.equal(made.answer, `${HEADER}10071864`);
});

test('a grant with a negative id is answered with it', () => {
  const setup = setUp();
  const made = call(setup, 'Lease/LeaseGrant', grantRequest(100n, -7n));
  const { question, completion } = setup.service.commands[0]!;
  assert.ok(question.kind === 'grant' && question.id === 'fffffffffffffff9');
  completion.complete({ kind: 'leaseGranted', id: question.id, ttlSeconds: 100, revision: revision(11) });
  assert.equal(made.answer, `${HEADER}10f9ffffffffffffffff011864`);
});

test('a grant without an id gets a random positive one, and another where that is taken', () => {
  const random = ['ff00000000000001', '7f00000000000002'];
  const setup = setUp({ randomBytes: () => Buffer.from(random.shift()!, 'hex') });
  const made = call(setup, 'Lease/LeaseGrant', grantRequest(100n));
  const [first] = setup.service.commands;
  assert.ok(first!.question.kind === 'grant' && first!.question.id === '7f00000000000001');
  first!.completion.complete({
    kind: 'failure',
    reason: { code: 'leaseExists', id: first!.question.id },
    revision: revision(11),
  });
  const second = setup.service.commands[1]!;
  assert.ok(second.question.kind === 'grant' && second.question.id === '7f00000000000002');
  second.completion.complete({
    kind: 'leaseGranted',
    id: second.question.id,
    ttlSeconds: 100,
    revision: revision(11),
  });
  assert.deepEqual(made.decoded('etcdserverpb.LeaseGrantResponse')['ID'], 0x7f00000000000002n);
});

test('a random id is never 0 and never negative', () => {
  assert.equal(randomLeaseId(Buffer.alloc(8, 0xff)), '7fffffffffffffff');
  assert.equal(randomLeaseId(Buffer.alloc(8)), '0000000000000001');
  assert.equal(randomLeaseId(Buffer.from('8000000000000000', 'hex')), '0000000000000001');
});

test('a lease lives no shorter than one and a half election timeouts, in whole seconds', () => {
  for (const [electionTimeoutMs, ttl, expected] of [
    [1000, 0n, 2],
    [1000, -5n, 2],
    [1000, 2n, 2],
    [1000, 3n, 3],
    [5000, 1n, 8],
  ] as const) {
    const setup = setUp({ electionTimeoutMs });
    call(setup, 'Lease/LeaseGrant', grantRequest(ttl));
    const { question } = setup.service.commands[0]!;
    assert.ok(question.kind === 'grant');
    assert.equal(question.ttlSeconds, expected);
  }
});

test('what a grant can fail with', () => {
  const failures: readonly (readonly [CommandResult | ServiceFailure, string])[] = [
    [
      { kind: 'failure', reason: { code: 'leaseExists', id: SEVEN }, revision: revision(11) },
      '9 etcdserver: lease already exists',
    ],
    [
      {
        kind: 'failure',
        reason: { code: 'leaseTtlTooLarge', ttlSeconds: 9_000_000_001 },
        revision: revision(11),
      },
      '11 etcdserver: too large lease TTL',
    ],
    [{ kind: 'serviceFailure', code: 'noLeader' }, '14 etcdserver: no leader'],
  ];
  for (const [result, status] of failures) {
    const setup = setUp();
    const made = call(setup, 'Lease/LeaseGrant', grantRequest(9_000_000_001n, 7n));
    setup.service.commands[0]!.completion.complete(result);
    assert.equal(made.answer, status);
  }
});

test('a revocation', () => {
  const setup = setUp();
  const made = call(setup, 'Lease/LeaseRevoke', ['etcdserverpb.LeaseRevokeRequest', { ID: 7n }]);
  const { question, completion } = setup.service.commands[0]!;
  assert.deepEqual(question, { module: 'leases', kind: 'revoke', id: SEVEN, cause: 'asked' });
  completion.complete({ kind: 'leaseRevoked', revision: revision(13) });
  assert.equal(made.answer, `0a18${IDS}180d2002`);

  const unknown = call(setup, 'Lease/LeaseRevoke', ['etcdserverpb.LeaseRevokeRequest', { ID: 77n }]);
  setup.service.commands[1]!.completion.complete(notFound());
  assert.equal(unknown.answer, '5 etcdserver: requested lease not found');
});

test('time to live: with keys, and −1 for a lease that is not there', () => {
  const setup = setUp();
  setup.service.revision = revision(12);
  const request = ['etcdserverpb.LeaseTimeToLiveRequest', { ID: 7n, keys: true }] as const;
  const made = call(setup, 'Lease/LeaseTimeToLive', request);
  assert.deepEqual(setup.service.timesToLive[0]!.question, { id: SEVEN, withKeys: true });
  setup.service.timesToLive[0]!.completion.complete({
    kind: 'leaseTimeToLive',
    id: SEVEN,
    remainingSeconds: 99,
    grantedSeconds: 100,
    keys: ['leased'],
  });
  assert.equal(made.answer, `0a18${IDS}180c20021007186320642a066c6561736564`);

  setup.service.revision = revision(11);
  const unknown = call(setup, 'Lease/LeaseTimeToLive', ['etcdserverpb.LeaseTimeToLiveRequest', { ID: 77n }]);
  setup.service.timesToLive[1]!.completion.complete(notFound());
  assert.equal(unknown.answer, `${HEADER}104d18ffffffffffffffffff01`);

  const failed = call(setup, 'Lease/LeaseTimeToLive', request);
  setup.service.timesToLive[2]!.completion.complete({ kind: 'serviceFailure', code: 'timeout' });
  assert.equal(failed.answer, '14 etcdserver: request timed out');
});

test('the list of leases', () => {
  const setup = setUp();
  setup.service.revision = revision(11);
  const made = call(setup, 'Lease/LeaseLeases', Buffer.alloc(0));
  setup.service.leaseLists[0]!.completion.complete({
    kind: 'leaseList',
    ids: [SEVEN, leaseId('fffffffffffffff9'), leaseId('0000000000000008')],
  });
  assert.equal(made.answer, `${HEADER}12020807120b08f9ffffffffffffffff0112020808`);
});

test('a keep-alive is answered with the TTL, and with 0 where the lease is not there', () => {
  const setup = setUp();
  setup.service.revision = revision(11);
  const stream = open(setup, 'Lease/LeaseKeepAlive');
  stream.say(keepAlive(9n));
  stream.say(keepAlive(123n));
  stream.say(keepAlive(0n));
  const [first, second, third] = setup.service.keepAlives;
  assert.deepEqual([first!.question, third!.question], ['0000000000000009', '']);
  second!.completion.complete(notFound());
  first!.completion.complete({
    kind: 'leaseRenewed',
    id: leaseId('0000000000000009'),
    ttlSeconds: 60,
  });
  third!.completion.complete(notFound());
  assert.deepEqual(stream.heard(), [`${HEADER}107b`, `${HEADER}1009183c`, HEADER]);
});

test('C19 the header of a keep-alive has the revision from before the renewal', () => {
  const setup = setUp();
  setup.service.revision = revision(11);
  const stream = open(setup, 'Lease/LeaseKeepAlive');
  stream.say(keepAlive(9n));
  setup.service.revision = revision(12);
  setup.service.keepAlives[0]!.completion.complete({ kind: 'leaseRenewed', id: SEVEN, ttlSeconds: 60 });
  assert.deepEqual(stream.heard(), [`${HEADER}1009183c`]);
});

test('a keep-alive stream ends with its last answer once the client sends no more', () => {
  const setup = setUp();
  const stream = open(setup, 'Lease/LeaseKeepAlive');
  stream.say(keepAlive(9n));
  stream.listener.onHalfClose();
  assert.equal(stream.call.status, undefined);
  setup.service.keepAlives[0]!.completion.complete({ kind: 'leaseRenewed', id: SEVEN, ttlSeconds: 60 });
  assert.equal(stream.heard().length, 1);
  assert.equal(stream.call.status, 'OK');

  const idle = open(setup, 'Lease/LeaseKeepAlive');
  idle.listener.onHalfClose();
  assert.equal(idle.call.status, 'OK');
});

test('a renewal that fails otherwise ends the stream with why, once, and what comes later is dropped', () => {
  const setup = setUp();
  const stream = open(setup, 'Lease/LeaseKeepAlive');
  stream.say(keepAlive(9n));
  stream.say(keepAlive(9n));
  const [first, second] = setup.service.keepAlives;
  first!.completion.complete({ kind: 'serviceFailure', code: 'noLeader' });
  second!.completion.complete({ kind: 'serviceFailure', code: 'noLeader' });
  assert.equal(stream.call.status, '14 etcdserver: no leader');
  stream.say(keepAlive(9n));
  assert.equal(setup.service.keepAlives.length, 2);
});

test('answers to a client that went away are dropped', () => {
  const setup = setUp();
  const stream = open(setup, 'Lease/LeaseKeepAlive');
  stream.say(keepAlive(9n));
  stream.listener.onCancel();
  setup.service.keepAlives[0]!.completion.complete({ kind: 'leaseRenewed', id: SEVEN, ttlSeconds: 60 });
  assert.deepEqual(stream.heard(), []);
  assert.equal(stream.call.status, undefined);
});

test('R19 a stream with too many renewals waiting is refused, and nothing more is asked for it', () => {
  const setup = setUp();
  const stream = open(setup, 'Lease/LeaseKeepAlive');
  for (let i = 0; i <= KEEP_ALIVES_WAITING_MAX; i++) stream.say(keepAlive(9n));
  assert.equal(setup.service.keepAlives.length, KEEP_ALIVES_WAITING_MAX);
  assert.equal(stream.call.status, '8 etcdserver: too many requests');
});

test('a message that is none ends the stream', () => {
  const setup = setUp();
  const stream = open(setup, 'Lease/LeaseKeepAlive');
  stream.say(Buffer.from([8]));
  assert.match(stream.call.status!, /^13 grpc: failed to unmarshal the received message /);
});
