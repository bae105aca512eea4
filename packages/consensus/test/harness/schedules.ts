/**
 * Random schedules of a small cluster: crashes, losses, duplicates, reordering, partitions, slow disks. The protocol's god
 * checks every step; in the end everything heals, and progress is demanded. Knows no protocol.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ConsensusCore } from '../../src/core/core.ts';
import type { MembershipChange } from '../../src/core/membership.ts';
import { logIndex, type MemberId } from '../../src/core/numbers.ts';
import type { ClusterOptions, CoreCluster } from './core-cluster.ts';
import { seededRandom } from './seeded-random.ts';

export const ELECTION_TIMEOUT_TICKS = 5;

/** How often each property is tried. */
export const RUNS = Number(process.env['SYNOD_RUNS'] ?? 150);

type AnyCluster = CoreCluster<ConsensusCore>;

/** What a protocol brings. */
export interface ScheduleProtocol<Cluster extends AnyCluster> {
  /** `swarm`: bits above those of the faults are the protocol's. `changes`: whether the membership will change. */
  readonly newCluster: (options: ClusterOptions, of: { swarm: number; changes: boolean }) => Cluster;
  /** A change to these members, with what else the protocol lets one choose. */
  readonly change: (members: MembershipChange, random: () => number) => MembershipChange;
}

/** The first bit of a swarm that says nothing about faults. */
export const SWARM_PROTOCOL_BIT = 8;

/** Which faults a run has (a swarm: each run its own subset). */
interface Faults {
  readonly loss: boolean;
  readonly duplicates: boolean;
  readonly reordering: boolean;
  readonly crashes: boolean;
  readonly partitions: boolean;
  readonly trims: boolean;
  readonly transfers: boolean;
  readonly changes: boolean;
}

interface World<Cluster extends AnyCluster> {
  readonly cluster: Cluster;
  readonly protocol: ScheduleProtocol<Cluster>;
  readonly ids: readonly MemberId[];
  readonly random: () => number;
  readonly faults: Faults;
  /** Pairs that cannot talk, "from>to". */
  readonly cut: Set<string>;
  proposals: number;
}

type AnyWorld = World<AnyCluster>;

function newWorld<Cluster extends AnyCluster>(
  protocol: ScheduleProtocol<Cluster>,
  { seed, swarm, changes }: { seed: number; swarm: number; changes: boolean },
): World<Cluster> {
  const random = seededRandom(seed);
  const count = [1, 2, 3, 3, 3, 4, 5][Math.floor(random() * 7)]!;
  const cluster = protocol.newCluster(
    {
      voters: Array.from({ length: count }, (_, i) => i + 1),
      learners: changes ? [] : [8],
      spares: changes ? [8, 9] : [],
      random,
      electionTimeoutTicks: ELECTION_TIMEOUT_TICKS,
      encoded: true,
    },
    { swarm, changes },
  );
  const bit = (n: number): boolean => (swarm & (1 << n)) !== 0;
  return {
    cluster,
    protocol,
    ids: [...cluster.members.keys()],
    random,
    faults: {
      loss: bit(0),
      duplicates: bit(1),
      reordering: bit(2),
      crashes: bit(3),
      partitions: bit(4),
      trims: bit(5),
      transfers: bit(6),
      changes,
    },
    cut: new Set(),
    proposals: 0,
  };
}

const pick = <T>(world: AnyWorld, from: readonly T[]): T => from[Math.floor(world.random() * from.length)]!;

/** The place of a parcel that may be delivered: any one, or the oldest of its link. */
function choose({ cluster: { network }, random, faults }: AnyWorld): number {
  if (network.length === 0) return -1;
  const at = Math.floor(random() * network.length);
  if (faults.reordering) return at;
  const { from, to } = network[at]!;
  return network.findIndex((parcel) => parcel.from === from && parcel.to === to);
}

