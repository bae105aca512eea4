/** The same random requests of KV and Lease to the cluster and to a real etcd beside it, by gRPC. */
import { test } from 'node:test';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import { compareKeyspaces } from './comparison/keyspace-comparison.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { sharedCluster } from './shared-cluster.ts';

const SEED = Number(process.env['SYNOD_INTEROP_SEED'] ?? 20_240_229);
const REQUESTS = Number(process.env['SYNOD_INTEROP_REQUESTS'] ?? 10_000);

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

test(`${REQUESTS} requests of seed ${SEED}`, async (context) => {
  const members = cluster().members.map((member) => new GrpcChannel(member));
  const etcd = new GrpcChannel(reference.members[0]!);
  await compareKeyspaces(context, { etcd, members, seed: SEED, count: REQUESTS });
  for (const channel of [...members, etcd]) channel.close();
});
