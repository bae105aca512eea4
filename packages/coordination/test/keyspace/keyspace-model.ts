/**
 * The keyspace as its documentation would be written by somebody who had all the memory and time there is: the whole
 * state at every revision, and answers by looking through it. What the real one is compared with.
 */
import type {
  Command,
  Comparison,
  DeleteRangeCommand,
  PutCommand,
  RangeQuery,
  TransactionCommand,
  TransactionOperation,
} from '../../src/machine/commands.ts';
import type {
  CommandResult,
  Failure,
  FailureReason,
  RangeResult,
  TransactionOperationResult,
} from '../../src/machine/results.ts';
import {
  ALL_AFTER,
  type Key,
  type KeyEvent,
  type KeyRecord,
  type KeySpan,
  type LeaseId,
  NO_LEASE,
  type Revision,
  revision,
} from '../../src/machine/values.ts';

type State = Map<Key, KeyRecord>;

const EMPTY = new Uint8Array(0);

export class KeyspaceModel {
  /** The state at every revision since 1, at its own index. */
  readonly states: State[] = [new Map(), new Map()];
  readonly eventsAt: KeyEvent[][] = [[], []];
  readonly leases = new Set<LeaseId>();
  compactedTo = -1;
  /** Being made by the entry under way. */
  private making: State = new Map();
  private events: KeyEvent[] = [];

  get revision(): number {
    return this.states.length - 1;
  }

  get compactRevision(): number {
    return Math.max(0, this.compactedTo);
  }

  /** One entry of the log. */
  apply(commands: readonly Command[]): CommandResult[] {
    this.making = new Map(this.states.at(-1));
    this.events = [];
    const results = commands.map((command) => this.command(command));
    if (this.events.length > 0) {
      this.states.push(this.making);
      this.eventsAt.push(this.events);
    }
    return results;
  }

  range(query: RangeQuery): RangeResult | Failure {
    this.making = new Map(this.states.at(-1));
    this.events = [];
    return this.rangeNow(query);
  }

  private get now(): Revision {
    return revision(this.revision + (this.events.length > 0 ? 1 : 0));
  }

  private failure(reason: FailureReason): Failure {
    return { kind: 'failure', reason, revision: this.now };
  }

  private command(command: Command): CommandResult {
    switch (command.module) {
      case 'alarms':
      case 'auth':
      case 'members':
        throw new Error('not a part of this model');
      case 'leases': {
        if (command.kind === 'checkpoint') throw new Error('not a part of this model');
        const { id } = command;
        if (command.kind === 'grant') {
          if (this.leases.has(id)) return this.failure({ code: 'leaseExists', id });
          this.leases.add(id);
          return { kind: 'leaseGranted', id, ttlSeconds: command.ttlSeconds, revision: this.now };
        }
        if (!this.leases.delete(id)) return this.failure({ code: 'leaseNotFound', id });
        const held = [...this.making.values()].filter((record) => record.lease === id);
        for (const { key } of held.sort(byKey)) this.drop(key);
        return { kind: 'leaseRevoked', revision: this.now };
      }
      case 'keyspace':
        switch (command.kind) {
          case 'put': {
            const reason = this.leaseProblem(command) ?? this.keyProblem(command, this.making);
            return reason === undefined ? this.put(command) : this.failure(reason);
          }
          case 'deleteRange':
            return this.deleteRange(command);
          case 'transaction': {
            const before = new Map(this.making);
            const reason = this.problem(command, before);
            return reason === undefined ? this.transaction(command, before) : this.failure(reason);
          }
          case 'compact': {
            const target = command.revision;
            if (target <= this.compactedTo)
              return this.failure({
                code: 'revisionCompacted',
                compactRevision: revision(this.compactRevision),
              });
            if (target > this.now)
              return this.failure({ code: 'revisionInFuture', currentRevision: this.now });
            this.compactedTo = target;
            return { kind: 'compacted', revision: this.now };
          }
        }
    }
  }

  private keyProblem(put: PutCommand, state: State): FailureReason | undefined {
    return (put.keepValue || put.keepLease) && !state.has(put.key) ? { code: 'keyNotFound' } : undefined;
  }

  private leaseProblem({ lease }: PutCommand): FailureReason | undefined {
    return lease === NO_LEASE || this.leases.has(lease) ? undefined : { code: 'leaseNotFound', id: lease };
  }

  /** The first thing wrong on the path that the state before chooses. */
  private problem(transaction: TransactionCommand, before: State): FailureReason | undefined {
    for (const operation of chosenBranch(transaction, before)) {
      if (operation.kind === 'put') {
        const reason = this.keyProblem(operation, before) ?? this.leaseProblem(operation);
        if (reason !== undefined) return reason;
      }
      if (operation.kind === 'transaction') {
        const reason = this.problem(operation, before);
        if (reason !== undefined) return reason;
      }
      if (operation.kind === 'range') {
        const reason = this.revisionProblem(operation.query.revision);
        if (reason !== undefined) return reason;
      }
    }
    return undefined;
  }

  private revisionProblem(asked: number): FailureReason | undefined {
    if (asked > this.now) return { code: 'revisionInFuture', currentRevision: this.now };
    if (asked > 0 && asked < this.compactRevision)
      return { code: 'revisionCompacted', compactRevision: revision(this.compactRevision) };
    return undefined;
  }

