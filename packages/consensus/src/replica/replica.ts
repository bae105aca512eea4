/**
 * Drives one core over the ports: inputs in, effects out, in the order the core gave them. Decides nothing about
 * consensus and knows nothing of what commands mean. The rule it enforces for everyone: a message leaves only when
 * the write whose ticket it carries is durable.
 */
import { unreachable } from '../core/assert.ts';
import type { ConsensusCore } from '../core/core.ts';
import type { Effect, LogRecord } from '../core/effects.ts';
import type { MembershipChange } from '../core/membership.ts';
import type { PeerMessage } from '../core/messages.ts';
import { type LogIndex, type MemberId, NO_INDEX, type Ticket } from '../core/numbers.ts';
import { DiskFailure } from '../journal/disk-failure.ts';
import type { Journal } from '../journal/journal.ts';
import { describeDiskError } from '../journal/journal-error.ts';
import { AwaitedState } from './awaited-state.ts';
import { CoreStepper } from './core-stepper.ts';
import { DurableLog } from './durable-log.ts';
import { HeldSends } from './held-sends.ts';
import { LogTrimmer } from './log-trimmer.ts';
import { MachineDriver, type MachineDriverPorts } from './machine-driver.ts';
import { PeerInbox } from './peer-inbox.ts';
import type { Clock, Disk, DiskError, Lane, Observer, StateMachine, Transport } from './ports.ts';
import { ReadBarrier } from './read-barrier.ts';
import type { ReadBarrierFailure, ReplicaActivity, ReplicaApi, ReplicaStatus } from './replica-api.ts';
import { SnapshotExchange } from './snapshot-exchange.ts';
import { type ProposalBatch, Submissions } from './submissions.ts';
import { TickWatch } from './tick-watch.ts';
import { TRIMMING_DEFAULTS, type TrimmingOptions } from './trimming.ts';

export interface ReplicaOptions {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly transport: Transport;
  readonly machine: StateMachine;
  readonly observer: Observer;
  readonly electionTimeoutTicks: number;
  /** Milliseconds that the owner means to let pass between two ticks. */
  readonly tickMs: number;
  readonly trimming?: Partial<TrimmingOptions>;
  /** The state machine lost its state, and is to get one from the others before anything is applied. Default: it has one. */
  readonly awaitsState?: boolean;
  /** Whether others that lost theirs may be given this member's state. Default: they may. */
  readonly mayGiveState?: () => boolean;
}

export class Replica implements ReplicaApi {
  private readonly core: ConsensusCore;
  private readonly journal: Journal;
  private readonly options: ReplicaOptions;
  private readonly submissions: Submissions;
  private readonly reads: ReadBarrier;
  private readonly inbox: PeerInbox;
  private readonly driver: MachineDriver;
  private readonly snapshots: SnapshotExchange;
  private readonly trimmer: LogTrimmer;
  private readonly awaitedState: AwaitedState;
  private readonly heldSends = new HeldSends();
  private readonly stepper: CoreStepper;
  /** Whether `endTurn` runs: it flushes the journal itself. */
  private endingTurn = false;
  /** Whether `endTurn` is scheduled. */
  private turnScheduled = false;
  /** What the `propose` being carried out was made of. */
  private proposing: ProposalBatch | undefined;
  private readonly durable: DurableLog;
  /** What the core was told is applied. Monotone. */
  private appliedIndex: LogIndex;
  private leader: MemberId | undefined;
  private readonly ticks: TickWatch;
  /** No input is taken any more: stopped by its owner, or by a failure. */
  private ended = false;

