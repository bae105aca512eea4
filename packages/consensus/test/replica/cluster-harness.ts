/**
 * Real replicas with real cores of either protocol over memory disks and an in-memory network, in one queue of jobs: every run of
 * the same seed is the same run. Time passes only by `tick`.
 */
import assert from 'node:assert/strict';
import { latin1Encode } from '../../src/bytes/reader.ts';
import type { ProtocolName } from '../../src/core/core.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import { clusterId, type MemberId, memberId } from '../../src/core/numbers.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { createPaxosCore } from '../../src/paxos/paxos-core.ts';
import { createRaftCore } from '../../src/raft/raft-core.ts';
import { openReplica, type ReplicaOpenResult } from '../../src/replica/open.ts';
import type { Lane, ReplicaEvent } from '../../src/replica/ports.ts';
import { type ProposalFailure, Proposals } from '../../src/replica/proposals.ts';
import type { Replica } from '../../src/replica/replica.ts';
import type { TrimmingOptions } from '../../src/replica/trimming.ts';
import { ToyMachine } from './toy-machine.ts';

export const ELECTION_TIMEOUT_TICKS = 10;
export const TICK_MS = 100;

export interface ClusterOptions {
  /** Default raft. */
  readonly protocol?: ProtocolName;
  readonly members?: number;
  readonly seed?: number;
  readonly trimming?: Partial<TrimmingOptions>;
  readonly segmentBytes?: number;
}

