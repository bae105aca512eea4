/** Some of three members make room for new ones: until it is so, and how long nothing is committed meanwhile. */
import { decodeMembership, type MemberId, type Membership } from '@synod/consensus';
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { CalmCluster } from './calm-cluster.ts';
import { type Table, whole } from './table.ts';

const SEED = 1;
const DELAY_MS = 10;
const ENTRIES = 1_000;
const LIMIT_MS = 60_000;
const PUT_EVERY_MS = 1;
const RETRY_MS = 500;
/** Puts go on so long before and after. */
const STEADY_MS = 2_000;

interface Change {
  readonly ms: number;
  readonly entries: number;
  readonly longestGapMs: number;
}

export function measureMembership(protocols: readonly ProtocolUnderTest[]): Table {
  const rows = [1, 2, 3].map((replaced) => [
    `${replaced} of 3`,
    ...protocols.flatMap((protocol) => {
      const { ms, entries, longestGapMs } = replace(protocol, replaced);
      return [whole(ms), String(entries), whole(longestGapMs)];
    }),
  ]);
  return {
    name: 'membership',
    title: `Members replaced by new, empty ones after ${whole(ENTRIES)} entries, with a one-way delay of ${DELAY_MS} ms and a put every millisecond: milliseconds until it is done, entries of the log that it takes, and the longest time without a commit`,
    columns: ['replaced', ...protocols.flatMap(({ name }) => [`${name}: ms`, 'entries', 'longest gap, ms'])],
    rows,
  };
}

/** The leader stays where one of the three does, and goes where all do. */
function replace(protocol: ProtocolUnderTest, replaced: number): Change {
  const cluster = new CalmCluster({ protocol, members: 3, seed: SEED, delayMs: DELAY_MS });
  const { world } = cluster;
  cluster.makeLeader(0);
  cluster.fill(ENTRIES);
  const old = world.members.map(({ id }) => id);
  const fresh = Array.from({ length: replaced }, () => world.recruit().id);
  const wanted = [...old.slice(0, 3 - replaced), ...fresh].sort();
  const commits = new CommitGaps(cluster);
  cluster.until(() => commits.putOne(), STEADY_MS, PUT_EVERY_MS);
  const memberships = new Memberships(cluster);
  const countBefore = memberships.count;
  let askedMs = Number.NEGATIVE_INFINITY;
  const isThere = (): boolean => {
    commits.putOne();
    if (memberships.isThere(wanted)) return true;
    if (cluster.nowMs < askedMs + RETRY_MS) return false;
    askedMs = cluster.nowMs;
    world.leader()?.life?.replica.changeMembership({ voters: wanted, learners: [] });
    return false;
  };
  const ms = cluster.until(isThere, LIMIT_MS, PUT_EVERY_MS);
  const entries = memberships.count - countBefore;
  cluster.until(() => commits.putOne(), STEADY_MS, PUT_EVERY_MS);
  return { ms, entries, longestGapMs: commits.longestMs };
}

/** Puts at whoever leads, and how far their commits were apart. */
class CommitGaps {
  longestMs = 0;
  private readonly cluster: CalmCluster;
  private lastMs: number | undefined;

  constructor(cluster: CalmCluster) {
    this.cluster = cluster;
  }

  /** @returns false, so that it can be waited with */
  putOne(): false {
    const { cluster } = this;
    const leader = cluster.world.leader();
    if (leader !== undefined) cluster.put(leader, (failure) => this.ended(failure !== undefined));
    return false;
  }

  private ended(isFailure: boolean): void {
    if (isFailure) return;
    const { nowMs } = this.cluster;
    this.longestMs = Math.max(this.longestMs, nowMs - (this.lastMs ?? nowMs));
    this.lastMs = nowMs;
  }
}

/** The memberships that some member has applied, read as they come. */
class Memberships {
  count = 0;
  newest: Membership | undefined;
  private readonly cluster: CalmCluster;
  private read = 0;

  constructor(cluster: CalmCluster) {
    this.cluster = cluster;
    this.readOn();
  }

  readOn(): void {
    const { commandLog } = this.cluster.world;
    while (this.read < commandLog.last) {
      this.read++;
      const entry = commandLog.at(this.read)!;
      if (entry.kind !== 'membership') continue;
      this.count++;
      this.newest = decodeMembership(entry.payload);
    }
  }

  isThere(voters: readonly MemberId[]): boolean {
    this.readOn();
    const { newest } = this;
    return newest?.outgoingVoters.length === 0 && newest.voters.join() === voters.join();
  }
}
