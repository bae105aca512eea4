/**
 * One client: asks one thing after the other, of whichever member it is connected to, and remembers what it may of the
 * answers (leases it holds, revisions it saw). Every answer goes to the checkers.
 */
import {
  type Command,
  type CommandResult,
  type Failure,
  type Key,
  key,
  type LeaseId,
  type RangeQuery,
  type RangeResult,
  type Revision,
  revision as toRevision,
} from '@synod/coordination';
import type {
  Completion,
  CoordinationService,
  LeaseRenewed,
  LeaseTimeToLive,
  ServiceFailure,
} from '@synod/coordination/service/service-api.ts';
import type { ClientOperations } from '../checkers/client-operations.ts';
import type { LeaseTimes } from '../checkers/lease-times.ts';
import { require } from '../checkers/rule-broken.ts';
import type { ReferenceKeyspace } from '../model/reference-keyspace.ts';
import type { SeededRandom } from '../random/seeded-random.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { SimulatedMember } from '../world/simulated-member.ts';
import type { Trace } from '../world/trace.ts';
import { CommandMaker } from './commands.ts';
import { drawKind, type Mix, type OperationKind } from './mix.ts';
import { Registers } from './registers.ts';
import { Watching } from './watching.ts';

export interface ClientParts {
  readonly number: number;
  readonly queue: EventQueue;
  readonly trace: Trace;
  readonly random: SeededRandom;
  readonly mix: Mix;
  readonly members: readonly SimulatedMember[];
  readonly operations: ClientOperations;
  readonly leaseTimes: LeaseTimes;
  readonly keyspace: ReferenceKeyspace;
}

type LeaseAnswer = LeaseRenewed | LeaseTimeToLive | Failure | ServiceFailure;

/** An operation that is under way. */
interface Current {
  /** It will never be answered. */
  readonly lost: () => void;
}

const RETRY_MS = 200;
const LEASE_SECONDS_MIN = 2;
/** The longest that a client asks for. */
export const LEASE_SECONDS_MAX = 12;

export class Client {
  /** Operations by how they ended. */
  readonly counts = { answered: 0, unknown: 0, failed: 0 };
  private readonly parts: ClientParts;
  private readonly maker: CommandMaker;
  /** How each kind of operation is begun. */
  private readonly actions: Readonly<Record<OperationKind, (member: SimulatedMember) => void>>;
  readonly watching: Watching;
  readonly registers: Registers;
  private place: number;
  /** The operation that is under way; it ends once. */
  private current: Current | undefined;
  private readonly leases: LeaseId[] = [];
  /** The newest modification revision seen of a key. */
  private readonly seen = new Map<Key, number>();
  /** The newest revision seen in this connection (C5). */
  private connectionRevision = 0;
  private newestRevision = 1;
  private stopped = false;

  constructor(parts: ClientParts) {
    this.parts = parts;
    this.maker = new CommandMaker(parts.random, parts.mix, parts.number);
    this.watching = new Watching(parts, this.maker);
    this.registers = new Registers(parts.number, parts.random, this.maker);
    this.place = parts.random.below(parts.members.length);
    this.actions = this.makeActions();
  }

  start(): void {
    this.parts.queue.after(this.parts.random.between(0, 2_000), () => this.next());
  }

  /** Asks nothing more. */
  stop(): void {
    this.stopped = true;
  }

  get isIdle(): boolean {
    return this.current === undefined;
  }

  /** The member at this place ended: whatever was under way there has an unknown outcome. */
  memberEnded(place: number): void {
    if (place !== this.place) return;
    this.connectionRevision = 0;
    if (this.current === undefined) return;
    this.counts.unknown++;
    this.current.lost();
    this.end();
  }

  private next(): void {
    if (this.stopped) return;
    const { random, mix, members } = this.parts;
    if (random.chance(mix.wander)) this.reconnect();
    const member = members[this.place]!;
    if (member.life === undefined) {
      this.reconnect();
      this.parts.queue.after(RETRY_MS * random.next(), () => this.next());
      return;
    }
    this.actions[drawKind(random, mix)](member);
  }

  private reconnect(): void {
    this.place = this.parts.random.below(this.parts.members.length);
    this.connectionRevision = 0;
  }

