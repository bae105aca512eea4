/** A service that does nothing by itself: it keeps what it was asked, and the test says what comes of it. */
import {
  type Alarm,
  type Command,
  type CommandResult,
  type Failure,
  type LeaseId,
  type PageQuery,
  type PageResult,
  type RangeQuery,
  type RangeResult,
  type Refusal,
  type Revision,
  revision,
  type WatchCreation,
  type WatchSink,
  type WatchSpec,
} from '@synod/coordination';
import type {
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
  MembersChanged,
  NewMember,
  ServiceFailure,
  StateBackup,
  StateHashed,
  WatchStream,
} from '@synod/coordination/service/service-api.ts';

interface Asked<Question, Answer> {
  readonly question: Question;
  readonly completion: Completion<Answer>;
}

export class FakeService implements CoordinationService {
  readonly clusterId = '2c0910e274d895df';
  readonly memberId = '22197522e0270d61';
  revision: Revision = revision(2);
  term = 2;
  isLearner = false;
  hasLeader = true;
  compactRevision: Revision = revision(0);
  authEnabled = false;
  authRevision = 1;

  readonly commands: Asked<Command, CommandResult | ServiceFailure>[] = [];
  readonly ranges: Asked<
    { readonly query: RangeQuery; readonly linearizable: boolean },
    RangeResult | Failure | ServiceFailure
  >[] = [];
  readonly pages: Asked<
    { readonly query: PageQuery; readonly linearizable: boolean },
    PageResult | Failure | ServiceFailure
  >[] = [];
  readonly keepAlives: Asked<LeaseId, LeaseRenewed | Failure | ServiceFailure>[] = [];
  readonly timesToLive: Asked<
    { readonly id: LeaseId; readonly withKeys: boolean },
    LeaseTimeToLive | Failure | ServiceFailure
  >[] = [];
  readonly leaseLists: Asked<undefined, LeaseList | ServiceFailure>[] = [];
  readonly memberLists: Asked<{ readonly linearizable: boolean }, MemberList | ServiceFailure>[] = [];
  readonly memberChanges: Asked<
    { readonly kind: string; readonly id: string; readonly peerUrls?: readonly string[] },
    MembersChanged | Failure | ServiceFailure
  >[] = [];
  readonly alarmLists: Asked<undefined, AlarmList | ServiceFailure>[] = [];
  readonly defragmentations: Asked<undefined, Defragmented | DefragmentFailed>[] = [];
  /** Who waits for space that compactions let go of. */
  readonly reclaims: (() => void)[] = [];
  readonly moves: Asked<string, LeaderMoved | ServiceFailure>[] = [];
  readonly keyspaceHashes: Asked<Revision, KeyspaceHashed | Failure | ServiceFailure>[] = [];
  readonly stateHashes: Asked<undefined, StateHashed | ServiceFailure>[] = [];
  readonly streams: FakeWatchStream[] = [];
  readonly listeners = new Set<LeaderListener>();
  /** What `backup` gives, one after the other. */
  readonly backups: StateBackup[] = [];
  /** What `activeAlarms` gives. */
  raised: readonly Alarm[] = [];
  memberStatus: MemberStatus = {
    leader: '22197522e0270d61',
    term: 2,
    commitIndex: 72,
    appliedIndex: 71,
    isLearner: false,
    storeBytes: 45_056,
    storeBytesUsed: 45_000,
    storeBytesMax: 2_147_483_648,
    errors: [],
  };

