/** Each kind of partial partition known to stop some protocol: how long until commits go on, if they do. */
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import type { DirectedLink } from '../faults/cut-links.ts';
import { timeToCommit } from '../run/connectivity.ts';
import type { ConnectivityCase } from '../run/connectivity-cases.ts';
import { fixed, quantile, type Table } from './table.ts';

const SEEDS = 20;
const ELECTION_TIMEOUTS_MAX = 20;

interface Partition {
  readonly name: string;
  readonly case: ConnectivityCase;
}

/** Member 0 leads in each. */
const PARTITIONS: readonly Partition[] = [
  {
    name: 'leader isolated',
    case: {
      members: 5,
      leader: 0,
      stale: undefined,
      cut: bothWays([
        [0, 1],
        [0, 2],
        [0, 3],
        [0, 4],
      ]),
    },
  },
  {
    name: 'quorum loss: all, the leader too, reach one member only, which is not the leader',
    case: {
      members: 5,
      leader: 0,
      stale: undefined,
      cut: without(5, [
        [1, 0],
        [1, 2],
        [1, 3],
        [1, 4],
      ]),
    },
  },
  {
    name: 'constrained election: the same, the leader reaches nobody, and that member lacks 20 entries',
    case: {
      members: 5,
      leader: 0,
      stale: 1,
      cut: without(5, [
        [1, 2],
        [1, 3],
        [1, 4],
      ]),
    },
  },
  {
    name: 'chain of three, the leader at one end',
    case: { members: 3, leader: 0, stale: undefined, cut: bothWays([[0, 2]]) },
  },
  {
    name: 'chain of five, the leader at one end',
    case: {
      members: 5,
      leader: 0,
      stale: undefined,
      cut: without(5, [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ]),
    },
  },
  {
    name: 'deaf leader: it is heard and hears nobody',
    case: {
      members: 5,
      leader: 0,
      stale: undefined,
      cut: [
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 0],
      ],
    },
  },
  {
    name: 'mute leader: it hears and nobody hears it',
    case: {
      members: 5,
      leader: 0,
      stale: undefined,
      cut: [
        [0, 1],
        [0, 2],
        [0, 3],
        [0, 4],
      ],
    },
  },
  {
    name: 'bridge: two halves that meet in one member, the leader in a half',
    case: {
      members: 5,
      leader: 0,
      stale: undefined,
      cut: bothWays([
        [0, 3],
        [0, 4],
        [1, 3],
        [1, 4],
      ]),
    },
  },
  {
    name: 'star: all reach the leader only',
    case: {
      members: 5,
      leader: 0,
      stale: undefined,
      cut: without(5, [
        [0, 1],
        [0, 2],
        [0, 3],
        [0, 4],
      ]),
    },
  },
];

export function measurePartitions(protocols: readonly ProtocolUnderTest[]): Table {
  const rows = PARTITIONS.map(({ name, case: given }) => [
    name,
    ...protocols.flatMap((protocol) => {
      const times: number[] = [];
      for (let seed = 1; seed <= SEEDS; seed++)
        times.push(timeToCommit(given, protocol, seed, ELECTION_TIMEOUTS_MAX));
      return [fixed(quantile(times, 0.5), 1), fixed(quantile(times, 1), 1)];
    }),
  ]);
  return {
    name: 'partitions',
    title: `From the cut to the next commit, in election timeouts (${SEEDS} runs a row; never: not within ${ELECTION_TIMEOUTS_MAX})`,
    columns: ['partition', ...protocols.flatMap(({ name }) => [`${name}: median`, 'slowest'])],
    rows,
  };
}

function bothWays(pairs: readonly DirectedLink[]): DirectedLink[] {
  return pairs.flatMap(([a, b]): DirectedLink[] => [
    [a, b],
    [b, a],
  ]);
}

/** Everything is cut but these, both ways. */
function without(members: number, kept: readonly DirectedLink[]): DirectedLink[] {
  const links: DirectedLink[] = [];
  for (let from = 0; from < members; from++)
    for (let to = 0; to < members; to++)
      if (from !== to && !bothWays(kept).some(([a, b]) => a === from && b === to)) links.push([from, to]);
  return links;
}
