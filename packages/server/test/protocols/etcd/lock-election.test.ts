/** Locks and elections on a real state machine: who gets them, who waits, what is left behind. Texts are etcd 3.4.23's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { etcdProtocol } from '../../../src/protocols/etcd/etcd-protocol.ts';
import { call, type FakeUnaryCall, NO_ACCOUNTS, OPTIONS, open, type Setup } from './fake-calls.ts';
import { LocalService } from './local-service.ts';
import { type TableMessage, tableDecode } from './wire/table-codec.ts';

interface LocalSetup extends Setup {
  readonly service: LocalService;
}

function setUpWithLeases(...leases: bigint[]): LocalSetup {
  const service = new LocalService();
  const setup = { service, protocol: etcdProtocol(service, OPTIONS, NO_ACCOUNTS) };
  for (const ID of leases)
    call(setup, 'Lease/LeaseGrant', ['etcdserverpb.LeaseGrantRequest', { TTL: 100n, ID }]);
  return setup;
}

/** Everything that was put off comes about. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bytes = (text: string): Uint8Array => Buffer.from(text);

type Fields = Readonly<Record<string, TableMessage[string]>>;
function ask(setup: Setup, method: string, fields: Fields): FakeUnaryCall {
  const isLock = method === 'Lock' || method === 'Unlock';
  const of = isLock ? 'v3lockpb' : 'v3electionpb';
  const path = isLock ? `/v3lockpb.Lock/${method}` : `/v3electionpb.Election/${method}`;
  return call(setup, path, [`${of}.${method}Request`, fields]);
}
const lock = (setup: Setup, lease: bigint): FakeUnaryCall => ask(setup, 'Lock', { name: bytes('l'), lease });
const unlock = (setup: Setup, key: string): FakeUnaryCall => ask(setup, 'Unlock', { key: bytes(key) });
const campaign = (setup: Setup, lease: bigint, value: string): FakeUnaryCall =>
  ask(setup, 'Campaign', { name: bytes('e'), lease, value: bytes(value) });

const keyIn = (made: FakeUnaryCall): string =>
  Buffer.from(made.decoded('v3lockpb.LockResponse')['key'] as Uint8Array).toString();
const revisionIn = (made: FakeUnaryCall, message: string): bigint =>
  (made.decoded(message)['header'] as TableMessage)['revision'] as bigint;
const leaderIn = (made: FakeUnaryCall): TableMessage =>
  made.decoded('v3electionpb.CampaignResponse')['leader'] as TableMessage;

test('a free lock is had at once; its key is the name, a slash and the lease in hex, with a sign', async () => {
  const setup = setUpWithLeases(0x7fn, -5n);
  const first = lock(setup, 0x7fn);
  await settled();
  assert.equal(keyIn(first), 'l/7f');
  assert.equal(revisionIn(first, 'v3lockpb.LockResponse'), 2n);
  unlock(setup, 'l/7f');
  const second = lock(setup, -5n);
  await settled();
  assert.equal(keyIn(second), 'l/-5');
});

test('a lock that is held is waited for in the order of asking, and its holder gets it again at once', async () => {
  const setup = setUpWithLeases(1n, 2n, 3n);
  const holder = lock(setup, 1n);
  const second = lock(setup, 2n);
  const third = lock(setup, 3n);
  const again = lock(setup, 1n);
  await settled();
  assert.deepEqual([holder, again].map(keyIn), ['l/1', 'l/1']);
  assert.deepEqual([second.answers, third.answers], [[], []]);
  const unlocked = unlock(setup, 'l/1');
  await settled();
  assert.equal(revisionIn(unlocked, 'v3lockpb.UnlockResponse'), 5n);
  assert.equal(keyIn(second), 'l/2');
  assert.equal(revisionIn(second, 'v3lockpb.LockResponse'), 5n);
  assert.deepEqual(third.answers, []);
  unlock(setup, 'l/2');
  await settled();
  assert.equal(keyIn(third), 'l/3');
});

test('the end of a key wakes the one that is next, and nobody else', async () => {
  const setup = setUpWithLeases(1n, 2n, 3n, 9n);
  for (const lease of [1n, 9n, 3n, 2n]) lock(setup, lease);
  await settled();
  const { service } = setup;
  const range = service.range.bind(service);
  let looked = 0;
  service.range = (...asked) => {
    looked++;
    range(...asked);
  };
  unlock(setup, 'l/1');
  await settled();
  // The next one looks whether others are before it, and whether its own key is still there.
  assert.equal(looked, 2);
});

test('a waiter that goes takes its key along, before and after it is in the queue', async () => {
  const setup = setUpWithLeases(1n, 2n, 3n);
  lock(setup, 1n);
  const waiting = lock(setup, 2n);
  await settled();
  const justAsked = lock(setup, 3n);
  justAsked.onCancel!('cancelledByClient');
  assert.deepEqual(setup.service.keys(), ['l/1', 'l/2', 'l/3']);
  waiting.onCancel!('deadlineExceeded');
  await settled();
  assert.deepEqual(setup.service.keys(), ['l/1']);
  assert.deepEqual([waiting.answers, justAsked.answers], [[], []]);
  assert.equal(setup.service.hub.streamCount, 0);
});

test('a second wait of the same lease that goes before it is in the queue leaves the first one’s key', async () => {
  const setup = setUpWithLeases(1n, 2n);
  lock(setup, 1n);
  lock(setup, 2n);
  await settled();
  lock(setup, 2n).onCancel!('cancelledByClient');
  await settled();
  assert.deepEqual(setup.service.keys(), ['l/1', 'l/2']);
});

test('a waiter whose lease ended meanwhile is told so and does not have the lock', async () => {
  const setup = setUpWithLeases(1n, 2n);
  lock(setup, 1n);
  const waiter = lock(setup, 2n);
  await settled();
  call(setup, 'Lease/LeaseRevoke', ['etcdserverpb.LeaseRevokeRequest', { ID: 2n }]);
  unlock(setup, 'l/1');
  await settled();
  assert.equal(waiter.answer, '2 mutex: session is expired');
});

test('without a lease the lock brings one of a minute; one that is not there is refused', async () => {
  const setup = setUpWithLeases();
  const without = lock(setup, 0n);
  await settled();
  assert.equal(keyIn(without), 'l/7f00000000000001');
  const [lease] = setup.service.machine.leases();
  assert.equal(lease!.ttlSeconds, 60);
  const missing = lock(setup, 77n);
  await settled();
  assert.equal(missing.answer, '2 etcdserver: requested lease not found');
});

test('unlock: of a key that is not there is well, of no key is refused', async () => {
  const setup = setUpWithLeases();
  const nothing = unlock(setup, 'nothing');
  await settled();
  assert.equal(revisionIn(nothing, 'v3lockpb.UnlockResponse'), 1n);
  assert.equal(unlock(setup, '').answer, '2 etcdserver: key is not provided');
});

test('compaction under a waiter does not end its wait', async () => {
  const setup = setUpWithLeases(1n, 2n);
  lock(setup, 1n);
  const waiter = lock(setup, 2n);
  await settled();
  call(setup, 'KV/Put', ['etcdserverpb.PutRequest', { key: bytes('other') }]);
  call(setup, 'KV/Compact', ['etcdserverpb.CompactionRequest', { revision: 4n }]);
  setup.service.hub.catchUp(100);
  unlock(setup, 'l/1');
  await settled();
  assert.equal(keyIn(waiter), 'l/2');
});

test('a campaign is won at once or when all older candidates are gone; its header is of the entry', async () => {
  const setup = setUpWithLeases(1n, 2n);
  const first = campaign(setup, 1n, 'a');
  const second = campaign(setup, 2n, 'b');
  await settled();
  assert.deepEqual(leaderIn(first), { name: bytes('e'), key: bytes('e/1'), rev: 2n, lease: 1n });
  assert.deepEqual(second.answers, []);
  const resigned = ask(setup, 'Resign', { leader: leaderIn(first) });
  await settled();
  assert.equal(revisionIn(resigned, 'v3electionpb.ResignResponse'), 4n);
  assert.deepEqual(leaderIn(second), { name: bytes('e'), key: bytes('e/2'), rev: 3n, lease: 2n });
  assert.equal(revisionIn(second, 'v3electionpb.CampaignResponse'), 3n);
});

test('a campaign of the same lease with another value proclaims it; one that is let go withdraws', async () => {
  const setup = setUpWithLeases(1n, 2n);
  campaign(setup, 1n, 'a');
  await settled();
  const again = campaign(setup, 1n, 'z');
  await settled();
  assert.equal(leaderIn(again)['rev'], 2n);
  const leader = ask(setup, 'Leader', { name: bytes('e') });
  await settled();
  const kv = leader.decoded('v3electionpb.LeaderResponse')['kv'] as TableMessage;
  assert.deepEqual(kv['value'], bytes('z'));
  const waiting = campaign(setup, 2n, 'b');
  await settled();
  waiting.onCancel!('cancelledByClient');
  await settled();
  assert.deepEqual(setup.service.keys(), ['e/1']);
});

test('a campaign whose new value cannot be proclaimed is refused once its key is gone, and not before', async () => {
  const setup = setUpWithLeases(1n, 2n);
  const won = campaign(setup, 1n, 'a');
  await settled();
  // The key now hangs on another lease, and outlives the one that it is named after.
  ask(setup, 'Proclaim', { leader: { ...leaderIn(won), lease: 2n }, value: bytes('b') });
  await settled();
  call(setup, 'Lease/LeaseRevoke', ['etcdserverpb.LeaseRevokeRequest', { ID: 1n }]);
  const { service } = setup;
  const submit = service.submit.bind(service);
  let release = (): void => assert.fail('nothing was withdrawn');
  service.submit = (command, completion, ...rest) => {
    const isDelete = command.kind === 'transaction' && command.success[0]?.kind === 'deleteRange';
    if (isDelete) release = () => submit(command, completion, ...rest);
    else submit(command, completion, ...rest);
  };
  const again = campaign(setup, 1n, 'z');
  await settled();
  assert.deepEqual(again.answers, []);
  release();
  await settled();
  assert.equal(again.answer, '2 etcdserver: requested lease not found');
  assert.deepEqual(service.keys(), []);
});

test('proclaim and resign: only by the key of that age, and never without one', async () => {
  const setup = setUpWithLeases(1n);
  const won = campaign(setup, 1n, 'a');
  await settled();
  const leader = leaderIn(won);
  const proclaimed = ask(setup, 'Proclaim', { leader, value: bytes('b') });
  const stale = ask(setup, 'Proclaim', { leader: { ...leader, rev: 9n }, value: bytes('c') });
  const resignedStale = ask(setup, 'Resign', { leader: { ...leader, rev: 9n } });
  await settled();
  assert.equal(revisionIn(proclaimed, 'v3electionpb.ProclaimResponse'), 3n);
  assert.equal(stale.answer, '2 election: not leader');
  assert.equal(revisionIn(resignedStale, 'v3electionpb.ResignResponse'), 3n);
  assert.deepEqual(setup.service.keys(), ['e/1']);
  for (const method of ['Proclaim', 'Resign']) {
    assert.equal(ask(setup, method, {}).answer, '2 "leader" field must be provided');
    assert.equal(ask(setup, method, { leader: {} }).answer, '2 etcdserver: key is not provided');
  }
});

test('who leads an election that nobody entered is an error', async () => {
  const nobody = ask(setUpWithLeases(), 'Leader', { name: bytes('e') });
  await settled();
  assert.equal(nobody.answer, '2 election: no leader');
});

test('C8 an observer hears of every leader and proclamation, each with its own revision', async () => {
  const setup = setUpWithLeases(1n, 2n);
  const observer = open(setup, '/v3electionpb.Election/Observe');
  const told = (): string[] =>
    observer.heard().map((hex) => {
      const response = tableDecode('v3electionpb.LeaderResponse', Buffer.from(hex, 'hex'));
      const kv = response['kv'] as TableMessage;
      const { revision } = response['header'] as TableMessage as { revision: bigint };
      return `${revision} ${Buffer.from(kv['key'] as Uint8Array)}=${Buffer.from(kv['value'] as Uint8Array)}`;
    });
  observer.say(['v3electionpb.LeaderRequest', { name: bytes('e') }]);
  await settled();
  assert.deepEqual(told(), []);
  const first = campaign(setup, 1n, 'a');
  campaign(setup, 2n, 'b');
  await settled();
  assert.deepEqual(told(), ['2 e/1=a']);
  ask(setup, 'Proclaim', { leader: leaderIn(first), value: bytes('c') });
  await settled();
  assert.deepEqual(told(), ['4 e/1=c']);
  ask(setup, 'Resign', { leader: leaderIn(first) });
  await settled();
  assert.deepEqual(told(), ['5 e/2=b']);
  observer.listener.onCancel();
  assert.equal(setup.service.hub.streamCount, 0);
  const late = open(setup, '/v3electionpb.Election/Observe');
  late.say(['v3electionpb.LeaderRequest', { name: bytes('e') }]);
  await settled();
  assert.equal(late.heard().length, 1);
});

test('C8 what a new leader proclaims at the very next revision is told too', async () => {
  const setup = setUpWithLeases(1n);
  const observer = open(setup, '/v3electionpb.Election/Observe');
  observer.say(['v3electionpb.LeaderRequest', { name: bytes('e') }]);
  await settled();
  const first = campaign(setup, 1n, 'a');
  await settled();
  ask(setup, 'Proclaim', { leader: leaderIn(first), value: bytes('b') });
  await settled();
  assert.equal(observer.heard().length, 2);
});

test('C18 an observer that does not read is not told more until it does', async () => {
  const setup = setUpWithLeases(1n);
  const first = campaign(setup, 1n, 'a');
  await settled();
  const observer = open(setup, '/v3electionpb.Election/Observe');
  observer.call.flowing = false;
  observer.say(['v3electionpb.LeaderRequest', { name: bytes('e') }]);
  await settled();
  assert.equal(observer.heard().length, 1);
  for (const value of ['b', 'c']) ask(setup, 'Proclaim', { leader: leaderIn(first), value: bytes(value) });
  await settled();
  assert.equal(observer.heard().length, 0);
  observer.call.flowing = true;
  observer.listener.onDrain();
  setup.service.hub.catchUp(100);
  assert.equal(observer.heard().length, 2);
});
