/**
 * One seed's world: members that run the production code, clients that ask, faults that strike; then everything heals,
 * and progress is demanded. Whatever breaks a rule ends it.
 */
import { memberId } from '@synod/consensus';
import type { MemberFacts } from '@synod/coordination';
import { ClientOperations } from '../checkers/client-operations.ts';
import { disagreement } from '../checkers/convergence.ts';
import { LeaseTimes } from '../checkers/lease-times.ts';
import type { ProtocolChecker, ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { require } from '../checkers/rule-broken.ts';
import { StateHashes } from '../checkers/state-hashes.ts';
import type { Administrator } from '../faults/administrator.ts';
import { CoreAdministrator } from '../faults/core-administrator.ts';
import { FAULT_KINDS, type Fault, type FaultKind } from '../faults/fault.ts';
import { Injector } from '../faults/injector.ts';
import { ListAdministrator } from '../faults/list-administrator.ts';
import { CLOCK_DRIFT_MAX, drawFaults } from '../faults/swarm.ts';
import { checkHistory } from '../linearizability/checker.ts';
import type { Operation } from '../linearizability/history.ts';
import { CommandLog } from '../model/command-log.ts';
import { ReferenceMachine } from '../model/reference-machine.ts';
import type { Mutant } from '../mutants/mutant.ts';
import { SeededRandom } from '../random/seeded-random.ts';
import { drawErrand } from '../side-by-side/errand.ts';
import { ErrandRunner } from '../side-by-side/errand-runner.ts';
import { Client, LEASE_SECONDS_MAX } from '../workload/client.ts';
import { drawMix, type Mix } from '../workload/mix.ts';
import { EventQueue } from './event-queue.ts';
import { Network } from './network.ts';
import { SimulatedMember, type Surroundings } from './simulated-member.ts';
import { Trace, type TraceListener } from './trace.ts';
import { drawShape, type TimingModel, type WorldShape } from './world-shape.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly protocol: ProtocolUnderTest;
  readonly members?: number | undefined;
  readonly timing?: TimingModel | undefined;
  /** Sizes that the seed shall not draw. */
  readonly sizes?:
    | Partial<Pick<WorldShape, 'segmentBytes' | 'trimming' | 'hasTightLimits' | 'corruptionChecks'>>
    | undefined;
  /** How many clients ask; default: as the seed draws. */
  readonly clients?: number | undefined;
  /** Kinds that may be drawn; default: all. */
  readonly faults?: readonly FaultKind[] | undefined;
  /** Numbers of the schedule's faults that are carried out; default: all. */
  readonly keep?: readonly number[] | undefined;
  readonly mutant?: Mutant | undefined;
  /** Whether clients carry out errands beside all else, to be compared with those of another world. */
  readonly errands?: boolean | undefined;
  readonly listener?: TraceListener | undefined;
}

/** Faults after which the membership is another one. */
const CHANGES_MEMBERS: ReadonlySet<FaultKind> = new Set(['membership', 'rot', 'misdirect', 'wipe']);
const BY_LIST_CHANCE = 0.1;
/** Clients with errands, where there are any. */
const ERRANDS = 3;
/** How long a world may take to agree once it is healed, in election timeouts; randomised timeouts are up to two each. */
const LEADER_ELECTION_TIMEOUTS = 8;
const CONVERGENCE_MS = 60_000;
const SUPERVISOR_RESTART_MS = 700;
/** For an expiry that the log refuses once, and for its way through the log. */
const LEASE_EXPIRY_SLACK_MS = 5_000;
/** States that the linearizability checker may search for one key. */
const REGISTER_STATES_MAX = 50_000;
/** With this many events and no end the world is taken to hang. */
const EVENTS_MAX = 20_000_000;

export class World {
  readonly shape: WorldShape;
  readonly mix: Mix;
  readonly faults: readonly Fault[];
  readonly queue = new EventQueue();
  readonly trace: Trace;
  readonly network: Network;
  readonly checker: ProtocolChecker;
  readonly commandLog: CommandLog;
  readonly reference: ReferenceMachine;
  readonly operations: ClientOperations;
  readonly leaseTimes: LeaseTimes;
  readonly members: SimulatedMember[] = [];
  readonly clients: Client[];
  readonly errands: ErrandRunner[];
  readonly injector: Injector;
  readonly administrator: Administrator;
  /** Histories that the linearizability checker gave up. */
  undecided = 0;
  private readonly options: WorldOptions;
  private readonly random: SeededRandom;
  private readonly surroundings: Surroundings;

