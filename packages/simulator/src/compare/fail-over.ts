/** How long nothing is committed after the leader is gone. */
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { SeededRandom } from '../random/seeded-random.ts';
import { CalmCluster } from './calm-cluster.ts';
import { fixed, quantile, type Table, whole } from './table.ts';

const MEMBERS = [3, 5] as const;
const RUNS = 200;
const DELAY_MS = 1;
const PUT_EVERY_MS = 5;
const LIMIT_MS = 30_000;

/** How the leader goes. */
const ENDS = [
  ['its process dies, and its connections with it', true],
  ['its machine is gone without a word', false],
] as const;

export function measureFailOver(protocols: readonly ProtocolUnderTest[]): Table {
  const rows: string[][] = [];
  for (const members of MEMBERS)
    for (const [how, isNoticed] of ENDS)
      for (const protocol of protocols) {
        const times: number[] = [];
        let electionMs = 0;
        for (let seed = 1; seed <= RUNS; seed++) {
          const cluster = new CalmCluster({ protocol, members, seed, delayMs: DELAY_MS });
          electionMs = cluster.electionTimeoutMs;
          // The leader ends at any moment between two heartbeats.
          cluster.world.advance(cluster.world.shape.tickMs * new SeededRandom(seed, 'fail-over').next());
          times.push(timeWithoutCommits(cluster, isNoticed));
        }
        const [median, most, slowest] = [0.5, 0.99, 1].map((share) => quantile(times, share));
        const inTimeouts = [median!, most!, slowest!].map((time) => fixed(time / electionMs, 2));
        rows.push([String(members), how, protocol.name, ...inTimeouts, whole(median!), whole(slowest!)]);
      }
  return {
    name: 'failover',
    title: `From the loss of the leader to the next commit, in election timeouts (${RUNS} runs a row), and in milliseconds with etcd's defaults (a tick of 100 ms, an election timeout of 1,000 ms)`,
    columns: [
      'members',
      'the leader',
      'protocol',
      'median',
      '99 of 100',
      'slowest',
      'median, ms',
      'slowest, ms',
    ],
    rows,
  };
}

function timeWithoutCommits(cluster: CalmCluster, isNoticed: boolean): number {
  const { leader, world } = cluster;
  world.injector.downUntilMs[leader.place] = Number.POSITIVE_INFINITY;
  leader.end({ survival: 0 });
  const others = world.members.filter((member) => member !== leader);
  if (isNoticed) for (const other of others) other.peerUnreachable(leader.id);
  let isCommitted = false;
  return cluster.until(
    () => {
      for (const other of others)
        cluster.put(other, (failure) => {
          if (failure === undefined) isCommitted = true;
        });
      return isCommitted;
    },
    LIMIT_MS,
    PUT_EVERY_MS,
  );
}
