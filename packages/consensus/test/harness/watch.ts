/**
 * The place of an omniscient observer in a cluster of cores. Each protocol has its own (raft/god.ts and paxos/god.ts keep
 * its rules); here is what any of them is told, and the rules about reads, which both protocols share.
 */
import assert from 'node:assert/strict';
import type { ConsensusCore } from '../../src/core/core.ts';
import type { Effect, LogRecord } from '../../src/core/effects.ts';
import type { Input } from '../../src/core/inputs.ts';
import type { PeerMessage } from '../../src/core/messages.ts';
import type { MemberId } from '../../src/core/numbers.ts';
import type { MemberDisk } from './member-disk.ts';

/** What the observer sees of a member. */
export interface WatchedMember<Core extends ConsensusCore> {
  readonly id: MemberId;
  readonly core: Core;
  readonly life: number;
  readonly disk: MemberDisk;
}

export interface Watch<Core extends ConsensusCore, Seen extends God> {
  readonly god: Seen;
  /** Called before a step; what it returns is called after it, with its effects, before any is carried out. */
  around(member: WatchedMember<Core>, input: Input): (effects: readonly Effect[]) => void;
  /** A message leaves its sender: here what it says about durable things must be true. */
  leaves(member: WatchedMember<Core>, to: MemberId, message: PeerMessage): void;
  /** A write has just become durable. */
  durable(member: WatchedMember<Core>, records: readonly LogRecord[]): void;
  stopped(member: WatchedMember<Core>): void;
  restarted(member: WatchedMember<Core>, effects: readonly Effect[]): void;
}

/** Whether reads are served late enough: a read sees everything that was committed when it was asked (R12, P15). */
export class ReadWatch {
  private readonly rule: string;
  /** Reader and token → what was committed when it was asked. */
  private readonly pending = new Map<string, number>();
  /** Replica and life → newest read round sent. */
  private readonly rounds = new Map<string, number>();
  served = 0;

  constructor(rule: string) {
    this.rule = rule;
  }

  asked(reader: string, commitIndex: number): void {
    this.pending.set(reader, commitIndex);
  }

  readable(reader: string, index: number): void {
    const asked = this.pending.get(reader);
    assert.ok(asked !== undefined, `${this.rule}: ${reader} was asked`);
    assert.ok(
      index >= asked,
      `${this.rule}: ${reader} may read at ${index}, but ${asked} was committed when it asked`,
    );
    this.pending.delete(reader);
    this.served++;
  }

  failed(reader: string): void {
    assert.ok(this.pending.delete(reader), `${this.rule}: ${reader} was asked`);
  }

  sendsRound(life: string, round: number): void {
    assert.ok(round >= (this.rounds.get(life) ?? 0), `${this.rule}: read rounds of ${life} rise`);
    this.rounds.set(life, round);
  }
}

/** What a test asks of the observer in the end. */
export interface God {
  /** Up to here something is committed, and known to be. */
  readonly commitIndex: number;
  /** How many leaders there were. */
  readonly elections: number;
  readonly reads: ReadWatch;
}
