/**
 * The requests of this member that wait for their place in the log: each is numbered, put in an envelope, tried
 * again when the leader changes or stays silent, and ended by its result or its deadline. Trying again is safe
 * because the state machine applies an origin at most once (S2, pitfall 35). Pure: the server and the simulator use
 * the same.
 */
import type { MemberId } from '../core/numbers.ts';
import { encodeEnvelope } from './envelope.ts';
import { PENDING_PROPOSALS_MAX } from './limits.ts';
import type { ReplicaApi } from './replica-api.ts';

export type ProposalFailure =
  /** Not known whether it took effect, or ever will. */
  | 'timeout'
  /** Too many wait already; it was not proposed (R19). */
  | 'tooManyProposals'
  /** This member stops; not known whether it took effect. */
  | 'stopped';

export interface ProposalsOptions {
  readonly replica: Pick<ReplicaApi, 'submit'>;
  readonly member: MemberId;
  readonly incarnation: number;
  /** A proposal without a result for this many ticks is given up, unless it says otherwise. */
  readonly timeoutTicks: number;
  /** A proposal without a result for this many ticks is submitted again: it may have been lost on its way. */
  readonly retryTicks: number;
  readonly pendingMax?: number;
}

type Done<Result> = (failure: ProposalFailure | undefined, result: Result | undefined) => void;

interface Pending<Result> {
  readonly sequence: number;
  /** The envelope: made once, so that every try is the same bytes. */
  readonly payload: Uint8Array;
  readonly done: Done<Result>;
  /** The tick at which it is given up. */
  readonly deadline: number;
  /** The tick of the last try. */
  triedAt: number;
}

/** `Result`: whatever the state machine gives for one entry. */
export class Proposals<Result> {
  private readonly options: ProposalsOptions;
  private readonly pendingMax: number;
  /** By sequence, oldest first. */
  private readonly pending = new Map<number, Pending<Result>>();
  /** Rises by one with each proposal of this life; volatile, as the incarnation tells lives apart. */
  private nextSequence = 1;
  /** Ticks since this life began. Monotone. */
  private now = 0;
  /** No pending proposal has an earlier deadline: lets `tick` look at nothing most of the time. */
  private earliestDeadline = Number.POSITIVE_INFINITY;
  private leader: MemberId | undefined;
  private stopped = false;
  /** Turned down, or given up. Rises. */
  failedCount = 0;

  constructor(options: ProposalsOptions) {
    this.options = options;
    this.pendingMax = options.pendingMax ?? PENDING_PROPOSALS_MAX;
  }

  /** The sequence of what was proposed last and not turned down; 0: nothing was. */
  get lastSequence(): number {
    return this.nextSequence - 1;
  }

  get pendingCount(): number {
    return this.pending.size;
  }

  /**
   * Proposes `body` and calls back once, with a failure or with the result. The sequence it got is returned, or 0 if
   * it was turned down (then `done` was called before this returned).
   */
  propose(body: Uint8Array, done: Done<Result>, timeoutTicks: number = this.options.timeoutTicks): number {
    if (this.stopped) {
      done('stopped', undefined);
      return 0;
    }
    if (this.pending.size >= this.pendingMax) return this.turnDown(done);
    const { member, incarnation, replica } = this.options;
    const sequence = this.nextSequence;
    const oldestPending = this.oldestPending() ?? sequence;
    const payload = encodeEnvelope({ member, incarnation, sequence, oldestPending, body });
    if (!replica.submit(payload)) return this.turnDown(done);
    this.nextSequence++;
    const deadline = this.now + timeoutTicks;
    this.pending.set(sequence, { sequence, payload, done, deadline, triedAt: this.now });
    this.earliestDeadline = Math.min(this.earliestDeadline, deadline);
    return sequence;
  }

  /**
   * The state machine applied an entry of this origin. Results of other members, of earlier lives, of proposals given
   * up and of repeated ones concern nobody here.
   */
  result(
    origin: { readonly member: string; readonly incarnation: number; readonly sequence: number },
    result: Result,
  ): void {
    if (origin.member !== this.options.member || origin.incarnation !== this.options.incarnation) return;
    const pending = this.pending.get(origin.sequence);
    if (pending === undefined) return;
    this.pending.delete(origin.sequence);
    pending.done(undefined, result);
  }

  /** The replica sees this leader now. Under a new one, everything pending is submitted again, in order. */
  leaderChanged(leader: MemberId | undefined): void {
    if (leader === this.leader) return;
    this.leader = leader;
    if (leader === undefined) return;
    for (const pending of this.pending.values()) if (!this.tryAgain(pending)) return;
  }

  /** One tick of the replica's clock. */
  tick(): void {
    this.now++;
    if (this.now >= this.earliestDeadline) this.giveUpLate();
    // What the leader's own member submitted is in its log already; only the way there can lose it.
    if (this.leader === this.options.member) return;
    for (const pending of this.pending.values())
      if (this.now - pending.triedAt >= this.options.retryTicks && !this.tryAgain(pending)) return;
  }

  /** Ends everything pending, without knowing what becomes of it. */
  stop(): void {
    this.stopped = true;
    this.endAll([...this.pending.values()], 'stopped');
  }

  private turnDown(done: Done<Result>): 0 {
    this.failedCount++;
    done('tooManyProposals', undefined);
    return 0;
  }

  private oldestPending(): number | undefined {
    return this.pending.keys().next().value;
  }

  /** `false`: the replica takes no more at present. */
  private tryAgain(pending: Pending<Result>): boolean {
    if (!this.options.replica.submit(pending.payload)) return false;
    pending.triedAt = this.now;
    return true;
  }

  private giveUpLate(): void {
    const late = [...this.pending.values()].filter(({ deadline }) => deadline <= this.now);
    this.earliestDeadline = Number.POSITIVE_INFINITY;
    for (const { deadline } of this.pending.values())
      if (deadline > this.now) this.earliestDeadline = Math.min(this.earliestDeadline, deadline);
    this.endAll(late, 'timeout');
  }

  private endAll(ended: readonly Pending<Result>[], failure: ProposalFailure): void {
    // One that its neighbour's callback has ended is no longer there.
    for (const pending of ended) {
      if (!this.pending.delete(pending.sequence)) continue;
      if (failure === 'timeout') this.failedCount++;
      pending.done(failure, undefined);
    }
  }
}
