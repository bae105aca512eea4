/** A replica that missed many entries: what it takes until it has them, and until it leads where nobody else can. */
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { CalmCluster } from './calm-cluster.ts';
import { type Table, whole } from './table.ts';

const SEED = 1;
const DELAY_MS = 10;
const LAGS = [100, 1_000, 10_000] as const;
const LIMIT_MS = 60_000;
const PUT_EVERY_MS = 50;
const STALE = 1;
/** A log that is forgotten so soon that whoever was away needs a snapshot. */
const SHORT_LOG = { snapshotCount: 100, catchUpEntries: 10, logBytesMax: 64 * 1024 * 1024 };

interface Recovery {
  readonly ms: number;
  readonly bytes: number;
}

type Scenario = (protocol: ProtocolUnderTest, lag: number) => Recovery;

const SCENARIOS: readonly (readonly [name: string, scenario: Scenario])[] = [
  ['is there again, and gets the log', (protocol, lag) => rejoin(protocol, lag, undefined)],
  ['is there again, and gets a snapshot', (protocol, lag) => rejoin(protocol, lag, SHORT_LOG)],
  ['is the only one to reach a quorum, and must lead', leadStale],
];

export function measureRecovery(protocols: readonly ProtocolUnderTest[]): Table {
  const rows: string[][] = [];
  for (const [name, scenario] of SCENARIOS)
    for (const lag of LAGS)
      rows.push([
        name,
        whole(lag),
        ...protocols.flatMap((protocol) => {
          const { ms, bytes } = scenario(protocol, lag);
          return [whole(ms), Number.isFinite(ms) ? whole(bytes / lag) : '-'];
        }),
      ]);
  return {
    name: 'recovery',
    title: `A replica that lacks so many entries of a put of 256 bytes: until it has them or leads, with a one-way delay of ${DELAY_MS} ms and no limit of bandwidth; bytes of all members, an entry`,
    columns: ['the replica', 'lacks', ...protocols.flatMap(({ name }) => [`${name}: ms`, 'bytes an entry'])],
    rows,
  };
}

function rejoin(protocol: ProtocolUnderTest, lag: number, trimming: typeof SHORT_LOG | undefined): Recovery {
  const cluster = behind(protocol, 3, lag, trimming);
  const before = cluster.traffic();
  const stale = cluster.member(STALE);
  const target = cluster.leader.core!.status().commitIndex;
  cluster.join(STALE, [0, 2]);
  const ms = cluster.until(() => stale.life!.machine.appliedIndex >= target, LIMIT_MS);
  return { ms, bytes: cluster.since(before).bytes };
}

/** The constrained election of five: whoever has the log reaches the stale one and nobody else. */
function leadStale(protocol: ProtocolUnderTest, lag: number): Recovery {
  const cluster = behind(protocol, 5, lag, undefined);
  const before = cluster.traffic();
  cluster.separate(0, [2, 3, 4]);
  cluster.separate(2, [3, 4]);
  cluster.separate(3, [4]);
  cluster.join(STALE, [2, 3, 4]);
  let isCommitted = false;
  const ms = cluster.until(
    () => {
      cluster.put(cluster.member(STALE), (failure) => {
        if (failure === undefined) isCommitted = true;
      });
      return isCommitted;
    },
    LIMIT_MS,
    PUT_EVERY_MS,
  );
  return { ms, bytes: cluster.since(before).bytes };
}

/** Member 0 leads, and member 1 has not heard of so many entries. */
function behind(
  protocol: ProtocolUnderTest,
  members: number,
  lag: number,
  trimming: typeof SHORT_LOG | undefined,
): CalmCluster {
  const kept = { snapshotCount: 2 * lag, catchUpEntries: 2 * lag, logBytesMax: 64 * 1024 * 1024 };
  const cluster = new CalmCluster({
    protocol,
    members,
    seed: SEED,
    delayMs: DELAY_MS,
    trimming: trimming ?? kept,
  });
  cluster.makeLeader(0);
  const others = cluster.world.members.map(({ place }) => place).filter((place) => place !== STALE);
  cluster.separate(STALE, others);
  cluster.fill(lag);
  return cluster;
}
