/**
 * One scenario by hand: a leader, a member whose log is stale, and from one instant on a fixed graph of links. How soon do
 * commits go on? Which graphs there are is connectivity-cases.ts.
 */
import { latin1Encode } from '@synod/consensus';
import { key, NO_LEASE } from '@synod/coordination';
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import type { SimulatedMember } from '../world/simulated-member.ts';
import { World } from '../world/world.ts';
import type { ConnectivityCase } from './connectivity-cases.ts';

const SETTLE_MS = 1_000;
const STALE_ENTRIES = 20;
const STEP_MS = 100;
const LEADER_TRIES_MAX = 50;

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
