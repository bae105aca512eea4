/**
 * What every protocol calls, over one member's replica and state machine: commands into the log and their results back,
 * reads after a quorum round, watches, leases. Knows no protocol, no socket and no file.
 */
import type { MemberId, ProposalFailure, ReadBarrierFailure } from '@synod/consensus';
import type { Alarm } from '../alarms/alarm.ts';
import { isNamedCorrupt } from '../alarms/named-corrupt.ts';
import type { Caller } from '../auth/caller.ts';
import type { Refusal } from '../auth/rights.ts';
import { encodeCommands } from '../machine/command-codec.ts';
import type { Command, PageQuery, RangeQuery } from '../machine/commands.ts';
import type { CommandResult, Failure, PageResult, RangeResult } from '../machine/results.ts';
import { byBytes, type KeySpan, type LeaseId, type Revision } from '../machine/values.ts';
import { sortedInSteps } from '../order/sorted-runs.ts';
import { GuardedWatchStream } from './guarded-watch-stream.ts';
import {
  decodeRenewAnswer,
  decodeTimeToLiveAnswer,
  encodeRenewQuestion,
  encodeTimeToLiveQuestion,
} from './lease-answers.ts';
import { PENDING_COMMAND_BYTES_MAX } from './limits.ts';
import { MeasuredReads, READ_ERRORS } from './measured-reads.ts';
import type { MemberChangeCompletion } from './member-changes.ts';
import type { MemberServiceParts } from './member-service-parts.ts';
import { METHOD } from './peer-calls.ts';
import type {
  AccessLevel,
  AlarmList,
  AuthKnown,
  Completion,
  CoordinationService,
  Defragmented,
  DefragmentFailed,
  KeyspaceHashed,
  LeaderListener,
  LeaderMoved,
  LeaseList,
  LeaseRenewed,
  LeaseTimeToLive,
  MemberList,
  MemberStatus,
  NewMember,
  ServiceErrorCode,
  ServiceFailure,
  StateBackup,
  StateHashed,
  WatchSink,
  WatchStream,
} from './service-api.ts';

const PROPOSAL_ERRORS: Readonly<Record<ProposalFailure, ServiceErrorCode>> = {
  timeout: 'timeout',
  tooManyProposals: 'tooManyRequests',
  stopped: 'stopped',
};

/** Members and alarms say nothing of keys: they are what a member is mended with. */
function needsKeys({ module }: Command): boolean {
  return module !== 'members' && module !== 'alarms';
}

/** Of leases there may be very many. */
function* inOrder({ ids }: LeaseList): Generator<void, LeaseList> {
  return { kind: 'leaseList', ids: yield* sortedInSteps(ids, byBytes) };
}

function failed(code: ServiceErrorCode): ServiceFailure {
  return { kind: 'serviceFailure', code };
}

export class MemberService implements CoordinationService {
  readonly clusterId: string;
  readonly memberId: string;
  private readonly parts: MemberServiceParts;
  private readonly reads: MeasuredReads;
  private readonly leaderListeners = new Set<LeaderListener>();
  /** Encoded bytes of commands that wait for their results. */
  private pendingBytes = 0;
  private leader: MemberId | undefined;
  /** The epoch last told by the replica. Monotonic. */
  term = 0;
  isLearner = false;

  constructor(parts: MemberServiceParts) {
    this.parts = parts;
    this.clusterId = parts.clusterId;
    this.memberId = parts.memberId;
    this.reads = new MeasuredReads({ ...parts, isCorrupt: () => this.isCorrupt });
    const status = parts.replica.status();
    this.roleChanged(status.leader, status.epoch, status.role === 'learner');
  }

  get revision(): Revision {
    return this.parts.machine.revision;
  }

  get compactRevision(): Revision {
    return this.parts.machine.compactRevision;
  }

  get hasLeader(): boolean {
    return this.leader !== undefined;
  }

  get pendingCount(): number {
    return this.parts.proposals.pendingCount;
  }

  /** The replica's role, leader or epoch changed. */
  roleChanged(leader: MemberId | undefined, term: number, isLearner: boolean): void {
    const known = leader !== undefined;
    const changes = known !== this.hasLeader;
    this.leader = leader;
    this.term = term;
    this.isLearner = isLearner;
    if (changes) for (const listener of this.leaderListeners) listener.leaderKnown(known);
  }

  addLeaderListener(listener: LeaderListener): void {
    this.leaderListeners.add(listener);
  }

  removeLeaderListener(listener: LeaderListener): void {
    this.leaderListeners.delete(listener);
  }

  get authEnabled(): boolean {
    return this.parts.machine.auth.isEnabled;
  }

  get authRevision(): number {
    return this.parts.machine.auth.revision;
  }

  accessRefusal(caller: Caller | undefined, level: AccessLevel): Refusal | undefined {
    if (!this.authEnabled) return undefined;
    const { rights } = this.parts.machine;
    return level === 'root' ? rights.refusalOfRoot(caller) : rights.refusalOfUser(caller);
  }

