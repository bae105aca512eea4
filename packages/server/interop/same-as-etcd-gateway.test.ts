/**
 * The random comparisons with a real etcd once more, as JSON through both gateways: every service, in every form that a
 * client may write, and each answer held to the one form that a gateway writes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import { AUTH_FLAGS, compareAuth } from './comparison/auth-comparison.ts';
import type { CallChannel } from './comparison/call-channel.ts';
import { openGateway } from './comparison/gateway-channel.ts';
import { compareKeyspaces } from './comparison/keyspace-comparison.ts';
import { compareLocks, LockPair } from './comparison/lock-comparison.ts';
import { compareMembers } from './comparison/member-comparison.ts';
import { plainAnswer } from './message-shapes.ts';
import { encodeFields } from './protobuf-fields.ts';
import { sharedCluster } from './shared-cluster.ts';

const SEED = Number(process.env['SYNOD_INTEROP_SEED'] ?? 20_240_229);
/** Of keys and leases; of the others as many as are written beside them, for each of these. */
const REQUESTS = Number(process.env['SYNOD_INTEROP_GATEWAY_REQUESTS'] ?? 3_000);
const AUTH_SHARE = 0.4;
const MEMBER_SHARE = 0.2;
const LOCK_SHARE = 0.1;
/** 3.4's gateway has HashKV where later ones have Hash, and no path for the other. */
const OTHER_PATHS = ['Maintenance/Hash', 'Maintenance/HashKV'];
const LEASES = [0, 11, 12, 13, 99];

describe('as JSON, through both gateways', () => {
  let reference: Cluster;
  const cluster = sharedCluster(
    { extraFlags: AUTH_FLAGS },
    {
      started: async () => {
        reference = await Cluster.start({
          target: targetNamed('etcd'),
          memberCount: 1,
          extraFlags: AUTH_FLAGS,
        });
      },
      stopping: () => reference?.destroy(),
    },
  );
  const withChannels = async (
    taken: (channels: {
      readonly etcd: CallChannel;
      readonly members: readonly CallChannel[];
    }) => Promise<void>,
  ): Promise<void> => {
    const etcd = openGateway(reference.members[0]!, 'theirs');
    const members = cluster().members.map((member) => openGateway(member, 'ours'));
    try {
      await taken({ etcd, members });
    } finally {
      for (const channel of [etcd, ...members]) channel.close();
    }
  };

  test(`${REQUESTS} requests of KV and Lease, and the history by watches, of seed ${SEED}`, (context) =>
    withChannels((channels) => compareKeyspaces(context, { ...channels, seed: SEED, count: REQUESTS })));

  test('renewals of leases that are there and that are not', () =>
    withChannels(async ({ etcd, members }) => {
      for (const id of LEASES)
        for (const member of members)
          assert.deepEqual(await renewed(member, id), await renewed(etcd, id), `lease ${id}`);
    }));

  test(`${REQUESTS * LOCK_SHARE} requests of Lock and Election`, (context) =>
    withChannels(({ etcd, members }) => {
      const pair = new LockPair(members[1]!, etcd);
      return compareLocks(context, pair, { seed: SEED, count: REQUESTS * LOCK_SHARE });
    }));

  // The last: it leaves auth enabled.
  test(`${REQUESTS * AUTH_SHARE} requests with auth`, (context) =>
    withChannels((channels) =>
      compareAuth(context, { ...channels, seed: SEED, count: REQUESTS * AUTH_SHARE }),
    ));
});

test(`as JSON: ${REQUESTS * MEMBER_SHARE} requests about members, alarms and upkeep`, (t) =>
  compareMembers(t, {
    open: openGateway,
    seed: SEED,
    count: REQUESTS * MEMBER_SHARE,
    left: OTHER_PATHS,
  }));

/** The one answer to one renewal, and that the stream ends with it. */
async function renewed(channel: CallChannel, id: number): Promise<unknown[]> {
  const path = '/etcdserverpb.Lease/LeaseKeepAlive';
  const answers: unknown[] = [];
  for await (const message of channel.stream(path, encodeFields(id === 0 ? [] : [[1, id]]))) {
    const { header: _, ...answer } = plainAnswer(path, message);
    answers.push(answer);
  }
  return answers;
}
