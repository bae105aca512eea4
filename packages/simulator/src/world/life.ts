/**
 * One life of a member, from its start to its crash: the production replica and what the server puts around it, in the
 * same order. Knows no faults.
 */
import {
  type MemberId,
  type ProposalFailure,
  Proposals,
  type ReadBarrierFailure,
  type Replica,
} from '@synod/consensus';
import {
  type Command,
  type CommandResult,
  type CoordinationMachine,
  encodeCommands,
  type Failure,
  type KeyEvent,
  type LeaseChange,
  type LeaseId,
  type ProposalOrigin,
  type RangeQuery,
  type RangeResult,
  type Revision,
  WatchHub,
} from '@synod/coordination';
import { type KeepAliveAnswer, LeaseDriver } from './lease-driver.ts';

export interface LifeParts {
  readonly id: MemberId;
  readonly incarnation: number;
  readonly replica: Replica;
  readonly machine: CoordinationMachine;
  readonly nowMs: () => number;
  readonly defer: (job: () => void) => void;
  readonly electionTimeoutTicks: number;
  readonly tickMs: number;
  readonly proposalTimeoutTicks: number;
}

export type SubmitDone = (
  failure: ProposalFailure | undefined,
  results: readonly CommandResult[] | undefined,
) => void;

/** Ticks between two commits of the state to the backend, when something was applied. */
const TICKS_A_PERSIST = 10;
const SWEEP_ROWS = 100;
const CATCH_UP_ROWS = 200;

export class Life {
  readonly incarnation: number;
  readonly replica: Replica;
  readonly machine: CoordinationMachine;
  readonly hub: WatchHub;
  private readonly parts: LifeParts;
  private readonly proposals: Proposals<readonly CommandResult[]>;
  private readonly leases: LeaseDriver;
  private leader: MemberId | undefined;
  private ticks = 0;
  private persisting = false;
  private pumping = false;

  constructor(parts: LifeParts) {
    this.parts = parts;
    this.incarnation = parts.incarnation;
    this.replica = parts.replica;
    this.machine = parts.machine;
    this.proposals = new Proposals({
      replica: parts.replica,
      member: parts.id,
      incarnation: parts.incarnation,
      timeoutTicks: parts.proposalTimeoutTicks,
      retryTicks: parts.electionTimeoutTicks,
    });
    this.hub = new WatchHub(parts.machine.history);
    this.leases = new LeaseDriver({
      machine: parts.machine,
      replica: parts.replica,
      nowMs: parts.nowMs,
      extensionMs: parts.electionTimeoutTicks * parts.tickMs,
      submit: (command, done) => this.submit(command, (_, results) => done(results?.[0])),
    });
    this.roleChanged();
  }

  get leads(): boolean {
    return this.leader === this.parts.id;
  }

  get knownLeader(): MemberId | undefined {
    return this.leader;
  }

  roleChanged(): void {
    const { role, epoch, leader } = this.replica.status();
    this.leader = leader;
    this.proposals.leaderChanged(leader);
    this.leases.roleChanged(role === 'leader', epoch);
  }

  tick(): void {
    this.ticks++;
    this.replica.tick();
    this.proposals.tick();
    this.leases.tick();
    this.keepUp();
  }

  /** Puts one command into the log. @returns its sequence, 0 if it was turned down at once */
  submit(command: Command, done: SubmitDone): number {
    return this.proposals.propose(encodeCommands([command]), done);
  }

  /** `done` gets the failure, or the answer with the index of the state it was read from. */
  range(
    query: RangeQuery,
    linearizable: boolean,
    done: (
      failure: ReadBarrierFailure | undefined,
      result: RangeResult | Failure | undefined,
      appliedIndex: number,
    ) => void,
  ): void {
    if (!linearizable) {
      done(undefined, this.machine.range(query), this.machine.appliedIndex);
      return;
    }
    this.replica.read((failure) => {
      const result = failure === undefined ? this.machine.range(query) : undefined;
      done(failure, result, this.machine.appliedIndex);
    });
  }

  keepAlive(id: LeaseId, done: (answer: KeepAliveAnswer) => void): void {
    this.leases.keepAlive(id, done);
  }

  /** There may be watchers to catch up. */
  wakeHub(): void {
    if (this.pumping || !this.hub.hasWork) return;
    this.pumping = true;
    this.parts.defer(() => {
      this.pumping = false;
      this.hub.catchUp(CATCH_UP_ROWS);
      this.wakeHub();
    });
  }

  result(origin: ProposalOrigin, results: readonly CommandResult[]): void {
    this.proposals.result(origin, results);
  }

  events(revision: Revision, events: readonly KeyEvent[]): void {
    this.hub.publish(revision, events);
    this.wakeHub();
  }

  leaseChanged(change: LeaseChange): void {
    this.leases.changed(change);
  }

  restored(): void {
    this.hub.restored();
    this.wakeHub();
  }

  /** What the server's upkeep does: commit the state now and then, and take away what compaction let go of. */
  private keepUp(): void {
    const { machine } = this;
    if (this.ticks % TICKS_A_PERSIST !== 0) return;
    machine.sweep(SWEEP_ROWS);
    if (this.persisting || machine.appliedIndex === machine.durableIndex) return;
    this.persisting = true;
    machine.persist(() => {
      this.persisting = false;
    });
  }
}
