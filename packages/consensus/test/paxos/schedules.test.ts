/** Random schedules of a small Paxos cluster: crashes, losses, duplicates, reordering, partitions, slow disks. God checks every step. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { QuorumSizes } from '../../src/core/membership.ts';
import { logIndex, type MemberId } from '../../src/core/numbers.ts';
import { idOf } from '../harness/member-names.ts';
import { seededRandom } from '../harness/seeded-random.ts';
import { Cluster, type PaxosClusterOptions } from './cluster.ts';

const ELECTION_TIMEOUT_TICKS = 5;

/** Small enough that every window fills and every batch is cut. */
const TIGHT_LIMITS = {
  windowSlotsMax: 12,
  messageBytesMax: 100,
  inflightMessagesMax: 3,
  inflightBytesMax: 220,
  uncommittedBytesMax: 700,
  applyBytesMax: 80,
  readsWaitingMax: 5,
};

interface World {
  readonly cluster: Cluster;
  readonly ids: readonly MemberId[];
  readonly random: () => number;
  /** Bit by bit, which faults this run has (a swarm: each run its own subset). */
  readonly faults: Faults;
  /** Pairs that cannot talk, "from>to". */
  readonly cut: Set<string>;
  proposals: number;
}

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

/** Quorums of any sizes that meet, phase 1 with itself too. */
function safeQuorum(random: () => number, voters: number): QuorumSizes {
  const smallest = Math.floor(voters / 2) + 1;
  const phase1 = smallest + Math.floor(random() * (voters - smallest + 1));
  return { phase1, phase2: voters + 1 - phase1 + Math.floor(random() * phase1) };
}