function deliverOne(world: AnyWorld): void {
  const at = choose(world);
  const parcel = world.cluster.network[at];
  if (parcel === undefined) return;
  if (world.cut.has(`${parcel.from}>${parcel.to}`)) world.cluster.drop(at);
  else if (world.faults.loss && world.random() < 0.08) world.cluster.drop(at);
  else world.cluster.deliver(at, world.faults.duplicates && world.random() < 0.08);
}

function propose(world: AnyWorld): void {
  const id =
    world.random() < 0.8 ? (world.cluster.leader() ?? pick(world, world.ids)) : pick(world, world.ids);
  const payloads = Array.from({ length: 1 + Math.floor(world.random() * 3) }, () => {
    world.proposals++;
    return new Uint8Array(Math.floor(world.random() * 40)).fill(world.proposals & 0xff);
  });
  world.cluster.step(id, { kind: 'propose', payloads });
}

function changeSomething({ cluster, protocol, ids, random }: AnyWorld): void {
  const leader = cluster.leader();
  if (leader === undefined) return;
  const voters = ids.filter(() => random() < 0.6);
  const learners = ids.filter((id) => !voters.includes(id) && random() < 0.5);
  const change = protocol.change({ voters, learners }, random);
  cluster.step(leader, { kind: 'changeMembership', change });
}

function partition(world: AnyWorld): void {
  world.cut.clear();
  if (world.random() < 0.4) return;
  for (const from of world.ids)
    for (const to of world.ids) if (world.random() < 0.3) world.cut.add(`${from}>${to}`);
}

/** What may happen next, each with where its share of a thousand ends. */
const ACTS: readonly (readonly [
  until: number,
  act: (world: AnyWorld, id: MemberId) => void,
  fault?: keyof Faults,
])[] = [
  [560, deliverOne],
  [680, (world, id) => world.cluster.durable(id, 1 + Math.floor(world.random() * 3))],
  [740, ({ cluster }, id) => cluster.applied(id)],
  [840, ({ cluster }, id) => cluster.step(id, { kind: 'tick' })],
  [900, propose],
  [940, ({ cluster }, id) => cluster.read(id)],
  [950, (world, id) => world.cluster.step(id, { kind: 'unreachable', peer: pick(world, world.ids) })],
  [954, ({ cluster }, id) => cluster.step(id, { kind: 'stalled' })],
  [966, ({ cluster, random }, id) => cluster.crash(id, Math.floor(random() * 3)), 'crashes'],
  [980, ({ cluster }, id) => cluster.restart(id)],
  [984, partition, 'partitions'],
  [
    988,
    ({ cluster }, to) => cluster.step(cluster.leader() ?? to, { kind: 'transferLeadership', to }),
    'transfers',
  ],
  [994, changeSomething, 'changes'],
  [1000, trimSomething, 'trims'],
];

function trimSomething({ cluster, random }: AnyWorld, id: MemberId): void {
  const { appliedIndex } = cluster.member(id).core.status();
  cluster.trim(id, logIndex(appliedIndex - Math.floor(random() * 3)));
}

/** The share of a fault that this run does not have goes to the next act. */
function act(world: AnyWorld, choice: number): void {
  const id = pick(world, world.ids);
  const found = ACTS.find(
    ([until, , fault]) => choice < until && (fault === undefined || world.faults[fault]),
  );
  found?.[1](world, id);
}

