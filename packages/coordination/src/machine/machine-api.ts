/**
 * The face of the replicated state machine towards the services. The replica sees the same object as a StateMachine
 * (the engine's port).
 */
import type { StateMachine } from '@synod/consensus';
import type { Alarm, AlarmKind } from '../alarms/alarm.ts';
import type { AuthModule } from '../auth/auth-module.ts';
import type { Rights } from '../auth/rights.ts';
import type { KeyspaceHash } from '../keyspace/keyspace-hash.ts';
import type { MemberDirectory } from '../members/member-directory.ts';
import type { PageQuery, RangeQuery } from './commands.ts';
import type { CommandResult, Failure, PageResult, RangeResult } from './results.ts';
import type { Key, KeyEvent, LeaseId, Revision } from './values.ts';

/** Who proposed an entry: enough to find the waiting request, and to apply a retried proposal at most once (S2). */
export interface ProposalOrigin {
  /** The member that took the request from its client, as 16 hex digits. */
  readonly member: string;
  /** The life of that member: rises with every start. */
  readonly incarnation: number;
  /** Rises by one with each proposal of a life, from 1. */
  readonly sequence: number;
  /** Every lower sequence of this life was answered and will not be retried: what lets the machine forget. */
  readonly oldestPending: number;
}

/** Where the machine's outputs go. All calls happen inside `apply`, in log order, on every member alike. */
export interface MachineOutputs {
  /** The result of one command list. A list of one command gives one result. */
  result(origin: ProposalOrigin, results: readonly CommandResult[]): void;
  /** All changes of one revision, in sub-revision order. Called before the `result` of the command that made it. */
  events(revision: Revision, events: readonly KeyEvent[]): void;
  /** A compaction took effect at this revision. */
  compacted(revision: Revision): void;
  /** A lease began, ended, or had its remaining time checkpointed: for the leader's lease clock. */
  leaseChanged(change: LeaseChange): void;
  /** Somebody signed in, or tokens lost what they stood for. */
  authChanged(change: AuthChange): void;
  /** The list of members, or how one is reached. */
  membersChanged(): void;
  /** The whole state was replaced by a snapshot: rebuild whatever was derived from it. */
  restored(): void;
}

export type LeaseChange =
  | {
      readonly kind: 'granted';
      readonly id: LeaseId;
      readonly ttlSeconds: number;
      readonly grantNumber: number;
    }
  | { readonly kind: 'ended'; readonly id: LeaseId }
  | {
      readonly kind: 'checkpointed';
      readonly id: LeaseId;
      readonly remainingSeconds: number;
      /** Both as in the command that did it. */
      readonly epoch: number;
      readonly word: number;
    };

export type AuthChange =
  | { readonly kind: 'signedIn'; readonly user: string; readonly token: string }
  /** The user is gone, or has another password: earlier tokens are worth nothing. */
  | { readonly kind: 'signedOut'; readonly user: string }
  /** No token is worth anything. */
  | { readonly kind: 'disabled' };

/** Users, roles and what they may do, for reading. */
export type AuthFacts = Pick<
  AuthModule,
  'isEnabled' | 'revision' | 'user' | 'role' | 'userNames' | 'roleNames'
>;

/** Who the members are and who left, for reading. */
export type DirectoryFacts = Pick<MemberDirectory, 'isInForce' | 'list' | 'leaving' | 'standing' | 'member'>;

export interface LeaseFacts {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** From the last checkpoint; 0: the full TTL. */
  readonly remainingSeconds: number;
  /** Rises with every grant, of whatever id: tells a lease from an earlier one with its id. From 1. */
  readonly grantNumber: number;
}

export interface MemberFacts {
  readonly id: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface Machine extends StateMachine {
  /** Whether no entry is half applied. */
  readonly isAtRest: boolean;
  /** Does a job while no entry is half applied: at once, or behind the one under way. It must not throw, nor apply anything. */
  atRest(job: () => void): void;
  readonly revision: Revision;
  readonly compactRevision: Revision;
  range(query: RangeQuery): RangeResult | Failure;
  page(query: PageQuery): PageResult | Failure;
  /** Begins the hash of what can be seen of the keyspace at a revision; 0: the present one. */
  beginHash(revision: Revision): KeyspaceHash | Failure;
  lease(id: LeaseId): LeaseFacts | undefined;
  /** The keys attached to a lease, in byte order. This and what follows of leases: whole at rest. */
  leaseKeys(id: LeaseId): string[];
  /** Likewise, in no order that means anything and without a copy. */
  attachedKeys(id: LeaseId): Iterable<Key>;
  leases(): LeaseFacts[];
  /** Of all leases, in no order that means anything and without a copy. */
  leaseIds(): Iterable<LeaseId>;
  readonly directory: DirectoryFacts;
  /** Those that are active, by member. */
  alarms(): Alarm[];
  hasAlarm(kind: AlarmKind): boolean;
  readonly auth: AuthFacts;
  /** Asked for every read while auth is enabled; commands are checked as they are applied. */
  readonly rights: Rights;
}
