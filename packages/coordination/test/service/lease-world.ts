/**
 * Members with their lease keepers, one replicated state between them, and a log, a network and a clock that stand still
 * until the test moves them.
 */
import assert from 'node:assert/strict';
import {
  encodeEnvelope,
  epoch,
  logIndex,
  type MemberId,
  memberId,
  type ReadBarrierFailure,
} from '@synod/consensus';
import {
  type Command,
  type CommandResult,
  type CoordinationMachine,
  createMachine,
  encodeCommands,
  type LeaseCommand,
  type LeaseId,
  leaseId,
  MemoryBackend,
} from '@synod/coordination';
import { LEASE_CHECKPOINT_INTERVAL_MS } from '../../src/leases/limits.ts';
import { LeaderCalls } from '../../src/service/leader-calls.ts';
import {
  decodeRenewAnswer,
  decodeTimeToLiveAnswer,
  encodeRenewQuestion,
  encodeTimeToLiveQuestion,
  type TimeToLiveAnswer,
} from '../../src/service/lease-answers.ts';
import { LeaseKeeper } from '../../src/service/lease-keeper.ts';
import { LEASE_EXPIRIES_A_TICK } from '../../src/service/limits.ts';
import { METHOD, PeerCalls } from '../../src/service/peer-calls.ts';
import { PieceQueue } from '../../src/service/piece-queue.ts';
import type { ServiceFailure } from '../../src/service/service-api.ts';

export const A = memberId('000000000000000a');
export const B = memberId('000000000000000b');
export const EXTENSION_MS = 1_000;
export const ATTEMPT_TICKS = 10;
export const TIMEOUT_TICKS = 70;
const LEASE = leaseId('000000000000beef');

export interface Submitted {
  readonly command: LeaseCommand;
  readonly done: (result: CommandResult | ServiceFailure) => void;
}

export interface WorldMember {
  readonly id: MemberId;
  readonly calls: PeerCalls;
  readonly leaderCalls: LeaderCalls;
  readonly keeper: LeaseKeeper;
  /** What its keeper wants in the log, oldest first. */
  readonly submitted: Submitted[];
  /** Its reads that wait for a quorum. */
  readonly reads: ((failure: ReadBarrierFailure | undefined) => void)[];
  /** Whom it takes for the leader. */
  leader: MemberId | undefined;
}

export class LeaseWorld {
  nowMs = 0;
  readonly machine: CoordinationMachine;
  readonly a: WorldMember;
  readonly b: WorldMember;
  /** On their way, oldest first. */
  readonly messages: { readonly from: MemberId; readonly to: MemberId; readonly bytes: Uint8Array }[] = [];
  private lastResults: readonly CommandResult[] = [];

  constructor() {
    this.machine = createMachine({
      backend: new MemoryBackend(),
      outputs: {
        result: (_origin, results) => {
          this.lastResults = results;
        },
        events: () => {},
        compacted: () => {},
        authChanged: () => {},
        membersChanged: () => {},
        leaseChanged: (change) => {
          for (const { keeper } of [this.a, this.b]) keeper.changed(change);
        },
        restored: () => {},
      },
      founders: [],
    });
    this.a = this.member(A);
    this.b = this.member(B);
  }

  /** Everybody learns that this member leads. */
  lead(leader: WorldMember, term: number): void {
    for (const member of [this.a, this.b]) {
      member.leader = leader.id;
      member.keeper.roleChanged(member === leader, term);
      member.leaderCalls.leaderChanged();
    }
  }

  /** A leader whose clock runs. */
  leadAnnounced(leader: WorldMember, term: number): void {
    this.lead(leader, term);
    this.commitAll(leader);
  }

  grant(ttlSeconds: number, id: LeaseId = LEASE): LeaseId {
    const result = this.apply({ module: 'leases', kind: 'grant', id, ttlSeconds });
    assert.notEqual(result.kind, 'failure');
    return id;
  }

  apply(command: Command): CommandResult {
    const index = this.machine.appliedIndex + 1;
    const body = encodeCommands([command]);
    const payload = encodeEnvelope({
      member: A,
      incarnation: 1,
      sequence: index,
      oldestPending: index,
      body,
    });
    this.machine.apply([{ index: logIndex(index), epoch: epoch(1), kind: 'command', payload }]);
    return this.lastResults[0]!;
  }

  /** All that a member's keeper has submitted is applied. */
  commitAll(member: WorldMember): void {
    for (const { command, done } of member.submitted.splice(0)) done(this.apply(command));
  }

  confirmReads(member: WorldMember): void {
    for (const done of member.reads.splice(0)) done(undefined);
  }

  deliverAll(): void {
    for (let message = this.messages.shift(); message !== undefined; message = this.messages.shift())
      (message.to === A ? this.a : this.b).calls.receive(message.from, message.bytes);
  }

  tick(): void {
    for (const { calls, leaderCalls, keeper } of [this.a, this.b]) {
      calls.tick();
      leaderCalls.tick();
      keeper.tick();
    }
  }

  /** What a keep-alive came to, once it did. */
  renew(member: WorldMember, id: LeaseId): { answer?: string } {
    const seen: { answer?: string } = {};
    member.leaderCalls.ask(
      METHOD.leaseRenew,
      encodeRenewQuestion({ id, caller: undefined }),
      decodeRenewAnswer,
      (told) => {
        assert.equal(seen.answer, undefined, 'one answer');
        if (typeof told === 'string') seen.answer = told;
        else seen.answer = told.kind === 'renewed' ? `renewed ${told.ttlSeconds}` : told.kind;
      },
    );
    return seen;
  }

  timeToLive(member: WorldMember, id: LeaseId): { answer?: TimeToLiveAnswer | string } {
    const seen: { answer?: TimeToLiveAnswer | string } = {};
    const question = encodeTimeToLiveQuestion({ id, withKeys: true, caller: undefined });
    member.leaderCalls.ask(METHOD.leaseTimeToLive, question, decodeTimeToLiveAnswer, (told) => {
      seen.answer = told;
    });
    return seen;
  }

  private member(id: MemberId): WorldMember {
    const calls = new PeerCalls({
      incarnation: 1,
      timeoutTicks: ATTEMPT_TICKS,
      send: (to, bytes) => void this.messages.push({ from: id, to, bytes }),
    });
    const leaderCalls = new LeaderCalls({
      self: id,
      calls,
      leader: () => member.leader,
      timeoutTicks: TIMEOUT_TICKS,
    });
    const submitted: Submitted[] = [];
    const reads: WorldMember['reads'] = [];
    const keeper = new LeaseKeeper({
      expiriesATick: LEASE_EXPIRIES_A_TICK,
      checkpointIntervalMs: LEASE_CHECKPOINT_INTERVAL_MS,
      machine: this.machine,
      replica: { read: (done) => void reads.push(done) },
      leaderCalls,
      nowMs: () => this.nowMs,
      extensionMs: EXTENSION_MS,
      pieces: new PieceQueue((job) => job()),
      submit: (command, done) => void submitted.push({ command, done }),
    });
    const member: WorldMember = { id, calls, leaderCalls, keeper, submitted, reads, leader: undefined };
    return member;
  }
}