  constructor(core: ConsensusCore, journal: Journal, options: ReplicaOptions) {
    this.core = core;
    this.journal = journal;
    this.options = options;
    const { lastIndex, appliedIndex } = core.status();
    this.durable = new DurableLog(lastIndex);
    this.appliedIndex = appliedIndex;
    this.reads = new ReadBarrier(options.electionTimeoutTicks);
    this.ticks = new TickWatch(options);
    this.submissions = new Submissions(options.transport);
    this.stepper = new CoreStepper({
      core,
      carryOut: (effects) => this.carryOut(effects),
      stepped: ({ kind }) => {
        if (kind === 'propose') this.proposing = undefined;
      },
    });
    const ports: MachineDriverPorts = {
      machine: options.machine,
      disk: options.disk,
      clock: options.clock,
      durableTicket: () => this.durable.ticket,
      applied: (index) => this.applied(index),
      restored: (meta) => this.restored(meta.index),
      regained: (index) => this.regained(index),
      failed: (reason) => this.fatal(reason),
    };
    this.driver = new MachineDriver(ports, { awaitsState: options.awaitsState ?? false, appliedIndex });
    this.snapshots = new SnapshotExchange({
      ...options,
      incarnation: journal.incarnation,
      capture: () => this.capture(),
      transferred: (to, index) => this.stepper.run({ kind: 'snapshotSent', to, index }),
      install: (from, message) => this.inbox.receiveConsensus(from, message),
      mayGiveState: options.mayGiveState ?? (() => true),
      wantsState: (index) => this.driver.wantsState() && index >= this.appliedIndex,
      stateArrived: (index) => this.driver.stateArrived(index),
      failed: (error) => this.diskFailed(error),
    });
    this.inbox = new PeerInbox({
      codec: core.codec,
      observer: options.observer,
      consensus: (from, message) => this.stepper.run({ kind: 'message', from, message }),
      relayed: (payloads) => this.relay(payloads),
      snapshot: (from, message) => this.withDisk(() => this.snapshots.receive(from, message)),
    });
    this.trimmer = new LogTrimmer({
      core,
      journal,
      machine: options.machine,
      options: { ...TRIMMING_DEFAULTS, ...options.trimming },
      appliedIndex: () => this.appliedIndex,
      neededAfter: () => this.snapshots.neededAfter,
      trimmed: (index) => this.trimmed(index),
      failed: (reason) => this.fatal(reason),
    });
    this.awaitedState = new AwaitedState({
      self: core.id,
      electionTimeoutTicks: options.electionTimeoutTicks,
      status: () => core.status(),
      arrivedBytes: () => this.snapshots.arrivedBytes,
      ask: (member) => this.snapshots.request(member, this.appliedIndex),
      transferLeadership: (to) => this.transferLeadership(to),
    });
    journal.attach({
      durable: (reached) => this.becameDurable(reached),
      failed: (error) => this.diskFailed(error),
      synced: (bytes, milliseconds) => options.observer.observe({ kind: 'synced', bytes, milliseconds }),
    });
    this.withDisk(() => this.snapshots.removeStale());
    this.stepper.begin();
  }

  submit(payload: Uint8Array): boolean {
    if (this.ended) return false;
    const taken = this.submissions.submit(payload);
    this.scheduleTurn();
    return taken;
  }

  read(done: (failure: ReadBarrierFailure | undefined) => void): void {
    if (this.ended) {
      done('stopped');
      return;
    }
    this.reads.add(done);
    this.scheduleTurn();
  }

  receive(from: MemberId, lane: Lane, bytes: Uint8Array): void {
    if (!this.ended) this.inbox.receive(from, lane, bytes);
  }

  peerUnreachable(peer: MemberId): void {
    this.stepper.run({ kind: 'unreachable', peer });
  }

  tick(): void {
    if (this.ended) return;
    const followers = (): number => (this.leader === this.core.id ? this.core.status().progress.length : 0);
    if (this.ticks.ticked(this.options.clock.nowMs(), followers)) this.stepper.run({ kind: 'stalled' });
    this.stepper.run({ kind: 'tick' });
    this.reads.tick(this.leader !== undefined);
    this.withDisk(() => this.snapshots.tick());
    if (this.driver.awaitsState) this.awaitedState.tick();
    this.submissions.retry();
    this.scheduleTurn();
  }

  transferLeadership(to: MemberId): void {
    this.stepper.run({ kind: 'transferLeadership', to });
  }

  changeMembership(change: MembershipChange): void {
    this.stepper.run({ kind: 'changeMembership', change });
  }

  status(): ReplicaStatus {
    return {
      ...this.core.status(),
      durableIndex: this.durable.index,
      incarnation: this.journal.incarnation,
      life: this.journal.life,
      stopped: this.ended,
    };
  }

  get activity(): ReplicaActivity {
    return {
      lateHeartbeats: this.ticks.lateHeartbeats,
      ...this.reads.counts,
      ...this.snapshots.transfers,
      isRestoring: this.driver.isRestoring,
    };
  }

  stop(done: () => void): void {
    this.end();
    this.journal.close(done);
  }

