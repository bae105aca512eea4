/**
 * What Raft replicas say to each other. `term` is always the sender's own current term, in pre-votes too. Knows
 * nothing of bytes (codec.ts) nor of what a receiver does (the role files).
 */
import type { SnapshotMeta } from '../core/effects.ts';
import type { Entry } from '../core/entry.ts';
import type { Epoch, LogIndex } from '../core/numbers.ts';
import type { LogPosition } from './log.ts';

/** "Would you vote for me in the term after mine?" Changes nothing at the receiver (Raft thesis §9.6). */
export interface PreVoteRequest {
  readonly kind: 'preVoteRequest';
  readonly term: Epoch;
  /** Which of the sender's pre-campaigns this is, so that a late answer counts in no other (R14). */
  readonly campaign: number;
  readonly lastIndex: LogIndex;
  readonly lastEpoch: Epoch;
}

export interface PreVoteResponse {
  readonly kind: 'preVoteResponse';
  readonly term: Epoch;
  readonly campaign: number;
  readonly granted: boolean;
  /** Where my log ends, if it is all that stands between you and my vote: pull what you lack, and ask again (catch-up.ts). */
  readonly fresherLog: LogPosition | undefined;
}

export interface VoteRequest {
  readonly kind: 'voteRequest';
  readonly term: Epoch;
  readonly lastIndex: LogIndex;
  readonly lastEpoch: Epoch;
  /** The leader itself asked for this campaign: a receiver must not protect that leader from it (pitfall 9). */
  readonly transfer: boolean;
}

export interface VoteResponse {
  readonly kind: 'voteResponse';
  readonly term: Epoch;
  readonly granted: boolean;
  /** As in an answer to a pre-vote. */
  readonly fresherLog: LogPosition | undefined;
}

/** "You refuse me for my log: send me what follows this position in yours." Changes nothing at the receiver. */
export interface PullRequest {
  readonly kind: 'pullRequest';
  readonly term: Epoch;
  /** Which of the sender's pulls this is: no answer to another one is taken for it. */
  readonly pull: number;
  readonly prevIndex: LogIndex;
  readonly prevEpoch: Epoch;
}

/** A part of my log, which need not be committed nor durable, from the last position on that yours may share. */
export interface PullResponse {
  readonly kind: 'pullResponse';
  readonly term: Epoch;
  readonly pull: number;
  readonly prevIndex: LogIndex;
  readonly prevEpoch: Epoch;
  /** From `prevIndex` + 1 on, contiguous; as many as one append may carry. */
  readonly entries: readonly Entry[];
  /** Where the whole log ends from which they come. */
  readonly lastIndex: LogIndex;
  readonly lastEpoch: Epoch;
}

/** The snapshot of this meta has arrived and is durable at the receiver: what it lacks is trimmed at the sender. */
export interface PullSnapshot {
  readonly kind: 'pullSnapshot';
  readonly term: Epoch;
  readonly meta: SnapshotMeta;
}

/** Entries from `prevIndex` + 1 on, contiguous; none of them to probe. */
export interface Append {
  readonly kind: 'append';
  readonly term: Epoch;
  readonly prevIndex: LogIndex;
  readonly prevEpoch: Epoch;
  readonly commitIndex: LogIndex;
  readonly entries: readonly Entry[];
}

/** My durable log equals yours up to `matchIndex` (R10). */
export interface AppendResponse {
  readonly kind: 'appendResponse';
  readonly term: Epoch;
  readonly matchIndex: LogIndex;
}

/** My log does not hold `prevIndex` of your append. The hint is my last entry that may match: try there. */
export interface AppendRejected {
  readonly kind: 'appendRejected';
  readonly term: Epoch;
  readonly rejectedIndex: LogIndex;
  readonly hintIndex: LogIndex;
  readonly hintEpoch: Epoch;
}

export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly term: Epoch;
  /** Never beyond what the leader knows the receiver to hold (pitfall 13). */
  readonly commitIndex: LogIndex;
  /** The newest read round: an answer says that the sender still led when the round was open. */
  readonly readRound: number;
}

export interface HeartbeatResponse {
  readonly kind: 'heartbeatResponse';
  readonly term: Epoch;
  readonly readRound: number;
}

/** The commit index rose and no append is on its way to say so. Not answered. */
export interface CommitNotice {
  readonly kind: 'commitNotice';
  readonly term: Epoch;
  /** As in a heartbeat. */
  readonly commitIndex: LogIndex;
}

/** The snapshot of this meta has arrived and is durable at the receiver: begin the log after it. */
export interface InstallSnapshot {
  readonly kind: 'installSnapshot';
  readonly term: Epoch;
  readonly meta: SnapshotMeta;
}

/** Campaign at once: you hold all I have, and I hand over to you. */
export interface TimeoutNow {
  readonly kind: 'timeoutNow';
  readonly term: Epoch;
}

/** Which index must I have applied to read what is committed now? */
export interface ReadRequest {
  readonly kind: 'readRequest';
  readonly term: Epoch;
  /** Drawn at each start of the asker, so that an answer to an earlier life counts in no later one. */
  readonly life: number;
  readonly request: number;
}

export interface ReadResponse {
  readonly kind: 'readResponse';
  readonly term: Epoch;
  readonly life: number;
  readonly request: number;
  readonly readIndex: LogIndex;
}

/** The answer to a leader of the past: it, or whoever still listens to it, learns the term (pitfall 7). */
export interface NewerTerm {
  readonly kind: 'newerTerm';
  readonly term: Epoch;
}

export type RaftMessage =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | PullRequest
  | PullResponse
  | PullSnapshot
  | Append
  | AppendResponse
  | AppendRejected
  | Heartbeat
  | HeartbeatResponse
  | CommitNotice
  | InstallSnapshot
  | TimeoutNow
  | ReadRequest
  | ReadResponse
  | NewerTerm;

export type RaftMessageKind = RaftMessage['kind'];

export type RaftMessageOf<Kind extends RaftMessageKind> = Extract<RaftMessage, { kind: Kind }>;
