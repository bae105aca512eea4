/**
 * The reference state machine: runs the committed log once, in order, and knows the right result of every proposal. What
 * production members answer is compared with it (known-log replay).
 */
import { decodeEnvelope, type Entry, unreachable } from '@synod/consensus';
import {
  type Command,
  type CommandResult,
  decodeCommands,
  type Failure,
  type FailureReason,
  type KeyEvent,
  type LeaseCommand,
  type MemberCommand,
  type MemberFacts,
  type PutCommand,
  type RangeQuery,
  type RangeResult,
  type Revision,
  type TransactionCommand,
  type TransactionOperationResult,
} from '@synod/coordination';
import { ReferenceAlarms } from './reference-alarms.ts';
import { ReferenceKeyspace } from './reference-keyspace.ts';
import { ReferenceLeases } from './reference-leases.ts';
import { ReferenceMembers } from './reference-members.ts';

/** What one entry of the log came to. */
export interface Outcome {
  readonly index: number;
  readonly results: readonly CommandResult[];
  /** The revision after it. */
  readonly revision: number;
}

export interface ReferenceListener {
  /** A lease ended; `expired`: by the leader's clock. */
  leaseEnded(id: string, expired: boolean): void;
  revisionMade(revision: number, events: readonly KeyEvent[]): void;
}

export class ReferenceMachine {
  readonly keyspace = new ReferenceKeyspace();
  readonly leases = new ReferenceLeases();
  readonly alarms = new ReferenceAlarms();
  readonly members: ReferenceMembers;
  /** By origin: the outcome of the first entry that carried it. */
  private readonly outcomes = new Map<string, Outcome>();
  /** The latest life of each member that the log has seen, and below which of its proposals none counts any more. */
  private readonly lives = new Map<string, { readonly incarnation: number; floor: number }>();
  /** revisionAfter[index]. */
  private readonly revisionAfter: number[] = [1];
  /** compactedAfter[index]: the compact revision. */
  private readonly compactedAfter: number[] = [0];
  private readonly listener: ReferenceListener;
  /** Entries that carried an origin again (S2). */
  duplicates = 0;

  constructor(listener: ReferenceListener, founders: readonly MemberFacts[] = []) {
    this.listener = listener;
    this.members = new ReferenceMembers(founders);
  }

  outcomeOf(member: string, incarnation: number, sequence: number): Outcome | undefined {
    return this.outcomes.get(originKey(member, incarnation, sequence));
  }

  /** The keyspace's revision once the entry at `index` was applied. */
  revisionAt(index: number): number {
    return this.revisionAfter[index]!;
  }

  /** What a member that has applied up to `index` answers. */
  range(query: RangeQuery, index: number): RangeResult | Failure {
    return this.keyspace.range(query, this.revisionAfter[index]!, this.compactedAfter[index]!);
  }

  apply(entry: Entry): void {
    if (entry.kind === 'command') this.applyCommand(entry);
    this.revisionAfter.push(this.keyspace.revision);
    this.compactedAfter.push(this.keyspace.compactRevision);
  }

  private applyCommand(entry: Entry): void {
    const { member, incarnation, sequence, oldestPending, body } = decodeEnvelope(entry.payload);
    const key = originKey(member, incarnation, sequence);
    let life = this.lives.get(member);
    if (life === undefined || life.incarnation < incarnation) life = { incarnation, floor: 1 };
    // One that was given up long ago may still come: nobody waits for it, and it is void.
    if (this.outcomes.has(key) || incarnation < life.incarnation || sequence < life.floor) {
      this.duplicates++;
      return;
    }
    life.floor = Math.max(life.floor, Math.min(oldestPending, sequence));
    this.lives.set(member, life);
    const results = decodeCommands(body).map((command) => this.run(command));
    const events = this.keyspace.endEntry();
    if (events.length > 0) this.listener.revisionMade(this.keyspace.revision, events);
    this.outcomes.set(key, { index: entry.index, results, revision: this.keyspace.revision });
  }

  private run(command: Command): CommandResult {
    const reason = this.alarms.stopped(command);
    if (reason !== undefined) return this.failure(reason);
    switch (command.module) {
      case 'keyspace':
        switch (command.kind) {
          case 'put':
            return this.put(command);
          case 'deleteRange':
            return this.deleteRange(command.span, command.previous);
          case 'transaction':
            return this.transaction(command);
          case 'compact':
            return this.compact(command.revision);
          default:
            return unreachable(command);
        }
      case 'leases':
        return this.runLease(command);
      case 'members':
        return this.runMember(command);
      case 'alarms':
        return {
          kind: 'alarmsChanged',
          alarms: this.alarms.apply(command),
          revision: this.keyspace.current,
        };
      case 'auth':
        throw new Error('no simulated client changes users and roles');
      default:
        return unreachable(command);
    }
  }