  auth(completion: Completion<AuthKnown | ServiceFailure>): void {
    this.parts.replica.read((failure) => {
      completion.complete(
        failure === undefined
          ? { kind: 'authKnown', facts: this.parts.machine.auth }
          : failed(READ_ERRORS[failure]),
      );
    });
  }

  submit(command: Command, completion: Completion<CommandResult | ServiceFailure>, caller?: Caller): void {
    if (this.isCorrupt && needsKeys(command)) {
      completion.complete(failed('corrupt'));
      return;
    }
    const body = encodeCommands([command], caller);
    if (body.length > this.parts.commandBytesMax) {
      completion.complete(failed('requestTooLarge'));
      return;
    }
    if (this.pendingBytes + body.length > PENDING_COMMAND_BYTES_MAX) {
      completion.complete(failed('tooManyRequests'));
      return;
    }
    if (!this.parts.space.admits(command)) {
      this.parts.space.afterAlarm(() => completion.complete(failed('noSpace')));
      return;
    }
    this.pendingBytes += body.length;
    const { measurements, nowMs } = this.parts;
    const startedMs = nowMs();
    this.parts.proposals.propose(body, (failure, results) => {
      this.pendingBytes -= body.length;
      const result = failure === undefined ? results![0]! : failed(PROPOSAL_ERRORS[failure]);
      const succeeded = result.kind !== 'failure' && result.kind !== 'serviceFailure';
      measurements.commandEnded(command, nowMs() - startedMs, succeeded);
      completion.complete(result);
    });
  }

  range(
    query: RangeQuery,
    linearizable: boolean,
    completion: Completion<RangeResult | Failure | ServiceFailure>,
    caller?: Caller,
  ): void {
    this.reads.range(linearizable, completion, () => this.rangeNow(query, caller));
  }

  page(
    query: PageQuery,
    linearizable: boolean,
    completion: Completion<PageResult | Failure | ServiceFailure>,
    caller?: Caller,
  ): void {
    this.reads.range(linearizable, completion, () => this.pageNow(query, caller));
  }

  /** Right and answer come of one state: nothing is applied between them (A4). */
  private rangeNow(query: RangeQuery, caller: Caller | undefined): RangeResult | Failure {
    const refusal = this.refusalToRead(caller, query.span);
    return refusal === undefined ? this.parts.machine.range(query) : this.refused(refusal);
  }

  /** Likewise: of a range in pages, each is checked anew. */
  private pageNow(query: PageQuery, caller: Caller | undefined): PageResult | Failure {
    const refusal = this.refusalToRead(caller, query.span);
    return refusal === undefined ? this.parts.machine.page(query) : this.refused(refusal);
  }

  private refusalToRead(caller: Caller | undefined, span: KeySpan): Refusal | undefined {
    const { auth, rights } = this.parts.machine;
    return auth.isEnabled ? rights.refusalOfSpan(caller, span, 'read') : undefined;
  }

  keepAlive(
    id: LeaseId,
    completion: Completion<LeaseRenewed | Failure | ServiceFailure>,
    caller?: Caller,
  ): void {
    if (this.isCorrupt) {
      completion.complete(failed('corrupt'));
      return;
    }
    const question = encodeRenewQuestion({ id, caller });
    this.parts.leaderCalls.ask(METHOD.leaseRenew, question, decodeRenewAnswer, (told) => {
      if (typeof told === 'string') completion.complete(failed(told));
      else if (told.kind === 'notFound') completion.complete(this.leaseNotFound(id));
      else if (told.kind === 'refused') completion.complete(this.refused(told.reason));
      else completion.complete({ kind: 'leaseRenewed', id, ttlSeconds: told.ttlSeconds });
    });
  }

  timeToLive(
    id: LeaseId,
    withKeys: boolean,
    completion: Completion<LeaseTimeToLive | Failure | ServiceFailure>,
    caller?: Caller,
  ): void {
    if (this.isCorrupt) {
      completion.complete(failed('corrupt'));
      return;
    }
    const question = encodeTimeToLiveQuestion({ id, withKeys, caller });
    this.parts.leaderCalls.ask(METHOD.leaseTimeToLive, question, decodeTimeToLiveAnswer, (told) => {
      if (typeof told === 'string') completion.complete(failed(told));
      else if (told.kind === 'notFound') completion.complete(this.leaseNotFound(id));
      else if (told.kind === 'refused') completion.complete(this.refused(told.reason));
      else {
        const { remainingSeconds, grantedSeconds, keys } = told;
        completion.complete({ kind: 'leaseTimeToLive', id, remainingSeconds, grantedSeconds, keys });
      }
    });
  }

  leases(completion: Completion<LeaseList | Failure | ServiceFailure>, caller?: Caller): void {
    const complete = (answer: LeaseList | Failure | ServiceFailure): void => completion.complete(answer);
    const found = (answer: LeaseList | Failure | ServiceFailure): void => {
      if (answer.kind === 'leaseList') this.parts.pieces.run(inOrder(answer), complete);
      else complete(answer);
    };
    this.reads.atRest({ complete: found }, () => this.leasesNow(caller));
  }

