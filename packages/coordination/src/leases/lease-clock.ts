/**
 * The volatile half of leases: the leader's view of when each one ends. It decides nothing by itself: it hands out
 * commands, and a lease ends, or has its remaining time noted, when they come back through the log (S6). Time comes in
 * with every call, in milliseconds of a monotonic clock; it is never the wall clock.
 *
 * Why no lease ends before its TTL, failover included (C19), is argued in docs/spec/leases.md. The caller's part:
 *
 * - It calls `promote` when this member leads and the command of `announcement` has been applied, and `demote` as soon
 *   as it no longer leads.
 * - It calls `renew` for a keep-alive only after a quorum confirmed the leadership, asked after the keep-alive came, and
 *   after everything committed by then was applied.
 * - It passes on every LeaseChange as it is applied.
 */
import { assert, unreachable } from '@synod/consensus';
import type { LeaseCommand } from '../machine/commands.ts';
import type { LeaseChange, LeaseFacts } from '../machine/machine-api.ts';
import type { LeaseId } from '../machine/values.ts';
import { DeadlineHeap, type HeapItem, heapItem, isPlaced } from './deadline-heap.ts';
import { LEASE_EXPIRY_RETRY_MS, LEASES_A_CHECKPOINT_MAX } from './limits.ts';

export type LeaseRenewal =
  | { readonly kind: 'renewed'; readonly ttlSeconds: number }
  /** There is no such lease, or its expiry is on its way into the log. */
  | { readonly kind: 'notFound' }
  /**
   * The log may say that less than the TTL is left. Submit `command`; once it was applied, renew again. Only then
   * would a new leader start from the full TTL too.
   */
  | { readonly kind: 'clearFirst'; readonly command: CheckpointCommand }
  | { readonly kind: 'notLeading' };

export type CheckpointCommand = Extract<LeaseCommand, { readonly kind: 'checkpoint' }>;
export type ExpiryCommand = Extract<LeaseCommand, { readonly cause: 'expired' }>;

type GrantFacts = Pick<LeaseFacts, 'id' | 'ttlSeconds' | 'grantNumber'>;

class RunningLease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  readonly grantNumber: number;
  /** Ends no earlier than this. Monotonic within a leadership. Written by `begin` and `renew`. */
  deadlineMs: number;
  /** The next checkpoint comes no earlier than this. Monotonic. Written by `scheduleCheckpoint`. */
  checkpointDueMs = 0;
  /**
   * What the log may say of the remaining time after everything handed out so far: `full`: nothing but the full TTL;
   * `partial`: perhaps less; `clearing`: perhaps less, but the last word handed out is that it is full.
   */
  logged: 'full' | 'partial' | 'clearing' = 'full';
  /** The number of the last word handed out on it in this leadership; 0: none. Monotonic. */
  lastWord = 0;
  /** Its expiry was handed out in this leadership, so it may end at any moment and is renewed no more. Monotonic. */
  expiring = false;
  /** Its place among the expiries, at or before the deadline: `dueExpiries` moves it there, renewals do not. */
  readonly expiry: HeapItem<RunningLease> = heapItem(this);
  /** Its place among the checkpoints, at or before `checkpointDueMs`; out of the heap while too little is left for one. */
  readonly checkpoint: HeapItem<RunningLease> = heapItem(this);

  constructor({ id, ttlSeconds, grantNumber }: GrantFacts, deadlineMs: number) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.grantNumber = grantNumber;
    this.deadlineMs = deadlineMs;
  }
}

export interface LeaseClockOptions {
  /** What every lease gets on top at a promotion: an election timeout, for the time in which nobody could renew it. */
  readonly extensionMs: number;
  /** How often what is left of a lease is told through the log; a lease with less than that left is not checkpointed. */
  readonly checkpointIntervalMs: number;
}

/**
 * The command that a new leader submits before it promotes its clock: once it was applied, whatever an earlier
 * leader's clock handed out and that still wanders about is void.
 */
export function announcement(epoch: number): CheckpointCommand {
  return { module: 'leases', kind: 'checkpoint', epoch, word: 0, lastGrantNumber: 0, remaining: [] };
}

/**
 * The shortest TTL that is granted; a grant of less becomes one of so much, before it enters the log. One and a half
 * election timeouts, as etcd has it: a lease that cannot outlast an election would end with every leader.
 */
