/** The same random requests about members, alarms and upkeep to a member and to a real etcd beside it, by gRPC. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableEncode } from '../test/protocols/etcd/wire/table-codec.ts';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import { compareMembers } from './comparison/member-comparison.ts';
import { GrpcChannel } from './grpc-channel.ts';

const SEED = Number(process.env['SYNOD_INTEROP_SEED'] ?? 20_240_229);
const REQUESTS = Number(process.env['SYNOD_INTEROP_MEMBER_REQUESTS'] ?? 2_000);

test(`${REQUESTS} requests about members, alarms and upkeep, of seed ${SEED}`, (t) =>
  compareMembers(t, { open: (member) => new GrpcChannel(member), seed: SEED, count: REQUESTS }));

test('leadership that is moved among three: by the leader to who is a voter, and by nobody else', async () => {
  const sides = [undefined, 'etcd'] as const;
  const [ours, theirs] = await Promise.all(sides.map(movesAmongThree));
  assert.deepEqual(ours, theirs);
});

const MOVES = 3;
const NOBODY = 0x0123456789abcdefn;

/** What is answered, and whether the named one then leads. */
async function movesAmongThree(target: 'etcd' | undefined): Promise<unknown[]> {
  const cluster = await Cluster.start(target === undefined ? {} : { target: targetNamed(target) });
  const answers: unknown[] = [];
  const move = async (at: { readonly clientUrl: string }, targetID: bigint): Promise<void> => {
    const channel = new GrpcChannel(at);
    const request = tableEncode('etcdserverpb.MoveLeaderRequest', { targetID });
    const { status, text } = await channel.unary('/etcdserverpb.Maintenance/MoveLeader', request);
    channel.close();
    answers.push({ status, text });
  };
  try {
    for (let moved = 0; moved < MOVES; moved++) {
      const leader = await cluster.leader();
      const follower = await cluster.follower();
      const statuses = await cluster.status();
      const idOf = ({ endpoint }: { readonly endpoint: string }): bigint =>
        BigInt(statuses.find((status) => status.endpoint === endpoint)!.memberId);
      await move(follower, idOf(follower));
      await move(leader, NOBODY);
      await move(leader, idOf(follower));
      answers.push((await cluster.leader()) === follower);
    }
  } finally {
    await cluster.destroy();
  }
  return answers;
}
