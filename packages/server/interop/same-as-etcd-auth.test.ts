/** The same random requests about users and roles, and by users of all kinds, to the cluster and to a real etcd, by gRPC. */
import { test } from 'node:test';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import { AUTH_FLAGS, compareAuth } from './comparison/auth-comparison.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { sharedCluster } from './shared-cluster.ts';

const SEED = Number(process.env['SYNOD_INTEROP_SEED'] ?? 20_240_229);
const REQUESTS = Number(process.env['SYNOD_INTEROP_AUTH_REQUESTS'] ?? 4_000);

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

test(`A1 to A11 ${REQUESTS} requests with auth, of seed ${SEED}`, async (context) => {
  const members = cluster().members.map((member) => new GrpcChannel(member));
  const etcd = new GrpcChannel(reference.members[0]!);
  await compareAuth(context, { etcd, members, seed: SEED, count: REQUESTS });
  for (const channel of [...members, etcd]) channel.close();
});