  private transaction(
    command: TransactionCommand,
    before: State,
  ): Extract<TransactionOperationResult, { kind: 'transaction' }> {
    const succeeded = command.compares.every((comparison) => holds(comparison, before));
    const results: TransactionOperationResult[] = [];
    for (const operation of chosenBranch(command, before)) {
      if (operation.kind === 'put') results.push(this.put(operation));
      else if (operation.kind === 'deleteRange') results.push(this.deleteRange(operation));
      else if (operation.kind === 'transaction') results.push(this.transaction(operation, before));
      else {
        const result = this.rangeNow(operation.query);
        if (result.kind === 'range') results.push(result);
      }
    }
    return { kind: 'transaction', revision: this.now, succeeded, results };
  }

  private put(command: PutCommand): Extract<CommandResult, { kind: 'put' }> {
    const next = revision(this.revision + 1);
    const before = this.making.get(command.key);
    const record: KeyRecord = {
      key: command.key,
      value: command.keepValue && before !== undefined ? before.value : command.value,
      createRevision: before?.createRevision ?? next,
      modRevision: next,
      version: (before?.version ?? 0) + 1,
      lease: command.keepLease ? (before?.lease ?? NO_LEASE) : command.lease,
    };
    this.making.set(command.key, record);
    this.events.push({ kind: 'put', record });
    return { kind: 'put', revision: next, previous: command.previous ? before : undefined };
  }

  private deleteRange(command: DeleteRangeCommand): Extract<CommandResult, { kind: 'deleteRange' }> {
    const doomed = within(this.making, command.span);
    for (const { key } of doomed) this.drop(key);
    return {
      kind: 'deleteRange',
      revision: this.now,
      deleted: doomed.length,
      previous: command.previous ? doomed : [],
    };
  }

  private drop(key: Key): void {
    this.making.delete(key);
    const modRevision = revision(this.revision + 1);
    this.events.push({
      kind: 'delete',
      record: { key, value: EMPTY, createRevision: revision(0), modRevision, version: 0, lease: NO_LEASE },
    });
  }

  private rangeNow(query: RangeQuery): RangeResult | Failure {
    const reason = this.revisionProblem(query.revision);
    if (reason !== undefined) return this.failure(reason);
    const isNow = query.revision === 0 || query.revision > this.revision;
    const found = within(isNow ? this.making : this.states[query.revision]!, query.span);
    let records = found.filter(
      (record) =>
        (query.minModRevision === 0 || record.modRevision >= query.minModRevision) &&
        (query.maxModRevision === 0 || record.modRevision <= query.maxModRevision) &&
        (query.minCreateRevision === 0 || record.createRevision >= query.minCreateRevision) &&
        (query.maxCreateRevision === 0 || record.createRevision <= query.maxCreateRevision),
    );
    const { sort } = query;
    if (sort !== undefined) {
      const sign = sort.order === 'descending' ? -1 : 1;
      records.sort((a, b) => {
        const left = sort.target === 'value' ? Buffer.from(a.value).toString('latin1') : a[sort.target];
        const right = sort.target === 'value' ? Buffer.from(b.value).toString('latin1') : b[sort.target];
        return left === right ? 0 : left < right ? -sign : sign;
      });
    }
    if (query.countOnly) records = [];
    const more = query.limit > 0 && records.length > query.limit;
    if (more) records = records.slice(0, query.limit);
    if (query.keysOnly) records = records.map((record) => ({ ...record, value: EMPTY }));
    return { kind: 'range', revision: this.now, records, more, count: found.length };
  }
}

const byKey = (a: KeyRecord, b: KeyRecord): number => (a.key < b.key ? -1 : 1);

function within(state: State, span: KeySpan): KeyRecord[] {
  const isIn = (key: Key): boolean => {
    if (span.to === undefined) return key === span.from;
    return key >= span.from && (span.to === ALL_AFTER || key < span.to);
  };
  return [...state.values()].filter((record) => isIn(record.key)).sort(byKey);
}

function chosenBranch(transaction: TransactionCommand, before: State): readonly TransactionOperation[] {
  const succeeded = transaction.compares.every((comparison) => holds(comparison, before));
  return succeeded ? transaction.success : transaction.failure;
}

const ABSENT = {
  value: EMPTY,
  version: 0,
  createRevision: revision(0),
  modRevision: revision(0),
  lease: NO_LEASE,
};

function holds(comparison: Comparison, state: State): boolean {
  const records = within(state, comparison.span);
  if (records.length === 0)
    return comparison.target !== 'value' && fits(orderOf(comparison, ABSENT), comparison.result);
  return records.every((record) => fits(orderOf(comparison, record), comparison.result));
}

function orderOf(comparison: Comparison, record: Omit<KeyRecord, 'key'>): number {
  switch (comparison.target) {
    case 'value':
      return Buffer.compare(record.value, comparison.value);
    case 'lease':
      return Math.sign(Number(signed(record.lease) - signed(comparison.lease)));
    default:
      return record[comparison.target] - comparison.number;
  }
}

function signed(lease: LeaseId): bigint {
  const unsigned = lease === NO_LEASE ? 0n : BigInt(`0x${lease}`);
  return unsigned >= 2n ** 63n ? unsigned - 2n ** 64n : unsigned;
}

function fits(order: number, result: Comparison['result']): boolean {
  return { equal: order === 0, notEqual: order !== 0, greater: order > 0, less: order < 0 }[result];
}