export function leaseTtlSecondsMin(electionTimeoutTicks: number, tickMs: number): number {
  return Math.ceil((Math.floor((3 * electionTimeoutTicks) / 2) * tickMs) / 1000);
}

export class LeaseClock {
  private readonly extensionMs: number;
  private readonly checkpointIntervalMs: number;
  /** The epoch in which this member leads and its clock runs; undefined: it does not. */
  private epoch: number | undefined;
  /** The number of the last checkpoint handed out in this leadership; 0 is the announcement. */
  private word = 0;
  /** The last grant that this clock knows of. Monotonic while it runs. */
  private lastGrantNumber = 0;
  /** Every lease, while the clock runs; empty otherwise. */
  private readonly leases = new Map<LeaseId, RunningLease>();
  private readonly expiries = new DeadlineHeap<RunningLease>();
  private readonly checkpoints = new DeadlineHeap<RunningLease>();

  constructor(options: LeaseClockOptions) {
    this.extensionMs = options.extensionMs;
    this.checkpointIntervalMs = options.checkpointIntervalMs;
  }

  get isRunning(): boolean {
    return this.epoch !== undefined;
  }

  /** Starts the clock: every lease has what the log says is left of it, and the extension. */
  promote(epoch: number, nowMs: number, leases: Iterable<LeaseFacts>): void {
    this.demote();
    this.epoch = epoch;
    for (const facts of leases) {
      const leftSeconds = facts.remainingSeconds > 0 ? facts.remainingSeconds : facts.ttlSeconds;
      const lease = this.begin(facts, nowMs, leftSeconds * 1000 + this.extensionMs);
      if (facts.remainingSeconds > 0) lease.logged = 'partial';
    }
  }

  /** Stops the clock and forgets every deadline. */
  demote(): void {
    this.epoch = undefined;
    this.word = 0;
    this.lastGrantNumber = 0;
    this.leases.clear();
    this.expiries.clear();
    this.checkpoints.clear();
  }

  /** A command was applied that changed a lease. While the clock does not run this is of no interest. */
  changed(change: LeaseChange, nowMs: number): void {
    if (this.epoch === undefined) return;
    switch (change.kind) {
      case 'granted':
        this.begin(change, nowMs, change.ttlSeconds * 1000);
        return;
      case 'ended':
        this.end(change.id);
        return;
      case 'checkpointed': {
        const lease = this.leases.get(change.id);
        // An earlier word, or another leader's, says nothing of what comes after it.
        const isLast = change.epoch === this.epoch && change.word === lease?.lastWord;
        if (isLast && lease.logged === 'clearing') lease.logged = 'full';
        return;
      }
      default:
        unreachable(change);
    }
  }

  /** Starts a lease's TTL again. Only a `renewed` may be acknowledged. */
  renew(id: LeaseId, nowMs: number): LeaseRenewal {
    if (this.epoch === undefined) return { kind: 'notLeading' };
    const lease = this.leases.get(id);
    if (lease === undefined || lease.expiring) return { kind: 'notFound' };
    if (lease.logged !== 'full') {
      // Holds the next checkpoint back, which would come between the clearing and the renewal that waits for it.
      this.scheduleCheckpoint(lease, nowMs);
      lease.logged = 'clearing';
      lease.lastWord = ++this.word;
      return {
        kind: 'clearFirst',
        command: this.checkpointOf([{ id, remainingSeconds: 0 }]),
      };
    }
    lease.deadlineMs = Math.max(lease.deadlineMs, nowMs + lease.ttlSeconds * 1000);
    this.scheduleCheckpoint(lease, nowMs);
    return { kind: 'renewed', ttlSeconds: lease.ttlSeconds };
  }

  /**
   * Expiries to submit now, at most `countMax`, the longest overdue first. Each lease's is handed out once: say
   * `expiryFailed` when it ended in anything but a result, and it comes again.
   */
  dueExpiries(nowMs: number, countMax: number): ExpiryCommand[] {
    const commands: ExpiryCommand[] = [];
    while (commands.length < countMax) {
      const item = this.expiries.first();
      if (item === undefined || item.atMs > nowMs) break;
      const lease = item.value;
      if (!lease.expiring && lease.deadlineMs > nowMs) {
        this.expiries.place(item, lease.deadlineMs);
        continue;
      }
      this.expiries.remove(item);
      this.checkpoints.remove(lease.checkpoint);
      lease.expiring = true;
      commands.push(this.expiryOf(lease));
    }
    return commands;
  }

