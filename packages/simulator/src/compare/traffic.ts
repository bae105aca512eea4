/** What a commit costs in messages and bytes, and what a cluster costs in which nothing happens. */
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { CalmCluster, type Traffic } from './calm-cluster.ts';
import { fixed, type Table, whole } from './table.ts';

const SEED = 1;
const DELAY_MS = 1;
const MEMBERS = [3, 5] as const;
/** Puts that one turn of the leader's event loop takes together. */
const BATCHES = [1, 10, 100] as const;
const ROUNDS = 40;
/** Long enough for every acknowledgement and for the notice of the commit. */
const ROUND_MS = 25;
const IDLE_ELECTION_TIMEOUTS = 50;

export function measureCommits(protocols: readonly ProtocolUnderTest[]): Table {
  const rows: string[][] = [];
  for (const members of MEMBERS)
    for (const batch of BATCHES) {
      const row = [String(members), String(batch)];
      for (const protocol of protocols) {
        const { messages, bytes } = costOfCommits(protocol, members, batch);
        const commits = ROUNDS * batch;
        row.push(fixed(messages / commits, 2), whole(bytes / commits));
      }
      rows.push(row);
    }
  return {
    name: 'commits',
    title:
      'Messages and bytes a commit of a put of 256 bytes at the leader, without what an idle cluster sends',
    columns: ['members', 'puts a batch', ...protocols.flatMap(({ name }) => [`${name}: messages`, 'bytes'])],
    rows,
  };
}

export function measureIdle(protocols: readonly ProtocolUnderTest[]): Table {
  const rows = MEMBERS.map((members) => [
    String(members),
    ...protocols.flatMap((protocol) => {
      const idle = idleTraffic(new CalmCluster({ protocol, members, seed: SEED, delayMs: DELAY_MS }));
      return [fixed(idle.messages, 1), whole(idle.bytes)];
    }),
  ]);
  return {
    name: 'idle',
    title: 'Messages and bytes of a whole idle cluster in one election timeout',
    columns: ['members', ...protocols.flatMap(({ name }) => [`${name}: messages`, 'bytes'])],
    rows,
  };
}

function costOfCommits(protocol: ProtocolUnderTest, members: number, batch: number): Traffic {
  const cluster = new CalmCluster({ protocol, members, seed: SEED, delayMs: DELAY_MS });
  const idle = idleTraffic(cluster);
  const before = cluster.traffic();
  const startMs = cluster.nowMs;
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < batch; i++) cluster.put(cluster.leader, () => {});
    cluster.world.advance(ROUND_MS);
  }
  const all = cluster.since(before);
  const timeouts = (cluster.nowMs - startMs) / cluster.electionTimeoutMs;
  return { messages: all.messages - timeouts * idle.messages, bytes: all.bytes - timeouts * idle.bytes };
}

/** In one election timeout, the mean of many. */
function idleTraffic(cluster: CalmCluster): Traffic {
  const before = cluster.traffic();
  cluster.world.advance(IDLE_ELECTION_TIMEOUTS * cluster.electionTimeoutMs);
  const { messages, bytes } = cluster.since(before);
  return { messages: messages / IDLE_ELECTION_TIMEOUTS, bytes: bytes / IDLE_ELECTION_TIMEOUTS };
}
