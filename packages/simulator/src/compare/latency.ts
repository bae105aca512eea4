/** How long a put and a linearizable read take, counted in the time that one message takes to pass. */
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { queryOf } from '../side-by-side/errand-commands.ts';
import { CalmCluster } from './calm-cluster.ts';
import { fixed, quantile, type Table } from './table.ts';

const SEED = 1;
/** So long that the disk, which takes up to two milliseconds, hardly counts; so short that no timer is met. */
const DELAY_MS = 40;
const SAMPLES = 21;
const LIMIT_MS = 10_000;
/** Between two samples, so that they meet other moments of every timer. */
const GAP_MS = 137;

type Operation = (cluster: CalmCluster, place: number, done: () => void) => void;

const OPERATIONS: readonly (readonly [name: string, operation: Operation])[] = [
  [
    'put',
    (cluster, place, done) =>
      cluster.put(cluster.member(place), (failure) => {
        if (failure === undefined) done();
      }),
  ],
  [
    'linearizable read',
    (cluster, place, done) =>
      cluster.member(place).life!.service.range(queryOf(EVERYTHING), true, {
        complete: ({ kind }) => {
          if (kind === 'range') done();
        },
      }),
  ],
];

const EVERYTHING = { from: '\0' as never, to: '\0' as never };

export function measureLatency(protocols: readonly ProtocolUnderTest[]): Table {
  const rows: string[][] = [];
  for (const [name, operation] of OPERATIONS)
    for (const where of ['leader', 'follower'] as const)
      rows.push([
        name,
        where,
        ...protocols.map((protocol) => fixed(medianDelays(protocol, operation, where), 1)),
      ]);
  return {
    name: 'latency',
    title: 'From the question to the answer, in one-way delays, three members, median',
    columns: ['operation', 'asked of a', ...protocols.map(({ name }) => name)],
    rows,
  };
}

function medianDelays(
  protocol: ProtocolUnderTest,
  operation: Operation,
  where: 'leader' | 'follower',
): number {
  const cluster = new CalmCluster({ protocol, members: 3, seed: SEED, delayMs: DELAY_MS });
  const leader = cluster.leader.place;
  const place = where === 'leader' ? leader : (leader + 1) % 3;
  const times: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    let isDone = false;
    operation(cluster, place, () => (isDone = true));
    times.push(cluster.inDelays(cluster.until(() => isDone, LIMIT_MS)));
    cluster.world.advance(GAP_MS);
  }
  return quantile(times, 0.5);
}