/** A small generator of numbers in [0, 1), by its seed (xorshift). */
export function seededRandom(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** One member through all its lives. */
export interface Member {
  readonly id: MemberId;
  readonly disk: MemoryDisk;
  machine: ToyMachine;
  /** Undefined while it is down. */
  replica: Replica | undefined;
  proposals: Proposals<number> | undefined;
  /** Its next lives open without a state, until one has come. */
  hasLostState: boolean;
  /** Whether others may have its state. */
  givesState: boolean;
  events: ReplicaEvent[];
  /** Jobs of an ended life do nothing. */
  life: number;
}

export class Cluster {
  readonly random: () => number;
  readonly members: Member[];
  nowMs = 0;
  /** Which messages the network loses; replaced by tests. */
  loses: (from: Member, to: Member, lane: Lane, bytes: Uint8Array) => boolean = () => false;
  private readonly options: ClusterOptions;
  private readonly jobs: (() => void)[] = [];

  constructor(options: ClusterOptions = {}) {
    this.options = options;
    this.random = seededRandom(options.seed ?? 1);
    this.members = Array.from({ length: options.members ?? 3 }, (_, i) => this.makeMember(i));
    for (const member of this.members) this.start(member);
  }

  private makeMember(position: number): Member {
    const id = memberId((position + 1).toString(16).padStart(16, 'a'));
    const disk = new MemoryDisk({ schedule: (job) => this.jobs.push(job) });
    return {
      id,
      disk,
      machine: new ToyMachine({ schedule: (job) => this.jobs.push(job) }),
      replica: undefined,
      proposals: undefined,
      hasLostState: false,
      givesState: true,
      events: [],
      life: 0,
    };
  }

  private schedulerOf(member: Member): (job: () => void) => void {
    const { life } = member;
    return (job) => this.jobs.push(() => member.life === life && job());
  }

  /** Begins the next life of a member that is down. */
  open(member: Member): ReplicaOpenResult {
    member.life++;
    const defer = this.schedulerOf(member);
    member.machine = member.machine.afterCrash({
      schedule: defer,
      result: (origin, position) => member.proposals?.result(origin, position),
    });
    member.events = [];
    let result: ReplicaOpenResult | undefined;
    openReplica(
      {
        disk: member.disk,
        clock: { nowMs: () => this.nowMs, defer },
        transport: {
          send: (to, lane, bytes) => this.deliver(member, to, lane, bytes),
          queuedBytes: () => 0,
        },
        machine: member.machine,
        observer: { observe: (event) => this.observe(member, event) },
        electionTimeoutTicks: ELECTION_TIMEOUT_TICKS,
        tickMs: TICK_MS,
        trimming: this.options.trimming ?? {},
        awaitsState: member.hasLostState && member.machine.appliedIndex === 0,
        mayGiveState: () => member.givesState,
        identity: {
          protocol: this.options.protocol ?? 'raft',
          clusterId: clusterId('00000000000000c1'),
          memberId: member.id,
          foundingMembership: simpleMembership({ voters: this.members.map(({ id }) => id), learners: [] }),
        },
        salt: 77,
        segmentBytes: this.options.segmentBytes ?? 64 * 1024,
        makeCore: (protocolRecovered, incarnation) => {
          const options = {
            id: member.id,
            protocolRecovered,
            electionTimeoutTicks: ELECTION_TIMEOUT_TICKS,
            random: this.random,
          };
          return this.options.protocol === 'paxos'
            ? createPaxosCore({ ...options, incarnation })
            : createRaftCore(options);
        },
      },
      (opened) => {
        result = opened;
      },
    );
    this.settle();
    assert(result !== undefined, 'opening ended');
    return result;
  }

  start(member: Member): void {
    const result = this.open(member);
    assert(result.ok, `opened: ${JSON.stringify(result)}`);
    member.replica = result.replica;
    member.proposals = new Proposals({
      replica: result.replica,
      member: member.id,
      incarnation: result.incarnation,
      timeoutTicks: 100,
      retryTicks: 2 * ELECTION_TIMEOUT_TICKS,
    });
  }

  /** What the state machine of a member that is down held is gone; the journal is whole. */
  loseState(member: Member): void {
    member.machine = new ToyMachine({ schedule: (job) => this.jobs.push(job) });
    member.hasLostState = true;
  }

  /** The power of one member goes. */
  crash(member: Member, survives?: () => boolean): void {
    this.endLife(member);
    member.disk.crash(survives);
  }

  /** The process of one member goes, its power does not. */
  kill(member: Member): void {
    this.endLife(member);
    member.disk.kill();
  }

  private endLife(member: Member): void {
    member.life++;
    member.replica = undefined;
    member.proposals = undefined;
    member.disk.failOn('sync', undefined);
  }

  private observe(member: Member, event: ReplicaEvent): void {
    member.events.push(event);
    if (event.kind === 'roleChanged') member.proposals?.leaderChanged(event.leader);
  }

  private deliver(from: Member, to: MemberId, lane: Lane, bytes: Uint8Array): void {
    const target = this.members.find(({ id }) => id === to);
    if (target === undefined || this.loses(from, target, lane, bytes)) return;
    this.jobs.push(() => target.replica?.receive(from.id, lane, bytes));
  }

  /** Runs every job, and what those cause, until nothing is left. */
  settle(): void {
    let ran = 0;
    for (let job = this.jobs.shift(); job !== undefined; job = this.jobs.shift()) {
      job();
      assert(++ran < 2_000_000, 'the world comes to rest');
    }
  }

  /** Runs a number of jobs only. */
  settleSome(count: number): void {
    for (let i = 0; i < count; i++) this.jobs.shift()?.();
  }

  tick(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.nowMs += TICK_MS;
      for (const member of this.members) {
        member.replica?.tick();
        member.proposals?.tick();
      }
      this.settle();
    }
  }

  /** The member that leads, by the newest term. */
  leader(): Member | undefined {
    let best: Member | undefined;
    let bestEpoch = 0;
    for (const member of this.members) {
      const status = member.replica?.status();
      if (status?.role === 'leader' && status.epoch > bestEpoch) {
        best = member;
        bestEpoch = status.epoch;
      }
    }
    return best;
  }

  /** Lets time pass until somebody leads. */
  elect(): Member {
    for (let i = 0; i < 20 * ELECTION_TIMEOUT_TICKS; i++) {
      const leader = this.leader();
      if (leader !== undefined) return leader;
      this.tick();
    }
    throw new Error('nobody was elected');
  }

  followers(): Member[] {
    const leader = this.elect();
    return this.members.filter((member) => member !== leader);
  }

  /** Proposes at a member; the outcome lands in the returned record. */
  propose(member: Member, body: string): { failure?: ProposalFailure; position?: number } {
    const outcome: { failure?: ProposalFailure; position?: number } = {};
    assert(member.proposals !== undefined, 'the member is up');
    member.proposals.propose(latin1Encode(body), (failure, position) => {
      if (failure !== undefined) outcome.failure = failure;
      if (position !== undefined) outcome.position = position;
    });
    return outcome;
  }
}