  private carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) if (!this.ended) this.carryOutOne(effect);
  }

  private carryOutOne(effect: Effect): void {
    const { observer } = this.options;
    switch (effect.kind) {
      case 'write':
        this.write(effect.ticket, effect.records);
        return;
      case 'send':
        if (effect.after <= this.durable.ticket) this.send(effect.to, effect.message);
        else this.heldSends.hold(effect);
        return;
      case 'apply':
        this.driver.apply(effect.entries);
        return;
      case 'readable':
        this.reads.readable(effect.tokens, effect.index, this.options.machine.appliedIndex);
        return;
      case 'readFailed':
        this.reads.failed(effect.tokens);
        return;
      case 'role':
        this.leader = effect.leader;
        this.submissions.retry();
        this.scheduleTurn();
        observer.observe({
          kind: 'roleChanged',
          role: effect.role,
          epoch: effect.epoch,
          leader: effect.leader,
        });
        return;
      case 'rejected':
        if (this.proposing !== undefined)
          this.submissions.refused(this.proposing, effect.reason, effect.leader);
        return;
      case 'changeRejected':
        observer.observe({ kind: 'membershipChangeRejected', reason: effect.reason });
        return;
      case 'membership':
        observer.observe({
          kind: 'membershipChanged',
          membership: effect.membership,
          index: effect.index,
        });
        return;
      case 'sendSnapshot':
        this.snapshots.send(effect.to, effect.atLeast, (meta) =>
          this.core.codec.encode(effect.install(meta)),
        );
        return;
      case 'abandonSnapshots':
        this.snapshots.abandonSending();
        return;
      case 'restore':
        this.driver.restore(effect.meta, this.durable.askedTicket);
        return;
      default:
        unreachable(effect);
    }
  }

  private write(ticket: Ticket, records: readonly LogRecord[]): void {
    this.journal.append(ticket, records);
    this.durable.asked(ticket, records);
    if (!this.endingTurn) this.scheduleTurn();
  }

  private becameDurable(reached: Ticket): void {
    if (this.ended) return;
    this.durable.reached(reached);
    this.heldSends.release(reached, (to, message) => this.send(to, message));
    this.stepper.run({ kind: 'durable', ticket: reached });
    if (!this.ended) this.driver.logReached();
  }

  private send(to: MemberId, message: PeerMessage): void {
    this.options.transport.send(to, 'consensus', this.core.codec.encode(message));
  }

  /** Work that reads files in passing: a disk that fails then ends this life as it does everywhere. */
  private withDisk(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof DiskFailure)) throw error;
      this.diskFailed(error.diskError);
    }
  }

  private relay(payloads: readonly Uint8Array[]): void {
    this.submissions.relay(payloads);
    this.scheduleTurn();
  }

  private scheduleTurn(): void {
    if (this.turnScheduled || this.ended) return;
    this.turnScheduled = true;
    this.options.clock.defer(() => this.endTurn());
  }

  /** Once a turn: one propose, one question for all reads, one frame. */
  private endTurn(): void {
    this.turnScheduled = false;
    if (this.ended) return;
    this.endingTurn = true;
    if (this.submissions.isReady) {
      const batch = this.submissions.take();
      this.proposing = batch;
      this.stepper.run({ kind: 'propose', payloads: [...batch.local, ...batch.relayed] });
    }
    this.reads.ask((token) => this.stepper.run({ kind: 'read', token }));
    if (this.submissions.isReady) this.scheduleTurn();
    this.endingTurn = false;
    this.journal.flush();
  }

  private applied(index: LogIndex): void {
    this.appliedIndex = index;
    this.reads.applied(this.options.machine.appliedIndex);
    this.submissions.retry();
    if (this.submissions.isReady) this.scheduleTurn();
    this.stepper.run({ kind: 'applied', index });
    this.trimmer.consider();
  }

  private restored(index: LogIndex): void {
    this.durable.restored(index);
    this.withDisk(() => this.snapshots.removeStale());
  }

  private regained(index: LogIndex): void {
    this.reads.applied(this.options.machine.appliedIndex);
    this.withDisk(() => this.snapshots.removeStale());
    this.options.observer.observe({ kind: 'stateRegained', index });
  }

  private trimmed(index: LogIndex): void {
    this.stepper.run({ kind: 'trim', index });
    this.withDisk(() => this.snapshots.trimmed(index));
    this.options.observer.observe({ kind: 'trimmed', index });
  }

  /** An image needs the meta of its index, which the core knows only once it was told that this is applied. */
  private capture() {
    if (!this.driver.isIdle || this.appliedIndex === NO_INDEX) return undefined;
    if (this.appliedIndex !== this.options.machine.appliedIndex) return undefined;
    return { image: this.options.machine.capture(), meta: this.core.snapshotMeta(this.appliedIndex) };
  }

  private diskFailed(error: DiskError): void {
    this.fatal(describeDiskError(error));
  }

  private fatal(reason: string): void {
    if (this.ended) return;
    this.end();
    this.options.observer.observe({ kind: 'fatal', reason });
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.stepper.stop();
    this.heldSends.clear();
    this.driver.stop();
    this.trimmer.stop();
    this.snapshots.stop();
    this.reads.stop();
  }
}
