/**
 * What every protocol may ask of this member, in neutral words. Protocols translate to and from these and call nothing
 * else; the service knows no protocol, no socket and no wire form. Answers come to an object with `complete`, always
 * exactly once and possibly before the call returns; an object and not a promise, because puts and ranges pass here.
 */
import type { Alarm } from '../alarms/alarm.ts';
import type { Caller } from '../auth/caller.ts';
import type { Refusal } from '../auth/rights.ts';
import type { Command, PageQuery, RangeQuery } from '../machine/commands.ts';
import type { AuthFacts, MemberFacts } from '../machine/machine-api.ts';
import type { CommandResult, Failure, PageResult, RangeResult } from '../machine/results.ts';
import type { LeaseId, Revision } from '../machine/values.ts';
import type { WatchCreation, WatchSink, WatchSpec } from '../watches/watch.ts';

/** The hub's own words, unchanged. */
export type { WatchCreation, WatchEvent, WatchSink, WatchSpec } from '../watches/watch.ts';

export interface Completion<Result> {
  complete(result: Result): void;
}

/** Why a request did not come to the state machine, or its answer not back. */
export type ServiceErrorCode =
  /** No leader is known; nothing was taken. */
  | 'noLeader'
  /** Only the leader can answer this, and this member is not it. */
  | 'notLeader'
  /** The leader changed while the request waited; whether a command takes effect is unknown. */
  | 'leaderChanged'
  /** This member is stopping. */
  | 'stopped'
  /** No answer in time; whether a command takes effect is unknown. The next two say more of the likely cause. */
  | 'timeout'
  | 'timeoutLeaderFailed'
  | 'timeoutConnectionLost'
  /** Committed or readable, but this member's state did not come so far in time. */
  | 'timeoutWaitingForApply'
  /** Leadership was to go to somebody who has no vote. */
  | 'badLeaderTransferee'
  /** Leadership was handed over and did not arrive in time. */
  | 'leaderTransferFailed'
  /** A queue is at its limit; nothing was taken. */
  | 'tooManyRequests'
  /** The command is larger than one proposal may be; nothing was taken. */
  | 'requestTooLarge'
  /** A learner answers no such request. */
  | 'learner'
  /** By etcd's careful rules: a quorum would need members that never started, or that are not there. */
  | 'notEnoughStarted'
  | 'unhealthy'
  /** It lags too far behind the leader to get a vote. */
  | 'learnerNotReady'
  /** The store is at its quota. */
  | 'noSpace'
  /** This member's state is known to be damaged. */
  | 'corrupt';

export interface ServiceFailure {
  readonly kind: 'serviceFailure';
  readonly code: ServiceErrorCode;
}

/** What a request needs of whoever makes it, as far as that does not depend on keys. */
export type AccessLevel = 'user' | 'root';

/** Users and roles as they are once a quorum confirmed that this member knows all that was decided. */
export interface AuthKnown {
  readonly kind: 'authKnown';
  readonly facts: AuthFacts;
}

export interface WatchRefused {
  readonly kind: 'forbidden';
  readonly reason: Refusal | { readonly code: 'corrupt' };
}

export interface LeaseRenewed {
  readonly kind: 'leaseRenewed';
  readonly id: LeaseId;
  /** What the lease was granted with; it is now this far from its end. */
  readonly ttlSeconds: number;
}

/** Keys in byte order. There may be very many: whoever goes through them does it in pieces. */
export interface KeyList extends Iterable<string> {
  readonly length: number;
}

export interface LeaseTimeToLive {
  readonly kind: 'leaseTimeToLive';
  readonly id: LeaseId;
  readonly remainingSeconds: number;
  readonly grantedSeconds: number;
  /** Empty where they were not asked for. */
  readonly keys: KeyList;
}

export interface LeaseList {
  readonly kind: 'leaseList';
  readonly ids: readonly LeaseId[];
}

export interface MemberList {
  readonly kind: 'memberList';
  readonly members: readonly MemberFacts[];
}