  constructor(options: WorldOptions) {
    const { seed, protocol } = options;
    const { queue } = this;
    this.options = options;
    this.random = new SeededRandom(seed, 'world');
    const { members, timing = options.mutant?.timing } = options;
    this.shape = { ...drawShape(new SeededRandom(seed, 'shape'), { members, timing }), ...options.sizes };
    this.mix = drawMix(new SeededRandom(seed, 'mix'));
    const drawn = drawFaults(new SeededRandom(seed, 'faults'), this.shape, options.faults ?? FAULT_KINDS);
    this.faults =
      options.keep === undefined ? drawn : drawn.filter(({ number }) => options.keep!.includes(number));
    this.trace = new Trace(() => queue.nowMs, options.listener);
    this.network = new Network(
      queue,
      new SeededRandom(seed, 'network'),
      this.trace,
      (from, to, lane, bytes) => this.members[to]!.receive(this.members[from]!.id, lane, bytes),
    );
    this.leaseTimes = new LeaseTimes({
      nowMs: () => queue.nowMs,
      jumpedMs: () => this.members.reduce((sum, { clock }) => sum + clock.jumpedMs, 0),
      driftMax: 2 * CLOCK_DRIFT_MAX,
      extensionMs: this.shape.electionTimeoutTicks * this.shape.tickMs,
    });
    const listedFounders = this.changesMembersByList() ? this.listedFounders() : [];
    this.reference = new ReferenceMachine(
      {
        leaseEnded: (id, expired) => this.leaseTimes.ended(id, expired),
        revisionMade: () => {},
      },
      listedFounders,
    );
    this.commandLog = new CommandLog((entry) => this.reference.apply(entry));
    this.operations = new ClientOperations(this.commandLog, this.reference);
    this.checker = protocol.createChecker(this.shape);
    this.surroundings = {
      shape: this.shape,
      queue,
      trace: this.trace,
      network: this.network,
      protocol,
      checker: this.checker,
      commandLog: this.commandLog,
      stateHashes: new StateHashes(),
      founders: Array.from({ length: this.shape.members }, (_, place) => idOf(place)),
      listedFounders,
      mutant: options.mutant,
      listChanged: (member) => {
        if (this.administrator instanceof ListAdministrator) this.administrator.listChanged(member);
      },
      lifeEnded: (member) => this.lifeEnded(member),
    };
    for (let place = 0; place < this.shape.members; place++) this.addMember();
    const SomeAdministrator = listedFounders.length > 0 ? ListAdministrator : CoreAdministrator;
    this.administrator = new SomeAdministrator({
      queue,
      trace: this.trace,
      random: new SeededRandom(seed, 'administrator'),
      members: this.members,
      leader: () => this.leader(),
      recruit: () => this.recruit(),
    });
    this.injector = new Injector({
      queue,
      network: this.network,
      trace: this.trace,
      random: new SeededRandom(seed, 'injector'),
      administrator: this.administrator,
      members: this.members,
      leaderPlace: () => this.leader()?.place,
    });
    this.clients = Array.from({ length: options.clients ?? this.mix.clients }, (_, number) =>
      this.makeClient(number + 1),
    );
    this.errands = Array.from({ length: options.errands === true ? ERRANDS : 0 }, (_, number) =>
      this.makeErrandRunner(number + 1),
    );
  }

  /** Lets time pass, for scenarios that are written by hand. @throws whatever rule breaks */
  advance(milliseconds: number): void {
    this.runUntil(this.queue.nowMs + milliseconds);
  }

