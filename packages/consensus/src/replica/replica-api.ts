/** The face of a replica towards the services: submit bytes, wait for a readable index, hand leadership over. */
import type { CoreStatus } from '../core/core.ts';
import type { MembershipChange } from '../core/membership.ts';
import type { LogIndex, MemberId } from '../core/numbers.ts';
import type { Lane } from './ports.ts';

export interface ReplicaApi {
  /**
   * Puts one command into the log, from any member: a follower forwards to the leader. Nothing is promised: a
   * payload can be lost with a leader. Payloads of one turn travel together and keep their order.
   * `false`: the queue is full (R19) and nothing was taken.
   */
  submit(payload: Uint8Array): boolean;
  /** Calls back once the state machine holds everything that was committed when this was called; or with why not. */
  read(done: (failure: ReadBarrierFailure | undefined) => void): void;
  /** Bytes of one lane from a peer. */
  receive(from: MemberId, lane: Lane, bytes: Uint8Array): void;
  /** The link to a peer broke. */
  peerUnreachable(peer: MemberId): void;
  /** One tick of the core. The owner calls it after the inbox was drained. */
  tick(): void;
  transferLeadership(to: MemberId): void;
  /** Asked of the leader; what comes of it shows in the status, and a refusal in what the replica's owner is told. */
  changeMembership(change: MembershipChange): void;
  status(): ReplicaStatus;
  /** Finishes what is being written, then calls back. Nothing is sent or applied afterwards. */
  stop(done: () => void): void;
}

export type ReadBarrierFailure = 'noLeader' | 'leaderChanged' | 'timeout' | 'stopped' | 'tooManyReads';

/** What a replica did since it was opened, for whoever counts; and what it is at just now. */
export interface ReplicaActivity {
  /** Heartbeats of a leader that went out late, because the process stood still. */
  readonly lateHeartbeats: number;
  /** Rounds of reads, each of all that one turn asked for: not confirmed when they were first asked about. */
  readonly readRoundsFailed: number;
  /** Likewise: without an answer for an election timeout, or given up. */
  readonly readRoundsSlow: number;
  /** Whom snapshots are on their way to, and whom one is on its way from. */
  readonly sendingSnapshotsTo: readonly MemberId[];
  readonly receivingSnapshotFrom: MemberId | undefined;
  /** A snapshot of another member's state is being put in force. */
  readonly isRestoring: boolean;
}

export interface ReplicaStatus extends CoreStatus {
  readonly durableIndex: LogIndex;
  /** Rises with every start of this member; durable before the first submit. */
  readonly incarnation: number;
  /** Tells this life of this member from all others: see `lifeOf`. */
  readonly life: number;
  readonly stopped: boolean;
}
