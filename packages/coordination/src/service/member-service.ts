/**
 * What every protocol calls, over one member's replica and state machine: commands into the log and their results back,
 * reads after a quorum round, watches, leases. Knows no protocol, no socket and no file.
 */
import type { MemberId, ProposalFailure, Proposals, ReadBarrierFailure, ReplicaApi } from '@synod/consensus';
import { encodeCommands } from '../machine/command-codec.ts';
import type { Command, PageQuery, RangeQuery } from '../machine/commands.ts';
import type { Machine } from '../machine/machine-api.ts';
import type { CommandResult, Failure, PageResult, RangeResult } from '../machine/results.ts';
import type { LeaseId, Revision } from '../machine/values.ts';
import type { WatchHub } from '../watches/watch-hub.ts';
import type { LeaderCalls } from './leader-calls.ts';
import {
  decodeRenewAnswer,
  decodeTimeToLiveAnswer,
  encodeRenewQuestion,
  encodeTimeToLiveQuestion,
} from './lease-answers.ts';
import { PENDING_COMMAND_BYTES_MAX } from './limits.ts';
import { METHOD } from './peer-calls.ts';
import type {
  Completion,
  CoordinationService,
  LeaderListener,
  LeaseList,
  LeaseRenewed,
  LeaseTimeToLive,
  MemberList,
  MemberStatus,
  ServiceErrorCode,
  ServiceFailure,
  WatchSink,
  WatchStream,
} from './service-api.ts';

export interface MemberServiceParts {
  readonly clusterId: string;
  readonly memberId: MemberId;
  readonly machine: Machine;
  readonly replica: ReplicaApi;
  readonly proposals: Proposals<readonly CommandResult[]>;
  readonly hub: WatchHub;
  readonly leaderCalls: LeaderCalls;
  readonly storeSizes: () => { readonly totalBytes: number; readonly usedBytes: number };
  /** An encoded command list may be no larger. */
  readonly commandBytesMax: number;
  /** The hub has watchers that catch up: pump it soon. */
  readonly wakeHub: () => void;
}

const PROPOSAL_ERRORS: Readonly<Record<ProposalFailure, ServiceErrorCode>> = {
  timeout: 'timeout',
  tooManyProposals: 'tooManyRequests',
  stopped: 'stopped',
};

const READ_ERRORS: Readonly<Record<ReadBarrierFailure, ServiceErrorCode>> = {
  noLeader: 'noLeader',
  leaderChanged: 'leaderChanged',
  timeout: 'timeout',
  stopped: 'stopped',
  tooManyReads: 'tooManyRequests',
};

function failed(code: ServiceErrorCode): ServiceFailure {
  return { kind: 'serviceFailure', code };
}

export class MemberService implements CoordinationService {
  readonly clusterId: string;
  readonly memberId: string;
  private readonly parts: MemberServiceParts;
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

  submit(command: Command, completion: Completion<CommandResult | ServiceFailure>): void {
    const body = encodeCommands([command]);
    if (body.length > this.parts.commandBytesMax) {
      completion.complete(failed('requestTooLarge'));
      return;
    }
    if (this.pendingBytes + body.length > PENDING_COMMAND_BYTES_MAX) {
      completion.complete(failed('tooManyRequests'));
      return;
    }
    this.pendingBytes += body.length;
    this.parts.proposals.propose(body, (failure, results) => {
      this.pendingBytes -= body.length;
      completion.complete(failure === undefined ? results![0]! : failed(PROPOSAL_ERRORS[failure]));
    });
  }

  range(
    query: RangeQuery,
    linearizable: boolean,
    completion: Completion<RangeResult | Failure | ServiceFailure>,
  ): void {
    this.readThen(linearizable, completion, () => this.parts.machine.range(query));
  }

  page(
    query: PageQuery,
    linearizable: boolean,
    completion: Completion<PageResult | Failure | ServiceFailure>,
  ): void {
    this.readThen(linearizable, completion, () => this.parts.machine.page(query));
  }