  /** From the first start to the last check. @throws whatever rule broke first */
  run(): void {
    for (const member of this.members) member.start();
    for (const client of this.clients) client.start();
    for (const errand of this.errands) errand.start();
    this.injector.plan(this.faults);
    this.runUntil(this.shape.faultsMs);
    this.heal();
    this.demandLeader();
    // A little time in which nothing goes wrong any more and clients go on.
    this.runUntil(this.queue.nowMs + 2_000);
    for (const client of this.clients) client.stop();
    this.demandConvergence();
    this.concludeErrands();
    // The leases of errands are meant to outlive every world.
    if (this.shape.outlivesLeases && this.errands.length === 0) this.demandLeasesEnd();
    this.checkAtRest();
  }

  /** What clients did to the registers, for the linearizability checker. */
  get history(): Operation[] {
    return this.clients.flatMap(({ registers }) => registers.history);
  }

  /** Who leads by its own word, in the newest epoch. */
  leader(): SimulatedMember | undefined {
    let best: SimulatedMember | undefined;
    let bestEpoch = -1;
    for (const member of this.members) {
      const status = member.core?.status();
      if (member.life === undefined || status?.role !== 'leader' || status.epoch <= bestEpoch) continue;
      best = member;
      bestEpoch = status.epoch;
    }
    return best;
  }

  /** A new member with an empty disk, which is started and in no membership yet. */
  recruit(): SimulatedMember {
    const member = this.addMember();
    member.start();
    return member;
  }

  /** In a share of the worlds whose membership changes, it does so by what clients ask for. */
  private changesMembersByList(): boolean {
    const changes = this.faults.some(({ action }) => CHANGES_MEMBERS.has(action.kind));
    const random = new SeededRandom(this.options.seed, 'members by list');
    return changes && random.chance(BY_LIST_CHANCE);
  }

  private listedFounders(): MemberFacts[] {
    return Array.from({ length: this.shape.members }, (_, place) => ({
      id: idOf(place),
      name: `m${place}`,
      peerUrls: [idOf(place)],
      clientUrls: [],
      isLearner: false,
    }));
  }

  private addMember(): SimulatedMember {
    const place = this.members.length;
    this.network.join(idOf(place));
    const member = new SimulatedMember(place, idOf(place), this.options.seed, this.surroundings);
    this.members.push(member);
    return member;
  }

  private makeClient(number: number): Client {
    const { queue, trace, mix, members, operations, leaseTimes } = this;
    const random = new SeededRandom(this.options.seed, `client ${number}`);
    const { keyspace } = this.reference;
    return new Client({ number, queue, trace, random, mix, members, operations, leaseTimes, keyspace });
  }

  private makeErrandRunner(number: number): ErrandRunner {
    const { queue, members, operations, shape } = this;
    const { seed } = this.options;
    const errand = drawErrand(new SeededRandom(seed, `errand ${number}`), number, shape.faultsMs / 2);
    const random = new SeededRandom(seed, `way of errand ${number}`);
    const { keyspace } = this.reference;
    const leaderPlace = (): number | undefined => this.leader()?.place;
    return new ErrandRunner(errand, { queue, random, members, leaderPlace, operations, keyspace });
  }

  /** Whoever runs the processes starts one again that is down, when its outage is over. */
  private lifeEnded(member: SimulatedMember): void {
    for (const client of this.clients) client.memberEnded(member.place);
    for (const errand of this.errands) errand.memberEnded(member.place);
    const waitMs = Math.max(
      SUPERVISOR_RESTART_MS * this.random.next(),
      (this.injector.downUntilMs[member.place] ?? 0) - this.queue.nowMs,
    );
    this.queue.after(Math.max(waitMs, 0.01), () => member.start());
  }

  private heal(): void {
    this.trace.note('everything heals');
    this.injector.heal();
    for (const member of this.members) member.start();
    for (const errand of this.errands) errand.hurry();
  }

  private demandLeader(): void {
    const { electionTimeoutTicks, tickMs } = this.shape;
    const deadline = this.queue.nowMs + LEADER_ELECTION_TIMEOUTS * electionTimeoutTicks * tickMs;
    this.runWhile(() => this.leader() === undefined, deadline);
    require(this.leader() !== undefined, 'R21', () => 'nobody leads after everything healed');
  }