  private putFailure(command: PutCommand, keyFirst: boolean): FailureReason | undefined {
    const lease: FailureReason | undefined =
      command.lease === '' || this.leases.leases.has(command.lease)
        ? undefined
        : { code: 'leaseNotFound', id: command.lease };
    const needsKey = command.keepValue || command.keepLease;
    const key: FailureReason | undefined =
      needsKey && this.keyspace.live(command.key) === undefined ? { code: 'keyNotFound' } : undefined;
    return keyFirst ? (key ?? lease) : (lease ?? key);
  }

  private put(command: PutCommand): CommandResult {
    const reason = this.putFailure(command, false);
    return reason === undefined ? this.write(command) : this.failure(reason);
  }

  private write(command: PutCommand) {
    const live = this.keyspace.live(command.key);
    const value = command.keepValue && live !== undefined ? live.value : command.value;
    const lease = command.keepLease && live !== undefined ? live.lease : command.lease;
    const previous = this.keyspace.put(command.key, value, lease);
    const { current } = this.keyspace;
    return { kind: 'put' as const, revision: current, previous: command.previous ? previous : undefined };
  }

  private deleteRange(span: Parameters<ReferenceKeyspace['deleteSpan']>[0], withPrevious: boolean) {
    const gone = this.keyspace.deleteSpan(span);
    const previous = withPrevious ? gone : [];
    return {
      kind: 'deleteRange' as const,
      revision: this.keyspace.current,
      deleted: gone.length,
      previous,
    };
  }

  /** Transactions of the workload are not nested: the state machine's own tests have those. */
  private transaction(command: TransactionCommand): CommandResult {
    const succeeded = command.compares.every((comparison) => this.keyspace.holds(comparison));
    const operations = succeeded ? command.success : command.failure;
    for (const operation of operations) {
      const reason = operation.kind === 'put' ? this.putFailure(operation, true) : undefined;
      if (reason !== undefined) return this.failure(reason);
      if (operation.kind !== 'range') continue;
      const probe = this.rangeNow(operation.query);
      if (probe.kind === 'failure') return probe;
    }
    const results: TransactionOperationResult[] = [];
    for (const operation of operations) {
      if (operation.kind === 'put') results.push(this.write(operation));
      else if (operation.kind === 'deleteRange')
        results.push(this.deleteRange(operation.span, operation.previous));
      else if (operation.kind === 'range') {
        const result = this.rangeNow(operation.query);
        if (result.kind === 'range') results.push(result);
      }
    }
    return { kind: 'transaction', revision: this.keyspace.current, succeeded, results };
  }

  private rangeNow(query: RangeQuery): RangeResult | Failure {
    return this.keyspace.range(query, this.keyspace.current, this.keyspace.compactRevision);
  }

  private compact(revision: Revision): CommandResult {
    const { keyspace } = this;
    if (revision <= keyspace.compactedTo)
      return this.failure({
        code: 'revisionCompacted',
        compactRevision: keyspace.compactRevision as Revision,
      });
    if (revision > keyspace.current)
      return this.failure({ code: 'revisionInFuture', currentRevision: keyspace.current });
    keyspace.compactedTo = revision;
    return { kind: 'compacted', revision: keyspace.current };
  }

  private runMember(command: MemberCommand): CommandResult {
    const reason = this.members.apply(command);
    if (reason !== undefined) return this.failure(reason);
    if (command.kind === 'remove') this.alarms.forget(command.id);
    return { kind: 'membersChanged', members: this.members.present, revision: this.keyspace.current };
  }

  private runLease(command: LeaseCommand): CommandResult {
    const { keyspace, leases } = this;
    switch (command.kind) {
      case 'grant': {
        const { id, ttlSeconds } = command;
        const reason = leases.grant(id, ttlSeconds);
        if (reason !== undefined) return this.failure(reason);
        return { kind: 'leaseGranted', id, ttlSeconds, revision: keyspace.current };
      }
      case 'revoke': {
        const expired = command.cause === 'expired';
        const ended = expired ? leases.expire(command) : leases.revoke(command.id);
        if (!ended) return this.failure({ code: 'leaseNotFound', id: command.id });
        this.listener.leaseEnded(command.id, expired);
        for (const key of keyspace.keysOn(command.id)) keyspace.delete(key);
        return { kind: 'leaseRevoked', revision: keyspace.current };
      }
      case 'checkpoint':
        leases.hear(command.epoch);
        return { kind: 'leasesCheckpointed', revision: keyspace.current };
      default:
        return unreachable(command);
    }
  }

  private failure(reason: FailureReason): Failure {
    return { kind: 'failure', reason, revision: this.keyspace.current };
  }
}

function originKey(member: string, incarnation: number, sequence: number): string {
  return `${member}/${incarnation}/${sequence}`;
}