function newWorld(seed: number, swarm: number, changes: boolean): World {
  const random = seededRandom(seed);
  const count = [1, 2, 3, 3, 3, 4, 5][Math.floor(random() * 7)]!;
  const voters = Array.from({ length: count }, (_, i) => i + 1);
  const quorum = random() < 0.5 ? safeQuorum(random, count) : undefined;
  const options: PaxosClusterOptions = {
    voters,
    ...(quorum === undefined ? {} : { quorum }),
    learners: changes ? [] : [8],
    spares: changes ? [8, 9] : [],
    random,
    electionTimeoutTicks: ELECTION_TIMEOUT_TICKS,
    limits: TIGHT_LIMITS,
    encoded: true,
  };
  const cluster = new Cluster(options);
  const bit = (n: number): boolean => (swarm & (1 << n)) !== 0;
  return {
    cluster,
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

const pick = <T>(world: World, from: readonly T[]): T => from[Math.floor(world.random() * from.length)]!;

/** The place of a parcel that may be delivered: any one, or the oldest of its link. */
function choose(world: World): number {
  const { network } = world.cluster;
  if (network.length === 0) return -1;
  const at = Math.floor(world.random() * network.length);
  if (world.faults.reordering) return at;
  const { from, to } = network[at]!;
  return network.findIndex((parcel) => parcel.from === from && parcel.to === to);
}

function deliverOne(world: World): void {
  const at = choose(world);
  const parcel = world.cluster.network[at];
  if (parcel === undefined) return;
  if (world.cut.has(`${parcel.from}>${parcel.to}`)) world.cluster.drop(at);
  else if (world.faults.loss && world.random() < 0.08) world.cluster.drop(at);
  else world.cluster.deliver(at, world.faults.duplicates && world.random() < 0.08);
}

function propose(world: World): void {
  const id =
    world.random() < 0.8 ? (world.cluster.leader() ?? pick(world, world.ids)) : pick(world, world.ids);
  const payloads = Array.from({ length: 1 + Math.floor(world.random() * 3) }, () => {
    world.proposals++;
    return new Uint8Array(Math.floor(world.random() * 40)).fill(world.proposals & 0xff);
  });
  world.cluster.step(id, { kind: 'propose', payloads });
}

function changeSomething(world: World): void {
  const leader = world.cluster.leader();
  if (leader === undefined) return;
  const voters = world.ids.filter(() => world.random() < 0.6);
  const learners = world.ids.filter((id) => !voters.includes(id) && world.random() < 0.5);
  const change =
    world.random() < 0.5 || voters.length === 0
      ? { voters, learners }
      : { voters, learners, quorum: safeQuorum(world.random, voters.length) };
  world.cluster.step(leader, { kind: 'changeMembership', change });
}

function partition(world: World): void {
  world.cut.clear();
  if (world.random() < 0.4) return;
  for (const from of world.ids)
    for (const to of world.ids) if (world.random() < 0.3) world.cut.add(`${from}>${to}`);
}

function act(world: World, choice: number): void {
  const { cluster, faults } = world;
  const id = pick(world, world.ids);
  if (choice < 560) {
    deliverOne(world);
    return;
  }
  if (choice < 680) {
    cluster.durable(id, 1 + Math.floor(world.random() * 3));
    return;
  }
  if (choice < 740) {
    cluster.applied(id);
    return;
  }
  if (choice < 840) {
    cluster.step(id, { kind: 'tick' });
    return;
  }
  if (choice < 900) {
    propose(world);
    return;
  }
  if (choice < 940) {
    cluster.read(id);
    return;
  }
  if (choice < 950) {
    cluster.step(id, { kind: 'unreachable', peer: pick(world, world.ids) });
    return;
  }
  if (choice < 954) {
    cluster.step(id, { kind: 'stalled' });
    return;
  }
  if (choice < 966 && faults.crashes) {
    cluster.crash(id, Math.floor(world.random() * 3));
    return;
  }
  if (choice < 980) {
    cluster.restart(id);
    return;
  }
  if (choice < 984 && faults.partitions) {
    partition(world);
    return;
  }
  if (choice < 988 && faults.transfers) {
    const leader = cluster.leader() ?? id;
    cluster.step(leader, { kind: 'transferLeadership', to: id });
    return;
  }
  if (choice < 994 && faults.changes) {
    changeSomething(world);
    return;
  }
  if (faults.trims) {
    const { appliedIndex } = cluster.member(id).core.status();
    cluster.trim(id, logIndex(appliedIndex - Math.floor(world.random() * 3)));
    return;
  }
}

/** R21: everything works again; within four election timeouts something new is chosen, and everybody has it. */
function healAndConverge(world: World): void {
  const { cluster } = world;
  for (const id of world.ids) cluster.restart(id);
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
function tickInTurn({ cluster, ids }: World): void {
  cluster.settle();
  for (const id of ids) {
    cluster.step(id, { kind: 'tick' });
    cluster.settle();
  }
}

function everyoneAgrees(world: World, leader: MemberId): boolean {
  const { commitIndex, lastIndex, membership } = world.cluster.member(leader).core.status();
  // A leader that was removed goes as soon as the others know.
  if (commitIndex !== lastIndex || !membership.voters.includes(leader)) return false;
  return [...membership.voters, ...membership.learners].every(
    (id) => world.cluster.member(id).core.status().appliedIndex === commitIndex,
  );
}

function run(seed: number, swarm: number, choices: readonly number[], changes: boolean): World {
  const world = newWorld(seed, swarm, changes);
  for (const choice of choices) act(world, choice);
  world.cut.clear();
  healAndConverge(world);
  return world;
}

const schedule = fc.tuple(
  fc.nat(2 ** 31),
  fc.nat(511),
  fc.array(fc.nat(999), { minLength: 300, maxLength: 1200, size: 'max' }),
);

const RUNS = Number(process.env['SYNOD_RUNS'] ?? 150);

test('P1 P2 P3 P4 P5 P6 P8 P9 P10 P11 P13 P14 P15 R19 R21 hold under random schedules of a fixed membership', () => {
  let commits = 0;
  let reads = 0;
  let elections = 0;
  let staleLeaders = 0;
  fc.assert(
    fc.property(schedule, ([seed, swarm, choices]) => {
      const { cluster } = run(seed, swarm, choices, false);
      commits += cluster.god.commitIndex;
      reads += cluster.god.reads.served;
      elections += cluster.god.elections;
      staleLeaders += cluster.god.staleLeaders;
    }),
    { seed: 1, numRuns: RUNS, endOnFailure: true },
  );
  // A schedule in which nothing happens would prove nothing.
  assert.ok(commits > RUNS * 5, `entries were committed: ${commits}`);
  assert.ok(reads > RUNS, `reads were served: ${reads}`);
  assert.ok(elections > RUNS, `leaders were elected: ${elections}`);
  assert.ok(staleLeaders > RUNS / 20, `leaders were elected that lacked something chosen: ${staleLeaders}`);
});

test('P1 P2 P3 P4 P5 P6 P8 P9 P10 P11 P13 P14 P15 P17 R19 R21 hold while the membership changes', () => {
  let commits = 0;
  fc.assert(
    fc.property(schedule, ([seed, swarm, choices]) => {
      commits += run(seed, swarm, choices, true).cluster.god.commitIndex;
    }),
    { seed: 2, numRuns: RUNS, endOnFailure: true },
  );
  assert.ok(commits > RUNS * 5, `entries were committed: ${commits}`);
});

test('R20 no leader changes in a window without faults', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const campaigns: string[] = [];
    const cluster = new Cluster({
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
    assert.equal(cluster.member(idOf(1)).core.status().epoch, cluster.member(leader).core.status().epoch);
  }
});