  private demandConvergence(): void {
    const missing = (): string | undefined => {
      if (this.administrator.isBusy) return 'a member is to be replaced, or a membership is wanted';
      if (this.clients.some(({ isIdle }) => !isIdle)) return 'a client waits for an answer';
      if (this.errands.some(({ isDone }) => !isDone)) return 'an errand is not done';
      return disagreement(this.members) ?? this.watchesMissing();
    };
    this.runWhile(() => missing() !== undefined, this.queue.nowMs + CONVERGENCE_MS);
    const what = missing();
    require(what === undefined, 'R21', () => `after everything healed: ${what}`);
  }

  /** C19 the other way round: a lease that nobody keeps alive ends, and its keys with it, however often the leader changed. */
  private demandLeasesEnd(): void {
    const { leases } = this.reference.leases;
    const { electionTimeoutTicks, tickMs, paces } = this.shape;
    // A new leader gives all their whole time again, so they may all end at one time, and then so many a tick.
    const queuedMs = Math.ceil(leases.size / paces.leaseExpiriesATick) * tickMs;
    const longestMs =
      LEASE_SECONDS_MAX * 1000 + electionTimeoutTicks * tickMs + queuedMs + LEASE_EXPIRY_SLACK_MS;
    // A keep-alive that was sent before everything healed may come only now, and counts.
    const lastRenewalMs = Math.max(this.queue.nowMs, this.network.allArrivedMs);
    this.runWhile(() => leases.size > 0, lastRenewalMs + longestMs);
    require(leases.size === 0, 'C19', () => `lease ${[...leases.keys()][0]} does not end`);
    this.demandConvergence();
  }

  /** C17: on members that are part of the cluster, every watch is told of everything. */
  private watchesMissing(): string | undefined {
    for (const { watching } of this.clients) {
      const missing = watching.missing(this.reference.keyspace.revision);
      if (missing !== undefined) return missing;
    }
    for (const { watch } of this.errands) {
      const missing = watch.missing(this.reference.keyspace.revision, this.leader()!);
      if (missing !== undefined) return missing;
    }
    return undefined;
  }

  private concludeErrands(): void {
    for (const errand of this.errands) errand.conclude();
    const areConcluded = (): boolean => this.errands.every(({ isConcluded }) => isConcluded);
    this.runWhile(() => !areConcluded(), this.queue.nowMs + CONVERGENCE_MS);
    require(areConcluded(), 'R21', () => 'a client cannot read in the end what it did');
  }

  private checkAtRest(): void {
    this.runUntil(this.queue.nowMs + 1_000);
    const cores = this.members.flatMap(({ core, life }) =>
      core === undefined || life === undefined ? [] : [core],
    );
    // Leases still end at rest, so the instant is not always the right one.
    this.runWhile(() => this.checker.unrest(cores) !== undefined, this.queue.nowMs + 2_000);
    const unrest = this.checker.unrest(cores);
    require(unrest === undefined, 'R19', () => `at rest ${unrest}`);
    this.checkRegisters();
    const last = this.commandLog.last;
    for (const { place, life } of this.members) {
      if (life === undefined || life.machine.appliedIndex !== last) continue;
      this.surroundings.stateHashes.compare(place, life.machine);
      const everything = { ...EVERYTHING };
      this.operations.read(everything, life.machine.range(everything), last, undefined);
    }
  }

  /** C1 by the second opinion: a checker that knows nothing of the log. */
  private checkRegisters(): void {
    const verdict = checkHistory(this.history, REGISTER_STATES_MAX);
    if (verdict.kind === 'undecided') this.undecided++;
    else
      require(verdict.kind === 'linearizable', 'C1', () =>
        `the history of key ${verdict.kind === 'notLinearizable' ? verdict.key : ''} is not linearizable`);
  }

  private runUntil(untilMs: number): void {
    while (this.queue.runNext(untilMs));
    require(this.queue.count < EVENTS_MAX, 'R19', () => 'the world does not come to rest');
  }

  private runWhile(condition: () => boolean, untilMs: number): void {
    while (this.queue.nowMs < untilMs && condition()) this.runUntil(Math.min(untilMs, this.queue.nowMs + 20));
  }
}

const EVERYTHING = {
  span: { from: '\0' as never, to: '\0' as never },
  revision: 0,
  limit: 0,
  sort: undefined,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};

function idOf(place: number) {
  return memberId((0xa1 + place).toString(16).padStart(16, '0'));
}