/** Somebody who is to be a member. */
export interface NewMember {
  /** 16 hex digits that no member ever had. */
  readonly id: string;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

export type MembersChanged = Extract<CommandResult, { kind: 'membersChanged' }>;

export interface AlarmList {
  readonly kind: 'alarmList';
  readonly alarms: readonly Alarm[];
}

/** Bytes that the store took on disk before and takes now. */
export interface Defragmented {
  readonly kind: 'defragmented';
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** The store is as it was. */
export interface DefragmentFailed {
  readonly kind: 'defragmentFailed';
  readonly detail: string;
}

/** This member's whole state as of one entry, unharmed by later ones. Its owner closes it. */
export interface StateBackup {
  readonly kind: 'stateBackup';
  readonly index: number;
  readonly revision: Revision;
  /** What the store held at that moment: about as much as there is to read. */
  readonly storedBytes: number;
  /** The next piece, at most about 64 KiB and a row, or undefined at the end. */
  next(): Uint8Array | undefined;
  close(): void;
}

export interface LeaderMoved {
  readonly kind: 'leaderMoved';
}

/** The keyspace at a revision, in 32 bits. */
export interface KeyspaceHashed {
  readonly kind: 'keyspaceHashed';
  readonly sum: number;
  /** The compaction that it begins at; -1: there was none. */
  readonly compactedTo: number;
  readonly hashRevision: Revision;
  /** The present one. */
  readonly revision: Revision;
}

/** Everything that a snapshot of this member would hold, in 32 bits. */
export interface StateHashed {
  readonly kind: 'stateHashed';
  readonly sum: number;
  readonly revision: Revision;
}

export interface MemberStatus {
  /** As 16 hex digits; undefined: none is known. */
  readonly leader: string | undefined;
  readonly term: number;
  /** The highest index known committed. */
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly isLearner: boolean;
  /** What the store takes on the disk, and how much of it holds something. */
  readonly storeBytes: number;
  readonly storeBytesUsed: number;
  /** 0: no quota. */
  readonly storeBytesMax: number;
  /** What is wrong with this member, in words for a human. */
  readonly errors: readonly string[];
}

/** The part of the hub's stream that protocols use. */
export interface WatchStream {
  create(spec: WatchSpec, caller?: Caller): WatchCreation | WatchRefused;
  /** `false`: there is no such watch. Nothing of the watch comes after. */
  cancel(id: number): boolean;
  /** Asks for `progress` of one watch: comes only if the watch is up to date. */
  requestProgress(id: number): void;
  /** Asks for one `progress` of all watches: comes once all are up to date. */
  requestProgressOfAll(): void;
  /** While paused the sink gets nothing, and the watches fall behind without growing (C18). */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Told when a leader is known again, or no longer. */
export interface LeaderListener {
  leaderKnown(known: boolean): void;
}

export interface CoordinationService {
  /** This cluster's and this member's id, each as 16 hex digits; fixed for the process's life. */
  readonly clusterId: string;
  readonly memberId: string;
  /** The keyspace's revision here and now. */
  readonly revision: Revision;
  readonly term: number;
  readonly isLearner: boolean;
  readonly hasLeader: boolean;
  /** The highest client-visible key revision that was compacted; 0: none. */
  readonly compactRevision: Revision;

  /** Whether callers count: while it is not, no request need say who makes it. */
  readonly authEnabled: boolean;
  readonly authRevision: number;
  /** Why a caller may not do what needs this level; `undefined`: permitted, as everything is while auth is disabled. */
  accessRefusal(caller: Caller | undefined, level: AccessLevel): Refusal | undefined;
  /** For questions about users and roles, after one quorum round. */
  auth(completion: Completion<AuthKnown | ServiceFailure>): void;

  addLeaderListener(listener: LeaderListener): void;
  removeLeaderListener(listener: LeaderListener): void;

  /** Puts a command through the log. `caller` here and below: who asks; without one nothing is permitted where callers count. */
  submit(command: Command, completion: Completion<CommandResult | ServiceFailure>, caller?: Caller): void;
  /** Linearizable: after one quorum round (C1). Otherwise this member's state as it is (C5). */
  range(
    query: RangeQuery,
    linearizable: boolean,
    completion: Completion<RangeResult | Failure | ServiceFailure>,
    caller?: Caller,
  ): void;
  /** A piece of a range; as `range`. */
  page(
    query: PageQuery,
    linearizable: boolean,
    completion: Completion<PageResult | Failure | ServiceFailure>,
    caller?: Caller,
  ): void;
  /** Answered by the leader's lease clock; a Failure is `leaseNotFound`. */
  keepAlive(
    id: LeaseId,
    completion: Completion<LeaseRenewed | Failure | ServiceFailure>,
    caller?: Caller,
  ): void;
  timeToLive(
    id: LeaseId,
    withKeys: boolean,
    completion: Completion<LeaseTimeToLive | Failure | ServiceFailure>,
    caller?: Caller,
  ): void;
  leases(completion: Completion<LeaseList | Failure | ServiceFailure>, caller?: Caller): void;
  members(linearizable: boolean, completion: Completion<MemberList | ServiceFailure>): void;
  addMember(
    member: NewMember,
    completion: Completion<MembersChanged | Failure | ServiceFailure>,
    caller?: Caller,
  ): void;
  /** Answered once no quorum needs the member any more. */
  removeMember(
    id: string,
    completion: Completion<MembersChanged | Failure | ServiceFailure>,
    caller?: Caller,
  ): void;
  updateMember(
    id: string,
    peerUrls: readonly string[],
    completion: Completion<MembersChanged | Failure | ServiceFailure>,
    caller?: Caller,
  ): void;
  /** Answered once the learner has its vote. */
  promoteMember(
    id: string,
    completion: Completion<MembersChanged | Failure | ServiceFailure>,
    caller?: Caller,
  ): void;
  /** After one quorum round. */
  alarms(completion: Completion<AlarmList | ServiceFailure>): void;
  /** The alarms that this member knows to be active. */
  activeAlarms(): readonly Alarm[];
  status(): MemberStatus;
  /** Calls back once all that compactions so far let go of is gone from this member's store, durably. */
  reclaim(done: () => void): void;
  /** Of this member's store alone: space that nothing uses goes back to the disk, while reads and writes go on. */
  defragment(completion: Completion<Defragmented | DefragmentFailed>): void;
  /** Of this member's state. Whoever gets one closes it. */
  backup(completion: Completion<StateBackup | ServiceFailure>): void;
  /** Asked of the leader: hands leadership to another voter, and answers once that one leads. */
  moveLeader(to: string, completion: Completion<LeaderMoved | ServiceFailure>): void;
  /** Of this member's own keyspace; at revision 0: as it is. Takes a while where there is much. */
  hashKeyspace(revision: Revision, completion: Completion<KeyspaceHashed | Failure | ServiceFailure>): void;
  hashState(completion: Completion<StateHashed | ServiceFailure>): void;
  openWatchStream(sink: WatchSink): WatchStream;
}