  private end(): void {
    this.current = undefined;
    const { queue, random, mix } = this.parts;
    queue.after(1 + random.below(mix.thinkMaxMs), () => this.next());
  }

  private makeActions(): Readonly<Record<OperationKind, (member: SimulatedMember) => void>> {
    const { maker } = this;
    const { random } = this.parts;
    return {
      put: (member) => this.submit(member, maker.put()),
      leasedPut: (member) =>
        this.submit(member, maker.put(this.leases.length > 0 ? random.pick(this.leases) : undefined)),
      deleteKey: (member) => this.submit(member, maker.deleteRange({ from: maker.key(), to: undefined })),
      deleteSpan: (member) => this.submit(member, maker.deleteRange(maker.span())),
      compareAndSwap: (member) => {
        const of = maker.key();
        this.submit(member, maker.compareAndSwap(of, this.seen.get(of) ?? 0));
      },
      transaction: (member) => this.submit(member, maker.transaction()),
      read: (member) => this.read(member, maker.query({ from: maker.key(), to: undefined }), true),
      readSpan: (member) => this.read(member, maker.query(maker.span()), true),
      staleRead: (member) => this.read(member, maker.query(maker.span()), false),
      pastRead: (member) =>
        this.read(member, maker.query(maker.span(), this.somePastRevision()), random.chance(0.7)),
      compact: (member) =>
        this.submit(member, { module: 'keyspace', kind: 'compact', revision: this.somePastRevision() }),
      grant: (member) => this.grant(member),
      keepAlive: (member) =>
        this.askOfLease(member, (service, id, completion) => service.keepAlive(id, completion)),
      timeToLive: (member) =>
        this.askOfLease(member, (service, id, completion) => service.timeToLive(id, true, completion)),
      revoke: (member) => this.revoke(member),
      lock: (member) => this.lock(member),
      register: (member) => this.useRegister(member),
      watch: (member) => {
        this.watching.act(member);
        this.end();
      },
    };
  }

  private somePastRevision(): Revision {
    return toRevision(Math.max(1, this.newestRevision - this.parts.random.below(20)));
  }

  /** `ended` hears the result, or undefined where it is not known what became of the command. */
  private submit(
    member: SimulatedMember,
    command: Command,
    ended: (result: CommandResult | undefined) => void = () => {},
  ): void {
    const { operations, trace, number } = this.parts;
    const life = member.life!;
    const { floor } = operations;
    const current: Current = { lost: () => ended(undefined) };
    this.current = current;
    let sequence = 0;
    const complete = (result: CommandResult | ServiceFailure): void => {
      if (this.current !== current) return;
      if (result.kind === 'serviceFailure' || isOldNews(result)) {
        const isRefused = result.kind === 'serviceFailure' && result.code === 'tooManyRequests';
        this.counts[isRefused ? 'failed' : 'unknown']++;
        ended(undefined);
      } else {
        this.counts.answered++;
        trace.count(number, sequence, 1);
        if (trace.isHeard) trace.say(`client ${number} ${command.kind} answered`);
        const origin = { member: member.id, incarnation: life.life, sequence };
        this.sawRevision(operations.answered(origin, floor, [result]));
        ended(result);
      }
      this.end();
    };
    life.service.submit(command, { complete });
    sequence = life.proposals.lastSequence;
  }

  private read(
    member: SimulatedMember,
    query: RangeQuery,
    linearizable: boolean,
    ended: (result: RangeResult | undefined) => void = () => {},
  ): void {
    const { operations, trace, number } = this.parts;
    const { floor } = operations;
    const current: Current = { lost: () => ended(undefined) };
    this.current = current;
    const { service, machine } = member.life!;
    const complete = (result: RangeResult | Failure | ServiceFailure): void => {
      if (this.current !== current) return;
      if (result.kind === 'serviceFailure') {
        this.counts.failed++;
        ended(undefined);
      } else {
        // It is told in the turn in which it was read.
        const { appliedIndex } = machine;
        this.counts.answered++;
        trace.count(number, appliedIndex, 0);
        if (trace.isHeard) trace.say(`client ${number} read at ${appliedIndex}`);
        operations.read(query, result, appliedIndex, linearizable ? floor : undefined);
        this.sawState(result);
        ended(result.kind === 'range' ? result : undefined);
      }
      this.end();
    };
    service.range(query, linearizable, { complete });
  }