  /** Where a list tells of leases, it tells of keys: all of them are to be readable (A11). */
  private leasesNow(caller: Caller | undefined): LeaseList | Failure {
    const { machine } = this.parts;
    const ids = [...machine.leaseIds()];
    if (!machine.auth.isEnabled) return { kind: 'leaseList', ids };
    let refusal = machine.rights.refusalOfUser(caller);
    for (const id of ids) refusal ??= machine.rights.refusalOfKeys(caller, machine.attachedKeys(id), 'read');
    return refusal === undefined ? { kind: 'leaseList', ids } : this.refused(refusal);
  }

  members(linearizable: boolean, completion: Completion<MemberList | ServiceFailure>): void {
    const answer = (failure: ReadBarrierFailure | undefined): void =>
      completion.complete(
        failure === undefined
          ? { kind: 'memberList', members: this.parts.machine.directory.list() }
          : failed(READ_ERRORS[failure]),
      );
    if (linearizable) this.parts.replica.read(answer);
    else answer(undefined);
  }

  addMember(member: NewMember, completion: MemberChangeCompletion, caller?: Caller): void {
    this.parts.memberChanges.add(member, completion, caller);
  }

  removeMember(id: string, completion: MemberChangeCompletion, caller?: Caller): void {
    this.parts.memberChanges.remove(id, completion, caller);
  }

  updateMember(
    id: string,
    peerUrls: readonly string[],
    completion: MemberChangeCompletion,
    caller?: Caller,
  ): void {
    this.parts.memberChanges.update(id, peerUrls, completion, caller);
  }

  promoteMember(id: string, completion: MemberChangeCompletion, caller?: Caller): void {
    this.parts.memberChanges.promote(id, completion, caller);
  }

  alarms(completion: Completion<AlarmList | ServiceFailure>): void {
    this.parts.replica.read((failure) => {
      completion.complete(
        failure === undefined
          ? { kind: 'alarmList', alarms: this.activeAlarms() }
          : failed(READ_ERRORS[failure]),
      );
    });
  }

  activeAlarms(): readonly Alarm[] {
    return this.parts.machine.alarms();
  }

  status(): MemberStatus {
    const { leader, epoch, commitIndex, appliedIndex } = this.parts.replica.status();
    const { totalBytes, usedBytes } = this.parts.store.sizes();
    const { storeBytesMax } = this.parts.space;
    return {
      leader,
      term: epoch,
      commitIndex,
      appliedIndex,
      isLearner: this.isLearner,
      storeBytes: totalBytes,
      storeBytesUsed: usedBytes,
      storeBytesMax: Number.isFinite(storeBytesMax) ? storeBytesMax : 0,
      errors: [],
    };
  }

  reclaim(done: () => void): void {
    this.parts.reclaim(done);
  }

  defragment(completion: Completion<Defragmented | DefragmentFailed>): void {
    const { store } = this.parts;
    const bytesBefore = store.sizes().totalBytes;
    // A copy taken before would keep what a compaction has let go of.
    this.reclaim(() =>
      store.defragment((error) =>
        completion.complete(
          error === undefined
            ? { kind: 'defragmented', bytesBefore, bytesAfter: store.sizes().totalBytes }
            : { kind: 'defragmentFailed', detail: error.message },
        ),
      ),
    );
  }

  backup(completion: Completion<StateBackup | ServiceFailure>): void {
    if (this.isCorrupt) completion.complete(failed('corrupt'));
    else this.parts.backups.begin(completion);
  }

  moveLeader(to: string, completion: Completion<LeaderMoved | ServiceFailure>): void {
    this.parts.leaderMoves.move(to, completion);
  }

  hashKeyspace(revision: Revision, completion: Completion<KeyspaceHashed | Failure | ServiceFailure>): void {
    this.parts.hashes.ofKeyspace(revision, completion);
  }

  hashState(completion: Completion<StateHashed | ServiceFailure>): void {
    this.parts.hashes.ofEverything(completion);
  }

  openWatchStream(sink: WatchSink): WatchStream {
    const stream = this.parts.hub.openStream(sink);
    const isCorrupt = (): boolean => this.isCorrupt;
    return new GuardedWatchStream(stream, this.parts.machine, isCorrupt, this.parts.wakeHub);
  }

  /** An alarm says so: nobody is told what this member holds, until it was rebuilt and the alarm cleared. */
  private get isCorrupt(): boolean {
    return isNamedCorrupt(this.parts.machine, this.memberId);
  }

  private leaseNotFound(id: LeaseId): Failure {
    return { kind: 'failure', reason: { code: 'leaseNotFound', id }, revision: this.revision };
  }

  private refused(reason: Refusal): Failure {
    return { kind: 'failure', reason, revision: this.revision };
  }
}