/** R21: everything works again; within four election timeouts something new is committed, and everybody has it. */
function healAndConverge(world: AnyWorld): void {
  const { cluster, ids } = world;
  world.cut.clear();
  for (const id of ids) cluster.restart(id);
  const before = cluster.god.commitIndex;
  const ticksMax = 4 * 2 * ELECTION_TIMEOUT_TICKS;
  let leader: MemberId | undefined;
  let converged = false;
  for (let tick = 0; tick < ticksMax && !converged; tick++) {
    tickInTurn(world);
    leader = cluster.leader();
    if (leader === undefined) continue;
    converged = cluster.god.commitIndex > before && everyoneAgrees(world, leader);
    // Whoever was about to stand when the faults ended may still do so, and a proposal may be lost with a leader.
    if (!converged) cluster.step(leader, { kind: 'propose', payloads: [new Uint8Array(3)] });
  }
  assert.ok(leader !== undefined, 'R21: a healed cluster has a leader');
  assert.ok(cluster.god.commitIndex > before, 'R21: a healed cluster commits');
  assert.ok(converged, 'R21: a healed cluster converges');
  cluster.read(leader);
  // An acknowledgement that was lost before is asked for within an election timeout.
  for (let tick = 0; tick < 2 * ELECTION_TIMEOUT_TICKS; tick++) tickInTurn(world);
  for (const follower of cluster.member(leader).core.status().progress) {
    assert.equal(follower.inflightMessages, 0, 'R19: no message is in flight at rest');
    assert.equal(follower.inflightBytes, 0, 'R19: no byte is in flight at rest');
  }
}

/** A tick for everyone, each at its own instant: a message takes far less than a tick. */
function tickInTurn({ cluster, ids }: AnyWorld): void {
  cluster.settle();
  for (const id of ids) {
    cluster.step(id, { kind: 'tick' });
    cluster.settle();
  }
}

function everyoneAgrees({ cluster }: AnyWorld, leader: MemberId): boolean {
  const { commitIndex, lastIndex, membership } = cluster.member(leader).core.status();
  const { voters, outgoingVoters, learners } = membership;
  // A leader that was removed goes as soon as the others know.
  if (commitIndex !== lastIndex || outgoingVoters.length > 0 || !voters.includes(leader)) return false;
  return [...voters, ...learners].every(
    (id) => cluster.member(id).core.status().appliedIndex === commitIndex,
  );
}

const SCHEDULE = fc.tuple(
  fc.nat(2 ** 31),
  fc.nat(511),
  fc.array(fc.nat(999), { minLength: 300, maxLength: 1200, size: 'max' }),
);

/** Tries RUNS schedules; `ended` is called with the cluster of each. */
export function trySchedules<Cluster extends AnyCluster>(
  protocol: ScheduleProtocol<Cluster>,
  { seed, changes }: { seed: number; changes: boolean },
  ended: (cluster: Cluster) => void,
): void {
  fc.assert(
    fc.property(SCHEDULE, ([worldSeed, swarm, choices]) => {
      const world = newWorld(protocol, { seed: worldSeed, swarm, changes });
      for (const choice of choices) act(world, choice);
      healAndConverge(world);
      ended(world.cluster);
    }),
    { seed, numRuns: RUNS, endOnFailure: true },
  );
}

/** R20: no leader changes in a window without faults, and nobody so much as asks. */
export function tryQuietWindows(newCluster: (options: ClusterOptions) => AnyCluster): void {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const campaigns: string[] = [];
    const cluster = newCluster({
      voters: [1, 2, 3, 4, 5],
      onEffect: (id, effect) => {
        if (effect.kind === 'role' && effect.role !== 'follower') campaigns.push(`${id} ${effect.role}`);
      },
      random,
      electionTimeoutTicks: ELECTION_TIMEOUT_TICKS,
    });
    const ids = [...cluster.members.keys()];
    const tickAll = (): void => {
      for (const id of ids) cluster.step(id, { kind: 'tick' });
      cluster.settle();
    };
    while (cluster.leader() === undefined) tickAll();
    const leader = cluster.leader()!;
    campaigns.length = 0;
    for (let tick = 0; tick < 100; tick++) {
      tickAll();
      if (random() < 0.5) cluster.step(leader, { kind: 'propose', payloads: [new Uint8Array(8)] });
      if (random() < 0.5) cluster.read(ids[Math.floor(random() * ids.length)]!);
    }
    assert.equal(cluster.leader(), leader, 'R20: the leader stays');
    assert.deepEqual(campaigns, [], 'R20: nobody so much as asked');
    for (const id of ids)
      assert.equal(cluster.member(id).core.status().epoch, cluster.member(leader).core.status().epoch);
  }
}
