/**
 * Runs the lease clock on whichever member leads: starts it when this member begins to lead, stops it when that ends,
 * and puts into the log what it hands out. The rules that make this safe are the clock's (C19, docs/spec/leases.md);
 * here they are kept: announce before promoting, confirm leadership before renewing.
 */
import { type ReadBarrierFailure, type ReplicaApi, unreachable } from '@synod/consensus';
import type { Caller } from '../auth/caller.ts';
import type { Access } from '../auth/permission.ts';
import type { Refusal } from '../auth/rights.ts';
import { announcement, LeaseClock } from '../leases/lease-clock.ts';
import type { LeaseCommand } from '../machine/commands.ts';
import type { LeaseChange, Machine } from '../machine/machine-api.ts';
import type { CommandResult } from '../machine/results.ts';
import type { LeaseId } from '../machine/values.ts';
import type { LeaderCalls } from './leader-calls.ts';
import {
  decodeRenewQuestion,
  decodeTimeToLiveQuestion,
  encodeNoTimeToLive,
  encodeRenewAnswer,
  type RenewQuestion,
  type TimeToLiveQuestion,
  timeToLiveAnswerInSteps,
} from './lease-answers.ts';
import { METHOD } from './peer-calls.ts';
import type { PieceQueue } from './piece-queue.ts';
import type { ServiceFailure } from './service-api.ts';

export interface LeaseKeeperParts {
  readonly machine: Pick<Machine, 'atRest' | 'lease' | 'leases' | 'attachedKeys' | 'auth' | 'rights'>;
  readonly replica: Pick<ReplicaApi, 'read'>;
  readonly leaderCalls: Pick<LeaderCalls, 'serve'>;
  readonly nowMs: () => number;
  /** An election timeout: what every lease gets on top when leadership changes. */
  readonly extensionMs: number;
  /** How often what is left of a long lease is told through the log. */
  readonly checkpointIntervalMs: number;
  /** Leases revoked, at most, in one tick. */
  readonly expiriesATick: number;
  /** For answers about leases with very many keys. */
  readonly pieces: PieceQueue;
  readonly submit: (command: LeaseCommand, done: (result: CommandResult | ServiceFailure) => void) => void;
}

/** Undefined means: not the leader, or no longer; ask again. */
type Answer = (payload: Uint8Array | undefined) => void;

export class LeaseKeeper {
  private readonly parts: LeaseKeeperParts;
  private readonly clock: LeaseClock;
  /** The epoch in which this member leads; undefined: it does not. Written by `roleChanged`. */
  private leadingEpoch: number | undefined;
  /** This leadership is to be announced at the next tick. */
  private announcementDue = false;
  /** Leases that this member renewed, and ended for being expired, as the leader. Rise. */
  renewedCount = 0;
  expiredCount = 0;

  constructor(parts: LeaseKeeperParts) {
    this.parts = parts;
    const { extensionMs, checkpointIntervalMs } = parts;
    this.clock = new LeaseClock({ extensionMs, checkpointIntervalMs });
    parts.leaderCalls.serve(METHOD.leaseRenew, {
      read: decodeRenewQuestion,
      answer: (question, answer) => this.whenConfirmed(answer, () => this.renewIfPermitted(question, answer)),
    });
    parts.leaderCalls.serve(METHOD.leaseTimeToLive, {
      read: decodeTimeToLiveQuestion,
      answer: (question, answer) => this.whenConfirmed(answer, () => this.tellTimeToLive(question, answer)),
    });
  }

  /** This member's role changed. */
  roleChanged(leads: boolean, epoch: number): void {
    if (leads && this.leadingEpoch === epoch) return;
    this.clock.demote();
    this.leadingEpoch = leads ? epoch : undefined;
    this.announcementDue = false;
    if (leads) this.announce(epoch);
  }

  /** A command was applied that changed a lease. */
  changed(change: LeaseChange): void {
    this.clock.changed(change, this.parts.nowMs());
  }