  /** C5: within a connection time never goes back. */
  private sawState(result: RangeResult | Failure): void {
    require(result.revision >= this.connectionRevision, 'C5', () =>
      `client ${this.parts.number} saw ${this.connectionRevision} and then ${result.revision}`);
    this.sawRevision(result.revision);
    if (result.kind !== 'range') return;
    for (const record of result.records) this.seen.set(record.key, record.modRevision);
  }

  private useRegister(member: SimulatedMember): void {
    const { registers, maker } = this;
    const { queue } = this.parts;
    const operation = registers.begin(queue.nowMs);
    if (operation.call.kind === 'read')
      this.read(member, maker.wholeQuery(operation.span), true, (result) =>
        registers.ended(operation, queue.nowMs, result),
      );
    else
      this.submit(member, registers.commandOf(operation), (result) =>
        registers.ended(operation, queue.nowMs, result),
      );
  }

  private sawRevision(revision: number): void {
    this.connectionRevision = Math.max(this.connectionRevision, revision);
    this.newestRevision = Math.max(this.newestRevision, revision);
  }

  private grant(member: SimulatedMember): void {
    const id = this.maker.leaseId();
    const ttlSeconds = this.parts.random.whole(LEASE_SECONDS_MIN, LEASE_SECONDS_MAX);
    const sent = this.parts.leaseTimes.now();
    this.submit(member, { module: 'leases', kind: 'grant', id, ttlSeconds }, (result) => {
      if (result?.kind !== 'leaseGranted') return;
      this.leases.push(id);
      this.parts.leaseTimes.granted(id, ttlSeconds, sent);
    });
  }

  private revoke(member: SimulatedMember): void {
    const id = this.leases.pop();
    if (id === undefined) this.grant(member);
    else this.submit(member, { module: 'leases', kind: 'revoke', id, cause: 'asked' });
  }

  /** What only the leader's lease clock can answer, asked of whichever member the client is connected to. */
  private askOfLease(
    member: SimulatedMember,
    ask: (service: CoordinationService, id: LeaseId, completion: Completion<LeaseAnswer>) => void,
  ): void {
    const id = this.leases.at(-1);
    if (id === undefined) {
      this.grant(member);
      return;
    }
    const { leaseTimes, trace, number } = this.parts;
    const sent = leaseTimes.now();
    const current: Current = { lost: () => {} };
    this.current = current;
    const complete = (told: LeaseAnswer): void => {
      if (this.current !== current) return;
      trace.count(number, told.kind.length, 0);
      if (trace.isHeard) trace.say(`client ${number} lease ${id} ${told.kind}`);
      this.counts[told.kind === 'serviceFailure' ? 'failed' : 'answered']++;
      if (told.kind === 'leaseRenewed') leaseTimes.renewed(id, told.ttlSeconds, sent);
      else if (told.kind === 'leaseTimeToLive') leaseTimes.told(id, told);
      else if (told.kind === 'failure') {
        this.leases.pop();
        leaseTimes.notFound(id);
      }
      this.end();
    };
    ask(member.life!.service, id, { complete });
  }

  /** Takes a lock if it is free: a key that lives as long as the lease; and lets it go again, if it has it. */
  private lock(member: SimulatedMember): void {
    const lease = this.leases.at(-1);
    const held = this.seen.get(LOCK);
    if (lease === undefined) this.grant(member);
    else if (held !== undefined && this.parts.random.chance(0.5)) {
      this.seen.delete(LOCK);
      this.submit(member, this.maker.whereCreatedAt(LOCK, held, this.maker.deleteRange(LOCK_SPAN)));
    } else {
      const take = { ...this.maker.put(lease), key: LOCK };
      this.submit(member, this.maker.whereCreatedAt(LOCK, 0, take), (result) => {
        if (result?.kind === 'transaction' && result.succeeded) this.seen.set(LOCK, result.revision);
      });
    }
  }
}

const LOCK = key('lock');
const LOCK_SPAN = { from: LOCK, to: undefined };

/** It took effect in an entry whose result this member never saw, because it came in a snapshot: an unknown outcome. */
export function isOldNews(result: CommandResult): boolean {
  return result.kind === 'failure' && result.reason.code === 'duplicateProposal';
}
