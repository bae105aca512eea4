/**
 * The Synod of the paper: one decision, by proposers, acceptors and learners (Lamport, "The Part-Time Parliament" 1998,
 * "Paxos Made Simple" 2001). For readers: Multi-Paxos beside it is this, a slot each, with one phase 1 for all of them.
 * What must survive a crash is named; there are no timers, no disk and no network here.
 */
import { assert } from '../core/assert.ts';
import { defaultQuorum } from '../quorum/flexible.ts';

/** A ballot is a number that only one proposer uses: its round, then its own number among the proposers. */
export interface SynodBallot {
  readonly round: number;
  readonly proposer: number;
}

export interface AcceptedValue {
  readonly ballot: SynodBallot;
  readonly value: string;
}

/** 1a: may I? */
export interface SynodPrepare {
  readonly kind: 'prepare';
  readonly ballot: SynodBallot;
}

/** 1b: nothing lower will be accepted here, and this is what was accepted last. */
export interface SynodPromise {
  readonly kind: 'promise';
  readonly ballot: SynodBallot;
  readonly accepted: AcceptedValue | undefined;
}

/** 2a: please accept this. */
export interface SynodAccept {
  readonly kind: 'accept';
  readonly ballot: SynodBallot;
  readonly value: string;
}

/** 2b: accepted. */
export interface SynodAccepted {
  readonly kind: 'accepted';
  readonly ballot: SynodBallot;
  readonly value: string;
}

export function compareBallots(left: SynodBallot, right: SynodBallot): number {
  return left.round - right.round || left.proposer - right.proposer;
}

/** Keeps two promises for ever: to accept nothing below `promised`, and to tell what it accepted. */
export class SynodAcceptor {
  /** The highest ballot promised. Monotonic; durable before a promise or an acceptance is sent. */
  promised: SynodBallot | undefined;
  /** What was accepted at the highest ballot so far. Durable before an acceptance is sent. */
  accepted: AcceptedValue | undefined;

  /** Undefined: the ballot is too low, and silence is an answer. */
  receivePrepare({ ballot }: SynodPrepare): SynodPromise | undefined {
    if (!this.mayTake(ballot)) return undefined;
    this.promised = ballot;
    return { kind: 'promise', ballot, accepted: this.accepted };
  }

  receiveAccept({ ballot, value }: SynodAccept): SynodAccepted | undefined {
    if (!this.mayTake(ballot)) return undefined;
    // To accept is to promise too: else a lower ballot could be promised after it.
    this.promised = ballot;
    this.accepted = { ballot, value };
    return { kind: 'accepted', ballot, value };
  }

  private mayTake(ballot: SynodBallot): boolean {
    return this.promised === undefined || compareBallots(ballot, this.promised) >= 0;
  }
}

/** Wants a value chosen, and proposes it only if no other may have been chosen before. */
export class SynodProposer {
  private readonly proposer: number;
  private readonly acceptorCount: number;
  private readonly wish: string;
  /** The round of the newest own ballot. Monotonic; durable before it is used (P3). */
  round = 0;
  /** Promises for the newest ballot, by acceptor. */
  private promises = new Map<number, SynodPromise>();
  /** Whether a value was proposed at the newest ballot: then never another one (P2). */
  private hasProposed = false;

  constructor(options: { proposer: number; acceptorCount: number; wish: string }) {
    this.proposer = options.proposer;
    this.acceptorCount = options.acceptorCount;
    this.wish = options.wish;
  }

  get ballot(): SynodBallot {
    return { round: this.round, proposer: this.proposer };
  }

  /** Opens a ballot above every one that was heard of. */
  prepare(highestHeard: SynodBallot = this.ballot): SynodPrepare {
    this.round = Math.max(this.round, highestHeard.round) + 1;
    this.promises = new Map();
    this.hasProposed = false;
    return { kind: 'prepare', ballot: this.ballot };
  }

  /**
   * With the promises of a quorum: the value of the highest ballot among them, for it may be chosen; the own wish only if
   * none of them accepted anything (P6).
   */
  receivePromise(acceptor: number, promise: SynodPromise): SynodAccept | undefined {
    if (this.hasProposed || compareBallots(promise.ballot, this.ballot) !== 0) return undefined;
    this.promises.set(acceptor, promise);
    if (this.promises.size < defaultQuorum(this.acceptorCount).phase1) return undefined;
    let highest: AcceptedValue | undefined;
    for (const { accepted } of this.promises.values())
      if (accepted !== undefined && (highest === undefined || isHigher(accepted, highest)))
        highest = accepted;
    this.hasProposed = true;
    return { kind: 'accept', ballot: this.ballot, value: highest?.value ?? this.wish };
  }
}

function isHigher(left: AcceptedValue, right: AcceptedValue): boolean {
  return compareBallots(left.ballot, right.ballot) > 0;
}

/** Finds out what is chosen: a value that a quorum of acceptors accepted at one ballot. */
export class SynodLearner {
  private readonly acceptorCount: number;
  /** Who accepted, by ballot. */
  private readonly acceptors = new Map<string, Set<number>>();
  /** What is chosen. Set once (P1). */
  chosen: string | undefined;

  constructor(acceptorCount: number) {
    this.acceptorCount = acceptorCount;
  }

  receiveAccepted(acceptor: number, { ballot, value }: SynodAccepted): void {
    const key = `${ballot.round}.${ballot.proposer}`;
    const acceptors = (this.acceptors.get(key) ?? new Set()).add(acceptor);
    this.acceptors.set(key, acceptors);
    if (acceptors.size < defaultQuorum(this.acceptorCount).phase2) return;
    assert(this.chosen === undefined || this.chosen === value, 'P1: only one value is chosen');
    this.chosen = value;
  }
}
