/**
 * The Lock and Election services beside those of a real etcd: the same requests in the same order, whose status, text and
 * answer must be equal field by field.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import type { CallChannel } from './comparison/call-channel.ts';
import { compareLocks, LockPair } from './comparison/lock-comparison.ts';
import { GRPC, GrpcChannel } from './grpc-channel.ts';
import { plainAnswer } from './message-shapes.ts';
import { encodeFields } from './protobuf-fields.ts';
import { sharedCluster } from './shared-cluster.ts';

let reference: Cluster;
const cluster = sharedCluster(
  {},
  {
    started: async () => {
      reference = await Cluster.start({ target: targetNamed('etcd'), memberCount: 1 });
    },
    stopping: () => reference?.destroy(),
  },
);

const SEED = 20_261_123;
const REQUESTS = 400;

const openPair = (): LockPair =>
  new LockPair(new GrpcChannel(cluster().members[1]!), new GrpcChannel(reference.members[0]!));

describe('the same requests to both', () => {
  test(`${REQUESTS} random ones that need not wait`, async (context) => {
    const pair = openPair();
    await compareLocks(context, pair, { seed: SEED, count: REQUESTS });
    pair.close();
  });

  test('waiting, handing over, and letting go of a wait', async () => {
    const pair = openPair();
    for (const lease of [21, 22, 23])
      await pair.same('/etcdserverpb.Lease/LeaseGrant', [
        [1, 6000],
        [2, lease],
      ]);
    const lock = (lease: number) =>
      pair.same('/v3lockpb.Lock/Lock', [
        [1, 'w'],
        [2, lease],
      ]);
    await lock(21);
    const second = lock(22);
    await untilKeys(pair, 'w', 2);
    // A wait that its client lets go of after a while leaves no key.
    const message = encodeFields([
      [1, 'w'],
      [2, 23],
    ]);
    for (const channel of [pair.ours, pair.theirs])
      assert.equal((await channel.unary('/v3lockpb.Lock/Lock', message, 300)).status, -1);
    await untilKeys(pair, 'w', 2);
    await pair.same('/v3lockpb.Lock/Unlock', [[1, 'w/15']]);
    assert.equal((await second)?.['key'], 'w/16');
    pair.close();
  });

  test('an observer of an election hears the same', async () => {
    const pair = openPair();
    const observe = (channel: CallChannel) =>
      channel.stream('/v3electionpb.Election/Observe', encodeFields([[1, 'o']]));
    const observers = [observe(pair.ours), observe(pair.theirs)];
    const first = observers.map((observer) => observer.next());
    for (const lease of [31, 32])
      await pair.same('/etcdserverpb.Lease/LeaseGrant', [
        [1, 6000],
        [2, lease],
      ]);
    const campaign = (lease: number, value: string) =>
      pair.same('/v3electionpb.Election/Campaign', [
        [1, 'o'],
        [2, lease],
        [3, value],
      ]);
    const won = (await campaign(31, 'alpha')) as { readonly leader: unknown };
    const leader = encodeFields([
      [1, 'o'],
      [2, 'o/1f'],
      [3, (won.leader as { rev: number }).rev],
      [4, 31],
    ]);
    const heard = async (next: Promise<IteratorResult<Buffer>>[]): Promise<unknown> => {
      const [ours, theirs] = (await Promise.all(next)).map(({ value }) =>
        plainAnswer('/v3electionpb.Election/Observe', value),
      );
      assert.deepEqual(ours, theirs);
      return (theirs as { kv: { value: string } }).kv.value;
    };
    assert.equal(await heard(first), 'alpha');
    const second = campaign(32, 'beta');
    await untilKeys(pair, 'o', 2);
    await pair.same('/v3electionpb.Election/Proclaim', [
      [1, leader],
      [2, 'gamma'],
    ]);
    assert.equal(await heard(observers.map((observer) => observer.next())), 'gamma');
    await pair.same('/v3electionpb.Election/Resign', [[1, leader]]);
    await second;
    assert.equal(await heard(observers.map((observer) => observer.next())), 'beta');
    await Promise.all(observers.map((observer) => observer.return(undefined)));
    pair.close();
  });

  test('a lock without a lease brings one of a minute', async () => {
    for (const member of [cluster().members[0]!, reference.members[0]!]) {
      const channel = new GrpcChannel(member);
      const { status, message } = await channel.unary('/v3lockpb.Lock/Lock', encodeFields([[1, 'own']]));
      assert.equal(status, GRPC.ok);
      const { key } = plainAnswer('/v3lockpb.Lock/Lock', message!) as { readonly key: string };
      assert.match(key, /^own\/[0-9a-f]{1,16}$/);
      const kv = await channel.unary('/v3electionpb.Election/Leader', encodeFields([[1, 'own']]));
      assert.equal(kv.status, GRPC.ok);
      channel.close();
    }
  });
});

async function untilKeys(pair: LockPair, name: string, count: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  const message = encodeFields([
    [1, `${name}/`],
    [2, `${name}0`],
  ]);
  for (const channel of [pair.ours, pair.theirs]) {
    for (;;) {
      const { message: bytes } = await channel.unary('/etcdserverpb.KV/Range', message);
      const { kvs } = plainAnswer('/etcdserverpb.KV/Range', bytes!) as { kvs?: readonly unknown[] };
      if ((kvs ?? []).length === count) break;
      if (performance.now() > deadline) throw new Error(`there are not ${count} keys within 10 s`);
    }
  }
}
