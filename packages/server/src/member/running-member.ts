/** A member as whoever started it sees it. */
import type { DiscoveryPaces } from './identity/discover-founders.ts';
import type { JoinPaces } from './identity/join-cluster.ts';

export interface RunningMember {
  /** The ports that clients and peers are served on, in the order of the configuration. */
  readonly clientPorts: readonly number[];
  readonly peerPorts: readonly number[];
  /** The ports for HTTP/1.1, where clients' do not speak it. */
  readonly httpPorts: readonly number[];
  /** The ports for metrics and health alone. */
  readonly metricsPorts: readonly number[];
  /** Resolves when the member takes part in its cluster and answers its clients. */
  readonly ready: Promise<void>;
  /** Resolves, with the reason, when the member cannot go on. Nothing was acknowledged that is not durable. */
  readonly failed: Promise<string>;
  /** Resolves, with what to do about it, when the cluster has gone on without this member. */
  readonly removed: Promise<string>;
  /** Hands leadership over, finishes what is in flight, and closes everything. */
  stop(): Promise<void>;
}

/** What no flag sets, as it makes no difference that a user would see. */
export interface MemberTuning {
  /** The size of the journal's files, which are made whole: small ones let many members start fast on one disk. */
  readonly journalSegmentBytes?: number;
  /** How long a member that joins asks for its cluster. */
  readonly joinPaces?: JoinPaces;
  readonly discoveryPaces?: DiscoveryPaces;
  /** Ends a start that waits for other members to be started. */
  readonly stopping?: AbortSignal;
}
