/** What commands and queries come to. Expected failures are values with their facts; protocols turn them into words. */
import type { Alarm } from '../alarms/alarm.ts';
import type { MemberFacts } from './machine-api.ts';
import type { Key, KeyRecord, LeaseId, Revision } from './values.ts';

export type CommandResult =
  | PutResult
  | DeleteRangeResult
  | TransactionResult
  | { readonly kind: 'compacted'; readonly revision: Revision }
  | {
      readonly kind: 'leaseGranted';
      readonly id: LeaseId;
      readonly ttlSeconds: number;
      readonly revision: Revision;
    }
  | { readonly kind: 'leaseRevoked'; readonly revision: Revision }
  | { readonly kind: 'leasesCheckpointed'; readonly revision: Revision }
  | {
      readonly kind: 'membersChanged';
      /** All that there are now, by id. */
      readonly members: readonly MemberFacts[];
      readonly revision: Revision;
    }
  | { readonly kind: 'authChanged'; readonly revision: Revision }
  | { readonly kind: 'signedIn'; readonly token: string; readonly revision: Revision }
  | {
      readonly kind: 'alarmsChanged';
      /** Those that the command was about and that are, or were, active. */
      readonly alarms: readonly Alarm[];
      readonly revision: Revision;
    }
  | Failure;

/** `revision` in every result is the keyspace's after the command: the header's revision. */
export interface PutResult {
  readonly kind: 'put';
  readonly revision: Revision;
  /** Set only where it was asked for and there was one. */
  readonly previous: KeyRecord | undefined;
}

export interface DeleteRangeResult {
  readonly kind: 'deleteRange';
  readonly revision: Revision;
  readonly deleted: number;
  readonly previous: readonly KeyRecord[];
}

export interface RangeResult {
  readonly kind: 'range';
  /** The keyspace's revision when it was answered, not the one asked for. */
  readonly revision: Revision;
  readonly records: readonly KeyRecord[];
  /** Whether the limit left some out. */
  readonly more: boolean;
  /** How many there are without the limit. */
  readonly count: number;
}

/** A piece of a range, in key order. */
export interface PageResult {
  readonly kind: 'page';
  /** The keyspace's revision when it was answered, not the one asked for. */
  readonly revision: Revision;
  readonly records: readonly KeyRecord[];
  /** Where the next piece begins; undefined: this was the last. */
  readonly next: Key | undefined;
}

export interface TransactionResult {
  readonly kind: 'transaction';
  readonly revision: Revision;
  readonly succeeded: boolean;
  readonly results: readonly TransactionOperationResult[];
}

export type TransactionOperationResult = RangeResult | PutResult | DeleteRangeResult | TransactionResult;

/** Every way in which the state machine says no. The command changed nothing. */
export type FailureReason =
  | { readonly code: 'revisionCompacted'; readonly compactRevision: Revision }
  | { readonly code: 'revisionInFuture'; readonly currentRevision: Revision }
  /** More than a transaction may, which all members apply whole. */
  | { readonly code: 'transactionLooksAtTooMany' }
  | { readonly code: 'keyNotFound' }
  | { readonly code: 'leaseNotFound'; readonly id: LeaseId }
  | { readonly code: 'leaseExists'; readonly id: LeaseId }
  | { readonly code: 'leaseTtlTooLarge'; readonly ttlSeconds: number }
  /** An alarm is active: no member may store more, or none may change keys. */
  | { readonly code: 'noSpace' }
  | { readonly code: 'corrupt' }
  /** Nobody said who they are, where that counts; or a user was to be made without a name. */
  | { readonly code: 'userEmpty' }
  | { readonly code: 'permissionDenied' }
  /** Rights changed since the caller was made out: it is to be made out anew. */
  | { readonly code: 'authRevisionOld' }
  | { readonly code: 'authNotEnabled' }
  | { readonly code: 'authenticationFailed' }
  | { readonly code: 'rootUserMissing' }
  | { readonly code: 'rootRoleMissing' }
  | { readonly code: 'userExists' }
  | { readonly code: 'userNotFound' }
  | { readonly code: 'roleEmpty' }
  | { readonly code: 'roleExists' }
  | { readonly code: 'roleNotFound' }
  | { readonly code: 'roleNotGranted' }
  | { readonly code: 'permissionNotGranted' }
  /** A change that would lock everybody out, or a permission for no key at all. */
  | { readonly code: 'authManagementInvalid' }
  /** Of members: the id, or an address, is another's; there is no such member; it has a vote; it has the last. */
  | { readonly code: 'memberExists' }
  | { readonly code: 'peerUrlExists' }
  | { readonly code: 'memberNotFound' }
  | { readonly code: 'memberNotLearner' }
  | { readonly code: 'lastVoter' }
  | { readonly code: 'tooManyLearners' }
  /** The proposal came a second time (S2), or from a life of a member that has ended. */
  | { readonly code: 'duplicateProposal' }
  /** The entry was written by a newer version, or is not a list of commands. */
  | { readonly code: 'unknownCommand'; readonly detail: string };

export interface Failure {
  readonly kind: 'failure';
  readonly reason: FailureReason;
  readonly revision: Revision;
}
