/**
 * One member through all its lives: its disk, its backend, its clock, and the life that runs at present, if one does.
 * Everything that happens to it comes through `run`, so that a pause can hold it back.
 */
import {
  type Clock,
  type ConsensusCore,
  clusterId,
  type Lane,
  type MemberId,
  openReplica,
  type ReplicaEvent,
  type ReplicaOpenResult,
  simpleMembership,
  type Transport,
} from '@synod/consensus';
import {
  ConnectedOutputs,
  type CoordinationMachine,
  CoordinationMember,
  createMachine,
  type MemberFacts,
  MemoryBackend,
} from '@synod/coordination';
import type { CoreOptions, ProtocolChecker, ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { RuleBroken } from '../checkers/rule-broken.ts';
import type { StateHashes } from '../checkers/state-hashes.ts';
import { WatchedCore } from '../checkers/watched-core.ts';
import type { CommandLog } from '../model/command-log.ts';
import type { Mutant } from '../mutants/mutant.ts';
import { SeededRandom } from '../random/seeded-random.ts';
import type { EventQueue } from './event-queue.ts';
import { HashedMachine } from './hashed-machine.ts';
import { hearMember } from './member-events.ts';
import type { Network } from './network.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import type { Trace } from './trace.ts';
import type { WorldShape } from './world-shape.ts';

/** What a member shares with the others of its world. */
export interface Surroundings {
  readonly shape: WorldShape;
  readonly queue: EventQueue;
  readonly trace: Trace;
  readonly network: Network;
  readonly protocol: ProtocolUnderTest;
  readonly checker: ProtocolChecker;
  readonly commandLog: CommandLog;
  readonly stateHashes: StateHashes;
  readonly founders: readonly MemberId[];
  /** What the list of members begins with; empty where the membership is changed at the core. */
  readonly listedFounders: readonly MemberFacts[];
  readonly mutant: Mutant | undefined;
  /** Its list of members changed. */
  readonly listChanged: (member: SimulatedMember) => void;
  /** A life ended. */
  readonly lifeEnded: (member: SimulatedMember) => void;
}

/** What one life gets of its world. */
interface LifePorts {
  readonly clock: Clock;
  readonly transport: Transport;
}

/** - `down`: may be started. - `opening`, `up`: runs. - `broken`: refuses to start, and somebody must replace it. */
export type MemberState = 'down' | 'opening' | 'up' | 'broken';

const CLUSTER_ID = clusterId('00000000000051c1');
/** Far above what clients send here. */
const COMMAND_BYTES_MAX = 1_000_000;
/** No simulated client signs in. */
const SIMPLE_TOKEN_TTL_MS = 300_000;

export class SimulatedMember {
  readonly place: number;
  readonly id: MemberId;
  readonly disk: SimulatedDisk;
  readonly clock: SimulatedClock;
  state: MemberState = 'down';
  /** The member that runs in the present life, once it is open: what the server runs, too. */
  life: CoordinationMember | undefined;
  /** The core of the running life, unwrapped. */
  core: ConsensusCore | undefined;
  /** Bytes of its disk were damaged in this existence: it may refuse to start. */
  isDamaged = false;
  /** Its disk was made to fail or to be full: it may stop by itself. */
  mayStop = false;
  starts = 0;
  /** How often this member compared what it holds with that of another, and found it equal. */
  comparisons = 0;
  private readonly around: Surroundings;
  private readonly seed: number;
  private backend: MemoryBackend;
  /** Rises with each start and each end: jobs of another number do nothing. */
  private lifeNumber = 0;
  private isPaused = false;
  private backlog: (() => void)[] = [];
  private tickOwed = false;

  constructor(place: number, id: MemberId, seed: number, around: Surroundings) {
    this.place = place;
    this.id = id;
    this.seed = seed;
    this.around = around;
    const { queue } = around;
    const random = new SeededRandom(seed, `disk of ${place}`);
    this.clock = new SimulatedClock(() => queue.nowMs, random.between(0, 1e7));
    this.disk = new SimulatedDisk({
      random,
      nowMs: () => queue.nowMs,
      later: (delayMs, job) => this.later(delayMs, job),
    });
    this.backend = this.newBackend();
    around.mutant?.disk?.(this.disk);
  }

  start(): void {
    if (this.state !== 'down') return;
    const { around, disk, clock } = this;
    this.lifeNumber++;
    this.starts++;
    this.state = 'opening';
    around.trace.note(`m${this.place} starts`);
    const outputs = new ConnectedOutputs();
    const { shape } = around;
    const machine = createMachine({
      backend: this.backend,
      founders: around.listedFounders,
      outputs,
      applyLimits: shape.applyLimits,
    });
    around.mutant?.machine?.(machine);
    const ports: LifePorts = {
      clock: { nowMs: () => clock.nowMs(), defer: this.deferOfThisLife(machine) },
      transport: {
        send: (to, lane, bytes) => around.network.send(this.place, to, lane, bytes),
        queuedBytes: () => 0,
      },
    };
    const { lifeNumber } = this;
    openReplica(
      {
        disk,
        ...ports,
        machine: new HashedMachine(machine, around.stateHashes, this.place),
        observer: { observe: (event) => this.observe(event) },
        electionTimeoutTicks: shape.electionTimeoutTicks,
        tickMs: shape.tickMs,
        trimming: shape.trimming,
        identity: {
          protocol: around.protocol.name,
          clusterId: CLUSTER_ID,
          memberId: this.id,
          foundingMembership: simpleMembership({ voters: around.founders, learners: [] }),
        },
        salt: this.seed & 0x7fffffff,
        segmentBytes: shape.segmentBytes,
        makeCore: (found, incarnation) => {
          const { mutant } = around;
          const random = new SeededRandom(this.seed, `core of ${this.place} in life ${incarnation}`);
          const recovered = mutant?.recovered?.(found) ?? found;
          const options: CoreOptions = {
            id: this.id,
            recovered,
            incarnation,
            electionTimeoutTicks: shape.electionTimeoutTicks,
            hasTightLimits: shape.hasTightLimits,
            random: () => random.next(),
          };
          const core = around.protocol.createCore(options);
          mutant?.core?.(core);
          this.core = core;
          const watcher = around.checker.beginLife(this.place, core, found);
          return new WatchedCore(core, watcher, (entries) => around.commandLog.applies(this.place, entries));
        },
      },
      (result) => {
        // It may have stopped by itself while it opened.
        if (lifeNumber === this.lifeNumber) this.opened(result, machine, outputs, ports);
      },
    );
  }

  /** The process ends; with `power`, the power goes too, and each unsynced sector stays with this probability. */
  end(power: { readonly survival: number } | undefined): void {
    if (this.state === 'down' || this.state === 'broken') return;
    this.around.trace.note(`m${this.place} ${power === undefined ? 'is killed' : 'loses power'}`);
    this.endLife();
    if (power === undefined) this.disk.endProcess();
    else this.disk.cutPower(power.survival);
  }

  /** Everything it held is gone, for good. */
  wipe(): void {
    this.end({ survival: 0 });
    this.disk.wipe();
    this.backend = this.newBackend();
    const keepsName = this.around.mutant?.wipedKeepsName === true;
    this.state = keepsName ? 'down' : 'broken';
    this.isDamaged = !keepsName;
  }

  pause(): void {
    this.isPaused = true;
  }

  /** What came meanwhile comes now, in its order; then one tick, however many were missed (as timers do). */
  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    const waiting = this.backlog;
    this.backlog = [];
    for (const job of waiting) this.run(job);
    if (!this.tickOwed) return;
    this.tickOwed = false;
    this.deferOfThisLife()(() => this.life?.tick());
  }

  receive(from: MemberId, lane: Lane, bytes: Uint8Array): void {
    if (this.life === undefined) return;
    const { life } = this;
    // Most of what happens in a world comes by here: without a pause it costs no closure.
    if (!this.isPaused) life.receive(from, lane, bytes);
    else
      this.backlog.push(() => {
        if (this.life === life) life.receive(from, lane, bytes);
      });
  }

  peerUnreachable(peer: MemberId): void {
    const { life } = this;
    this.run(() => {
      if (life !== undefined && this.life === life) life.peerUnreachable(peer);
    });
  }

  /** Lets something happen to this member: now, or when its pause ends. */
  run(job: () => void): void {
    if (this.isPaused) this.backlog.push(job);
    else job();
  }

  private opened(
    result: ReplicaOpenResult,
    machine: CoordinationMachine,
    outputs: ConnectedOutputs,
    ports: LifePorts,
  ): void {
    const { around } = this;
    const { shape, network, mutant } = around;
    if (!result.ok) {
      const { kind } = result.error;
      this.around.trace.note(`m${this.place} does not start: ${kind}`);
      const isExpected = kind === 'disk' ? this.mayStop : this.isDamaged;
      if (!isExpected)
        throw new RuleBroken('C4', `m${this.place} refuses to start: ${JSON.stringify(result.error)}`);
      this.endLife();
      this.disk.endProcess();
      this.state = kind === 'disk' ? 'down' : 'broken';
      return;
    }
    this.state = 'up';
    const life = new CoordinationMember({
      id: this.id,
      clusterId: CLUSTER_ID,
      replica: result.replica,
      machine,
      backend: this.backend,
      ...ports,
      peers: () => network.peersOf(this.place),
      tickMs: shape.tickMs,
      electionTimeoutTicks: shape.electionTimeoutTicks,
      leaseExtensionMs: shape.electionTimeoutTicks * shape.tickMs,
      commandBytesMax: COMMAND_BYTES_MAX,
      storeBytesMax: Number.POSITIVE_INFINITY,
      strictReconfiguration: false,
      learnersMax: 1,
      membersChanged: () => around.listChanged(this),
      autoCompaction: undefined,
      corruptionChecks: shape.corruptionChecks,
      simpleTokenTtlMs: SIMPLE_TOKEN_TTL_MS,
      paces: shape.paces,
      observe: (event) =>
        hearMember(`m${this.place}`, event, {
          note: (text) => around.trace.note(text),
          compared: () => this.comparisons++,
        }),
    });
    mutant?.life?.(life);
    this.life = life;
    outputs.connect(life);
    life.begin();
    // Where nobody looks at the list, nobody need be in it.
    if (around.listedFounders.length > 0)
      life.publish({ name: `m${this.place}`, peerUrls: [this.id], clientUrls: [] }, () => {});
    this.planTick(shape.tickMs * new SeededRandom(this.seed, `tick of ${this.place}.${this.starts}`).next());
  }

  private endLife(): void {
    this.lifeNumber++;
    this.state = 'down';
    this.life = undefined;
    this.core = undefined;
    this.isPaused = false;
    this.backlog = [];
    this.tickOwed = false;
    this.backend.crash();
    this.around.lifeEnded(this);
  }

  private planTick(localMs: number): void {
    const { lifeNumber } = this;
    this.around.queue.after(this.clock.trueSpanMs(localMs), () => {
      if (lifeNumber !== this.lifeNumber) return;
      if (this.isPaused) this.tickOwed = true;
      // A tick waits for what has arrived already: after a stall the inbox comes first (pitfall 37).
      else this.deferOfThisLife()(() => this.life?.tick());
      this.planTick(this.around.shape.tickMs);
    });
  }

  /** While the machine is amid an entry a turn takes a while, so that others have theirs in between. */
  private deferOfThisLife(machine?: CoordinationMachine): (job: () => void) => void {
    const { lifeNumber } = this;
    const { queue, shape } = this.around;
    return (job) =>
      queue.after(machine?.isAtRest === false ? shape.entryTurnMs : 0, () => {
        if (lifeNumber !== this.lifeNumber) return;
        if (this.isPaused) this.backlog.push(job);
        else job();
      });
  }

  private later(delayMs: number, job: () => void): void {
    const { lifeNumber } = this;
    this.around.queue.after(delayMs, () => {
      if (lifeNumber === this.lifeNumber) this.run(job);
    });
  }

  private newBackend(): MemoryBackend {
    return new MemoryBackend((job) => this.later(5, job), this.around.shape.commitRowsMax);
  }

  private observe(event: ReplicaEvent): void {
    const { trace } = this.around;
    switch (event.kind) {
      case 'roleChanged':
        trace.note(`m${this.place} ${event.role} ${event.epoch} ${event.leader ?? '-'}`);
        this.life?.roleChanged();
        return;
      case 'fatal':
        trace.note(`m${this.place} stops: ${event.reason}`);
        if (!this.mayStop) throw new RuleBroken('S10', `m${this.place} stops by itself: ${event.reason}`);
        this.endLife();
        this.disk.endProcess();
        return;
      case 'malformedMessage':
        throw new RuleBroken('S10', `m${this.place} cannot read a message: ${event.detail}`);
      case 'synced':
        return;
      default:
        if (trace.isHeard) trace.note(`m${this.place} ${JSON.stringify(event)}`);
    }
  }
}