  accessRefusal(): Refusal | undefined {
    return this.authEnabled ? { code: 'userEmpty' } : undefined;
  }
  auth(_completion: Completion<AuthKnown | ServiceFailure>): void {
    throw new Error('this service has no users');
  }
  addLeaderListener(listener: LeaderListener): void {
    this.listeners.add(listener);
  }
  removeLeaderListener(listener: LeaderListener): void {
    this.listeners.delete(listener);
  }
  submit(question: Command, completion: Completion<CommandResult | ServiceFailure>): void {
    this.commands.push({ question, completion });
  }
  range(
    query: RangeQuery,
    linearizable: boolean,
    completion: Completion<RangeResult | Failure | ServiceFailure>,
  ): void {
    this.ranges.push({ question: { query, linearizable }, completion });
  }
  page(
    query: PageQuery,
    linearizable: boolean,
    completion: Completion<PageResult | Failure | ServiceFailure>,
  ): void {
    this.pages.push({ question: { query, linearizable }, completion });
  }
  reclaim(done: () => void): void {
    this.reclaims.push(done);
  }
  keepAlive(question: LeaseId, completion: Completion<LeaseRenewed | Failure | ServiceFailure>): void {
    this.keepAlives.push({ question, completion });
  }
  timeToLive(
    id: LeaseId,
    withKeys: boolean,
    completion: Completion<LeaseTimeToLive | Failure | ServiceFailure>,
  ): void {
    this.timesToLive.push({ question: { id, withKeys }, completion });
  }
  leases(completion: Completion<LeaseList | ServiceFailure>): void {
    this.leaseLists.push({ question: undefined, completion });
  }
  members(linearizable: boolean, completion: Completion<MemberList | ServiceFailure>): void {
    this.memberLists.push({ question: { linearizable }, completion });
  }
  addMember(member: NewMember, completion: Completion<MembersChanged | Failure | ServiceFailure>): void {
    this.memberChanges.push({ question: { kind: 'add', ...member }, completion });
  }
  removeMember(id: string, completion: Completion<MembersChanged | Failure | ServiceFailure>): void {
    this.memberChanges.push({ question: { kind: 'remove', id }, completion });
  }
  updateMember(
    id: string,
    peerUrls: readonly string[],
    completion: Completion<MembersChanged | Failure | ServiceFailure>,
  ): void {
    this.memberChanges.push({ question: { kind: 'update', id, peerUrls }, completion });
  }
  promoteMember(id: string, completion: Completion<MembersChanged | Failure | ServiceFailure>): void {
    this.memberChanges.push({ question: { kind: 'promote', id }, completion });
  }
  alarms(completion: Completion<AlarmList | ServiceFailure>): void {
    this.alarmLists.push({ question: undefined, completion });
  }
  defragment(completion: Completion<Defragmented | DefragmentFailed>): void {
    this.defragmentations.push({ question: undefined, completion });
  }
  backup(completion: Completion<StateBackup | ServiceFailure>): void {
    completion.complete(this.backups.shift() ?? { kind: 'serviceFailure', code: 'tooManyRequests' });
  }
  activeAlarms(): readonly Alarm[] {
    return this.raised;
  }
  status(): MemberStatus {
    return this.memberStatus;
  }
  moveLeader(question: string, completion: Completion<LeaderMoved | ServiceFailure>): void {
    this.moves.push({ question, completion });
  }
  hashKeyspace(question: Revision, completion: Completion<KeyspaceHashed | Failure | ServiceFailure>): void {
    this.keyspaceHashes.push({ question, completion });
  }
  hashState(completion: Completion<StateHashed | ServiceFailure>): void {
    this.stateHashes.push({ question: undefined, completion });
  }
  openWatchStream(sink: WatchSink): WatchStream {
    const stream = new FakeWatchStream(sink);
    this.streams.push(stream);
    return stream;
  }

  /** How many questions came in all. */
  get asked(): number {
    return (
      this.commands.length +
      this.ranges.length +
      this.pages.length +
      this.keepAlives.length +
      this.timesToLive.length +
      this.leaseLists.length +
      this.memberLists.length +
      this.alarmLists.length +
      this.defragmentations.length +
      this.moves.length +
      this.keyspaceHashes.length +
      this.stateHashes.length
    );
  }
}

export class FakeWatchStream implements WatchStream {
  readonly sink: WatchSink;
  readonly specs: WatchSpec[] = [];
  /** What was asked besides `create`, in order. */
  readonly calls: string[] = [];
  private readonly open = new Set<number>();
  private next = 0;
  refusal: 'duplicateWatchId' | 'emptySpan' | undefined;

  constructor(sink: WatchSink) {
    this.sink = sink;
  }

  create(spec: WatchSpec): WatchCreation {
    this.specs.push(spec);
    if (this.refusal !== undefined) return { kind: 'refused', why: this.refusal };
    const id = spec.id ?? this.next++;
    this.open.add(id);
    return { kind: 'created', id };
  }
  cancel(id: number): boolean {
    this.calls.push(`cancel ${id}`);
    return this.open.delete(id);
  }
  requestProgress(id: number): void {
    this.calls.push(`progress ${id}`);
  }
  requestProgressOfAll(): void {
    this.calls.push('progress of all');
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
  close(): void {
    this.calls.push('close');
  }
}
