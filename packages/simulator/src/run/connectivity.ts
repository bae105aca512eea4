/**
 * One scenario by hand: a leader, a member whose log is stale, and from one instant on a fixed graph of links. Do commits
 * go on? They should wherever some member still talks, both ways, with a quorum.
 */
import { latin1Encode } from '@synod/consensus';
import { key, NO_LEASE } from '@synod/coordination';
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import type { DirectedLink } from '../faults/cut-links.ts';
import type { SimulatedMember } from '../world/simulated-member.ts';
import { World } from '../world/world.ts';

export interface ConnectivityCase {
  readonly members: number;
  /** Who leads when the links go. */
  readonly leader: number;
  /** Who has not heard of the last entries; undefined: nobody. */
  readonly stale: number | undefined;
  /** The links that are cut. */
  readonly cut: readonly DirectedLink[];
}

const SETTLE_MS = 1_000;
const STALE_ENTRIES = 20;
const STEP_MS = 100;
const LEADER_TRIES_MAX = 50;

/** Members that have both directions to so many others that they are a quorum with them. */
export function quorumConnected(members: number, cut: readonly DirectedLink[]): number[] {
  const isCut = (from: number, to: number): boolean => cut.some(([a, b]) => a === from && b === to);
  const connected: number[] = [];
  for (let member = 0; member < members; member++) {
    let reached = 1;
    for (let other = 0; other < members; other++)
      if (other !== member && !isCut(member, other) && !isCut(other, member)) reached++;
    if (2 * reached > members) connected.push(member);
  }
  return connected;
}

export function isQuorumConnected(members: number, cut: readonly DirectedLink[]): boolean {
  return quorumConnected(members, cut).length > 0;
}

/** @returns after how many election timeouts a command that was sent under the cut was committed; Infinity: not within the bound. */
export function timeToCommit(
  { members, leader, stale, cut }: ConnectivityCase,
  protocol: ProtocolUnderTest,
  seed: number,
  electionTimeoutsMax: number,
): number {
  const world = new World({ seed, protocol, members, timing: 'partial', faults: [], clients: 0 });
  for (const member of world.members) member.start();
  makeLeader(world, leader);
  if (stale !== undefined) leaveBehind(world, leader, stale);
  for (const [from, to] of cut) world.network.cut(from, to);
  const startedMs = world.queue.nowMs;
  const { electionTimeoutTicks, tickMs } = world.shape;
  const electionMs = electionTimeoutTicks * tickMs;
  let committed = false;
  for (let passedMs = 0; passedMs < electionTimeoutsMax * electionMs && !committed; passedMs += STEP_MS) {
    for (const member of world.members) put(member, () => (committed = true));
    world.advance(STEP_MS);
  }
  return committed ? (world.queue.nowMs - startedMs) / electionMs : Number.POSITIVE_INFINITY;
}

function makeLeader(world: World, place: number): void {
  for (let tries = 0; tries < LEADER_TRIES_MAX; tries++) {
    world.advance(SETTLE_MS);
    const leader = world.leader();
    if (leader?.place === place) return;
    leader?.life?.replica.transferLeadership(world.members[place]!.id);
  }
}

/** Entries are committed while one member hears nothing; then it is as connected as the others for an instant. */
function leaveBehind(world: World, leader: number, stale: number): void {
  const others = world.members.map(({ place }) => place).filter((place) => place !== stale);
  for (const other of others) {
    world.network.cut(other, stale);
    world.network.cut(stale, other);
  }
  for (let i = 0; i < STALE_ENTRIES; i++) put(world.members[leader]!, () => {});
  world.advance(SETTLE_MS / 4);
  for (const other of others) {
    world.network.mend(other, stale);
    world.network.mend(stale, other);
  }
}

function put({ life }: SimulatedMember, committed: () => void): void {
  const command = {
    module: 'keyspace',
    kind: 'put',
    key: key('k'),
    value: latin1Encode('v'),
    lease: NO_LEASE,
    previous: false,
    keepValue: false,
    keepLease: false,
  } as const;
  life?.service.submit(command, {
    complete: ({ kind }) => {
      if (kind !== 'serviceFailure') committed();
    },
  });
}

/** Every set of directed links among so many members that a cut can take. */
export function* everyDirectedCut(members: number): Generator<readonly DirectedLink[]> {
  const links: DirectedLink[] = [];
  for (let from = 0; from < members; from++)
    for (let to = 0; to < members; to++) if (from !== to) links.push([from, to]);
  for (let bits = 0; bits < 2 ** links.length; bits++) yield links.filter((_, i) => (bits >> i) & 1);
}

/** Every set of links, both directions of each together. */
export function* everyUndirectedCut(members: number): Generator<readonly DirectedLink[]> {
  const pairs: DirectedLink[] = [];
  for (let low = 0; low < members; low++)
    for (let high = low + 1; high < members; high++) pairs.push([low, high]);
  for (let bits = 0; bits < 2 ** pairs.length; bits++)
    yield pairs.flatMap(([low, high], i): DirectedLink[] =>
      (bits >> i) & 1
        ? [
            [low, high],
            [high, low],
          ]
        : [],
    );
}