  /** At once, or after a quorum round. */
  private readThen<Result>(
    linearizable: boolean,
    completion: Completion<Result | ServiceFailure>,
    read: () => Result,
  ): void {
    if (!linearizable) {
      completion.complete(read());
      return;
    }
    this.parts.replica.read((failure) => {
      completion.complete(failure === undefined ? read() : failed(READ_ERRORS[failure]));
    });
  }

  keepAlive(id: LeaseId, completion: Completion<LeaseRenewed | Failure | ServiceFailure>): void {
    const question = encodeRenewQuestion(id);
    this.parts.leaderCalls.ask(METHOD.leaseRenew, question, decodeRenewAnswer, (told) => {
      if (typeof told === 'string') completion.complete(failed(told));
      else if (told.kind === 'notFound') completion.complete(this.leaseNotFound(id));
      else completion.complete({ kind: 'leaseRenewed', id, ttlSeconds: told.ttlSeconds });
    });
  }

  timeToLive(
    id: LeaseId,
    withKeys: boolean,
    completion: Completion<LeaseTimeToLive | Failure | ServiceFailure>,
  ): void {
    const question = encodeTimeToLiveQuestion({ id, withKeys });
    this.parts.leaderCalls.ask(METHOD.leaseTimeToLive, question, decodeTimeToLiveAnswer, (told) => {
      if (typeof told === 'string') completion.complete(failed(told));
      else if (told.kind === 'notFound') completion.complete(this.leaseNotFound(id));
      else {
        const { remainingSeconds, grantedSeconds, keys } = told;
        completion.complete({ kind: 'leaseTimeToLive', id, remainingSeconds, grantedSeconds, keys });
      }
    });
  }

  leases(completion: Completion<LeaseList | ServiceFailure>): void {
    this.parts.replica.read((failure) => {
      completion.complete(
        failure === undefined
          ? { kind: 'leaseList', ids: this.parts.machine.leases().map(({ id }) => id) }
          : failed(READ_ERRORS[failure]),
      );
    });
  }

  members(linearizable: boolean, completion: Completion<MemberList | ServiceFailure>): void {
    const answer = (failure: ReadBarrierFailure | undefined): void =>
      completion.complete(
        failure === undefined
          ? { kind: 'memberList', members: this.parts.machine.members() }
          : failed(READ_ERRORS[failure]),
      );
    if (linearizable) this.parts.replica.read(answer);
    else answer(undefined);
  }

  status(): MemberStatus {
    const { leader, epoch, commitIndex, appliedIndex, role } = this.parts.replica.status();
    const { totalBytes, usedBytes } = this.parts.storeSizes();
    return {
      leader,
      term: epoch,
      commitIndex,
      appliedIndex,
      isLearner: role === 'learner',
      storeBytes: totalBytes,
      storeBytesUsed: usedBytes,
      storeBytesMax: 0,
      errors: [],
    };
  }

  openWatchStream(sink: WatchSink): WatchStream {
    const stream = this.parts.hub.openStream(sink);
    return new PumpedWatchStream(stream, this.parts.wakeHub);
  }

  private leaseNotFound(id: LeaseId): Failure {
    return { kind: 'failure', reason: { code: 'leaseNotFound', id }, revision: this.revision };
  }
}

/** A hub's stream that wakes the pump when it has made work for it. */
class PumpedWatchStream implements WatchStream {
  private readonly stream: WatchStream;
  private readonly wakeHub: () => void;

  constructor(stream: WatchStream, wakeHub: () => void) {
    this.stream = stream;
    this.wakeHub = wakeHub;
  }

  create(spec: Parameters<WatchStream['create']>[0]): ReturnType<WatchStream['create']> {
    const creation = this.stream.create(spec);
    this.wakeHub();
    return creation;
  }

  cancel(id: number): boolean {
    return this.stream.cancel(id);
  }

  requestProgress(id: number): void {
    this.stream.requestProgress(id);
  }

  requestProgressOfAll(): void {
    this.stream.requestProgressOfAll();
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
    this.wakeHub();
  }

  close(): void {
    this.stream.close();
  }
}
