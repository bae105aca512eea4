/**
 * Adds, removes, changes and promotes members for whoever asks: refuses what would endanger the quorum, puts the rest
 * through the log, and answers once the consensus has followed as far as the asker must know.
 */
import {
  ByteReader,
  ByteWriter,
  MalformedBytes,
  type MemberId,
  type ReplicaApi,
  readHexId,
  writeHexId,
} from '@synod/consensus';
import type { Caller } from '../auth/caller.ts';
import type { MemberCommand } from '../machine/commands.ts';
import type { Machine } from '../machine/machine-api.ts';
import type { CommandResult, Failure } from '../machine/results.ts';
import type { LeaderCalls } from './leader-calls.ts';
import { METHOD } from './peer-calls.ts';
import { QuorumCare, type Reachable } from './quorum-care.ts';
import type {
  Completion,
  MembersChanged,
  NewMember,
  ServiceErrorCode,
  ServiceFailure,
} from './service-api.ts';

export type MemberChangeCompletion = Completion<MembersChanged | Failure | ServiceFailure>;

export interface MemberChangesParts {
  readonly self: MemberId;
  readonly machine: Pick<Machine, 'directory' | 'revision'>;
  readonly replica: Pick<ReplicaApi, 'status'>;
  readonly leaderCalls: LeaderCalls;
  readonly peers: () => readonly Reachable[];
  readonly nowMs: () => number;
  readonly submit: (
    command: MemberCommand,
    completion: Completion<CommandResult | ServiceFailure>,
    caller: Caller | undefined,
  ) => void;
  /** Whether changes that endanger the quorum are refused. */
  readonly isStrict: boolean;
  readonly learnersMax: number;
  /** How long somebody waits for the consensus to follow. */
  readonly timeoutTicks: number;
}

/** An answer that waits for the consensus. */
interface Waiting {
  readonly isDone: () => boolean;
  readonly answer: MembersChanged;
  readonly completion: MemberChangeCompletion;
  ageTicks: number;
}

/** What the leader says of a learner. */
const READINESS = ['ready', 'lagging', 'notFound'] as const;
type Readiness = (typeof READINESS)[number];

/** As etcd has it: a learner that has so much of the leader's log is in step with it. */
const READY_SHARE = 0.9;

export class MemberChanges {
  private readonly parts: MemberChangesParts;
  private waiting: Waiting[] = [];

  constructor(parts: MemberChangesParts) {
    this.parts = parts;
    parts.leaderCalls.serve(METHOD.learnerReadiness, {
      read: (bytes) => readHexId(new ByteReader(bytes)),
      answer: (id, answer) => answer(this.readinessHere(id)),
    });
  }

  add({ id, peerUrls, isLearner }: NewMember, completion: MemberChangeCompletion, caller?: Caller): void {
    const danger = this.danger((care) => (isLearner ? care.addingLearner() : care.addingVoter()));
    if (danger !== undefined) completion.complete(failure(danger));
    else {
      const { learnersMax } = this.parts;
      this.submit(
        { module: 'members', kind: 'add', id, peerUrls, isLearner, learnersMax },
        completion,
        caller,
      );
    }
  }

  /** Answered once no quorum needs the member any more; at once by a member that is to go itself. */
  remove(id: string, completion: MemberChangeCompletion, caller?: Caller): void {
    const { directory } = this.parts.machine;
    const danger = directory.member(id) && this.danger((care) => care.removing(id));
    if (danger !== undefined) completion.complete(failure(danger));
    else {
      const isDone = (): boolean => id === this.parts.self || directory.standing(id) === 'gone';
      this.submit({ module: 'members', kind: 'remove', id }, completion, caller, isDone);
    }
  }

  update(id: string, peerUrls: readonly string[], completion: MemberChangeCompletion, caller?: Caller): void {
    this.submit({ module: 'members', kind: 'update', id, peerUrls }, completion, caller);
  }

  /** Answered once the member has its vote. */
  promote(id: string, completion: MemberChangeCompletion, caller?: Caller): void {
    const { leaderCalls, replica } = this.parts;
    const question = new ByteWriter(8);
    writeHexId(question, id);
    leaderCalls.ask(METHOD.learnerReadiness, question.finish(), readReadiness, (told) => {
      const danger = told === 'ready' ? this.danger((care) => care.promoting()) : undefined;
      if (told === 'lagging') completion.complete(failure('learnerNotReady'));
      else if (told === 'notFound') completion.complete(this.notFound());
      else if (told !== 'ready') completion.complete(failure(told));
      else if (danger !== undefined) completion.complete(failure(danger));
      else {
        const isDone = (): boolean => replica.status().membership.voters.some((voter) => voter === id);
        this.submit({ module: 'members', kind: 'promote', id }, completion, caller, isDone);
      }
    });
  }

  tick(): void {
    if (this.waiting.length === 0) return;
    for (const one of this.waiting) one.ageTicks++;
    for (const { answer, completion } of this.take(({ isDone }) => isDone())) completion.complete(answer);
    for (const { completion } of this.take(({ ageTicks }) => ageTicks > this.parts.timeoutTicks))
      completion.complete(failure('timeout'));
  }

  stop(): void {
    for (const { completion } of this.take(() => true)) completion.complete(failure('stopped'));
  }

  private submit(
    command: MemberCommand,
    completion: MemberChangeCompletion,
    caller: Caller | undefined,
    isDone: () => boolean = () => true,
  ): void {
    const complete = (result: CommandResult | ServiceFailure): void => {
      if (result.kind === 'failure' || result.kind === 'serviceFailure') completion.complete(result);
      else if (result.kind === 'membersChanged') {
        if (isDone()) completion.complete(result);
        else this.waiting.push({ isDone, answer: result, completion, ageTicks: 0 });
      }
    };
    this.parts.submit(command, { complete }, caller);
  }

  private danger<Found>(look: (care: QuorumCare) => Found): Found | undefined {
    const { self, machine, peers, nowMs, isStrict } = this.parts;
    if (!isStrict) return undefined;
    return look(new QuorumCare({ self, members: machine.directory.list(), peers: peers(), nowMs: nowMs() }));
  }

  /** Undefined: this member does not lead. */
  private readinessHere(id: string): Uint8Array | undefined {
    const { role, progress, lastIndex } = this.parts.replica.status();
    if (role !== 'leader') return undefined;
    const follower = progress.find((one) => one.id === id);
    const hasUpTo = follower?.recentlyActive === true ? follower.matchIndex : 0;
    const isReady = id === this.parts.self || hasUpTo >= lastIndex * READY_SHARE;
    const isMember = this.parts.machine.directory.member(id) !== undefined;
    const readiness: Readiness = isMember ? (isReady ? 'ready' : 'lagging') : 'notFound';
    return Uint8Array.of(READINESS.indexOf(readiness));
  }

  private notFound(): Failure {
    return { kind: 'failure', reason: { code: 'memberNotFound' }, revision: this.parts.machine.revision };
  }

  private take(which: (one: Waiting) => boolean): Waiting[] {
    const taken = this.waiting.filter(which);
    if (taken.length > 0) this.waiting = this.waiting.filter((one) => !taken.includes(one));
    return taken;
  }
}

/** @throws MalformedBytes */
function readReadiness(bytes: Uint8Array): Readiness {
  const readiness = READINESS[new ByteReader(bytes).u8()];
  if (readiness === undefined) throw new MalformedBytes('no such readiness');
  return readiness;
}

function failure(code: ServiceErrorCode): ServiceFailure {
  return { kind: 'serviceFailure', code };
}