  /**
   * An expiry ended in something else than a result. It may still come to pass, so the lease stays beyond renewal;
   * its expiry is handed out again after a while.
   */
  expiryFailed(id: LeaseId, nowMs: number): void {
    const lease = this.leases.get(id);
    if (lease?.expiring) this.expiries.place(lease.expiry, nowMs + LEASE_EXPIRY_RETRY_MS);
  }

  /** A command that notes what is left of the leases whose turn it is; call again until there is none. */
  dueCheckpoint(nowMs: number): CheckpointCommand | undefined {
    const remaining: { id: LeaseId; remainingSeconds: number }[] = [];
    const word = this.word + 1;
    while (remaining.length < LEASES_A_CHECKPOINT_MAX) {
      const item = this.checkpoints.first();
      if (item === undefined || item.atMs > nowMs) break;
      const lease = item.value;
      if (lease.checkpointDueMs > nowMs) {
        this.checkpoints.place(item, lease.checkpointDueMs);
        continue;
      }
      this.checkpoints.remove(item);
      this.scheduleCheckpoint(lease, nowMs);
      // A keep-alive waits for the full TTL to be logged; a smaller number behind it would undo that.
      if (lease.logged === 'clearing') continue;
      // Rounded up, because C19 allows a lease to last longer, never shorter; and never 0, which would say full.
      const remainingSeconds = Math.ceil((lease.deadlineMs - nowMs) / 1000);
      if (remainingSeconds <= 0 || remainingSeconds >= lease.ttlSeconds) continue;
      lease.logged = 'partial';
      lease.lastWord = word;
      remaining.push({ id: lease.id, remainingSeconds });
    }
    if (remaining.length === 0) return undefined;
    this.word = word;
    return this.checkpointOf(remaining);
  }

  /** Whole seconds until the lease ends, 0 once it is due; undefined: no such lease, or the clock does not run. */
  remainingSeconds(id: LeaseId, nowMs: number): number | undefined {
    const lease = this.leases.get(id);
    return lease === undefined ? undefined : Math.max(0, Math.floor((lease.deadlineMs - nowMs) / 1000));
  }

  private begin(facts: GrantFacts, nowMs: number, leftMs: number): RunningLease {
    assert(!this.leases.has(facts.id), `the lease ${facts.id} begins once`);
    const lease = new RunningLease(facts, nowMs + leftMs);
    this.lastGrantNumber = Math.max(this.lastGrantNumber, facts.grantNumber);
    this.leases.set(facts.id, lease);
    this.expiries.place(lease.expiry, lease.deadlineMs);
    this.scheduleCheckpoint(lease, nowMs);
    return lease;
  }

  private end(id: LeaseId): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    this.leases.delete(id);
    this.expiries.remove(lease.expiry);
    this.checkpoints.remove(lease.checkpoint);
  }

  /** One interval from now, if the lease lasts that long. */
  private scheduleCheckpoint(lease: RunningLease, nowMs: number): void {
    lease.checkpointDueMs = nowMs + this.checkpointIntervalMs;
    if (lease.deadlineMs <= lease.checkpointDueMs) this.checkpoints.remove(lease.checkpoint);
    else if (!isPlaced(lease.checkpoint)) this.checkpoints.place(lease.checkpoint, lease.checkpointDueMs);
  }

  private checkpointOf(remaining: CheckpointCommand['remaining']): CheckpointCommand {
    const { epoch, word, lastGrantNumber } = this;
    assert(epoch !== undefined, 'only a running clock hands out checkpoints');
    return { module: 'leases', kind: 'checkpoint', epoch, word, lastGrantNumber, remaining };
  }

  private expiryOf({ id, grantNumber }: RunningLease): ExpiryCommand {
    assert(this.epoch !== undefined, 'only a running clock hands out expiries');
    return { module: 'leases', kind: 'revoke', id, cause: 'expired', epoch: this.epoch, grantNumber };
  }
}