  /** Puts into the log what has come due. */
  tick(): void {
    if (this.announcementDue && this.leadingEpoch !== undefined) {
      this.announcementDue = false;
      this.announce(this.leadingEpoch);
    }
    if (!this.clock.isRunning) return;
    const nowMs = this.parts.nowMs();
    for (const command of this.clock.dueExpiries(nowMs, this.parts.expiriesATick)) {
      if (command.kind !== 'revoke') continue;
      this.parts.submit(command, (result) => {
        // An alarm that stops it is over some time.
        if (result.kind === 'leaseRevoked') this.expiredCount++;
        const isStopped = result.kind === 'failure' && result.reason.code === 'corrupt';
        if (result.kind === 'serviceFailure' || isStopped)
          this.clock.expiryFailed(command.id, this.parts.nowMs());
      });
    }
    const checkpoint = this.clock.dueCheckpoint(nowMs);
    if (checkpoint !== undefined) this.parts.submit(checkpoint, () => {});
  }

  /** Announces this leadership to the log, then starts the clock; tries again while this member leads. */
  private announce(epoch: number): void {
    this.parts.submit(announcement(epoch), (result) => {
      if (this.leadingEpoch !== epoch) return;
      if (result.kind === 'serviceFailure') this.announcementDue = true;
      else this.clock.promote(epoch, this.parts.nowMs(), this.parts.machine.leases());
    });
  }

  /**
   * Runs `job` once a quorum confirmed, after this call, that this member leads, and all committed by then is applied; and
   * no entry by half, which may be taking keys off a lease.
   */
  private whenConfirmed(answer: Answer, job: () => void): void {
    const epoch = this.leadingEpoch;
    if (!this.clock.isRunning) {
      answer(undefined);
      return;
    }
    const { replica, machine } = this.parts;
    replica.read((failure: ReadBarrierFailure | undefined) =>
      machine.atRest(() => {
        if (failure !== undefined || this.leadingEpoch !== epoch || !this.clock.isRunning) answer(undefined);
        else job();
      }),
    );
  }

  /** Who keeps a lease alive keeps its keys: they are to be writable, as for its end (A11). */
  private renewIfPermitted({ id, caller }: RenewQuestion, answer: Answer): void {
    const reason = this.refusal(caller, id, 'write');
    if (reason === undefined) this.renew(id, answer);
    else answer(encodeRenewAnswer({ kind: 'refused', reason }));
  }

  /** `access`: what the caller needs of every key of the lease; undefined: nothing. */
  private refusal(caller: Caller | undefined, id: LeaseId, access: Access | undefined): Refusal | undefined {
    const { machine } = this.parts;
    if (!machine.auth.isEnabled) return undefined;
    const refusal = machine.rights.refusalOfUser(caller);
    if (refusal !== undefined || access === undefined) return refusal;
    return machine.rights.refusalOfKeys(caller, machine.attachedKeys(id), access);
  }

  private renew(id: LeaseId, answer: Answer): void {
    const renewal = this.clock.renew(id, this.parts.nowMs());
    switch (renewal.kind) {
      case 'renewed':
        this.renewedCount++;
        answer(encodeRenewAnswer(renewal));
        return;
      case 'notFound':
        answer(encodeRenewAnswer(renewal));
        return;
      case 'notLeading':
        answer(undefined);
        return;
      case 'clearFirst':
        this.parts.submit(renewal.command, (result) => {
          if (result.kind === 'serviceFailure') answer(undefined);
          else this.whenConfirmed(answer, () => this.renew(id, answer));
        });
        return;
      default:
        unreachable(renewal);
    }
  }

  private tellTimeToLive(question: TimeToLiveQuestion, answer: Answer): void {
    const reason = this.refusal(question.caller, question.id, question.withKeys ? 'read' : undefined);
    if (reason !== undefined) {
      answer(encodeNoTimeToLive({ kind: 'refused', reason }));
      return;
    }
    const facts = this.parts.machine.lease(question.id);
    const remainingSeconds = this.clock.remainingSeconds(question.id, this.parts.nowMs());
    if (facts === undefined || remainingSeconds === undefined) {
      answer(encodeNoTimeToLive({ kind: 'notFound' }));
      return;
    }
    // A copy: while it is sorted and encoded, in turns, others go on.
    const keys = question.withKeys ? [...this.parts.machine.attachedKeys(question.id)] : [];
    const found = { remainingSeconds, grantedSeconds: facts.ttlSeconds };
    this.parts.pieces.run(timeToLiveAnswerInSteps(found, keys), answer);
  }
}
