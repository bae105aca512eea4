/** Makes the commands of one client: small spans, values that are never the same twice, conditions that hold half the time. */
import { latin1Encode } from '@synod/consensus';
import {
  ALL_AFTER,
  type Comparison,
  type DeleteRangeCommand,
  type Key,
  type KeySpan,
  key,
  type LeaseId,
  leaseId,
  NO_LEASE,
  type PutCommand,
  type RangeQuery,
  type TransactionCommand,
  type TransactionOperation,
} from '@synod/coordination';
import type { SeededRandom } from '../random/seeded-random.ts';
import type { Mix } from './mix.ts';

export class CommandMaker {
  private readonly random: SeededRandom;
  private readonly mix: Mix;
  private readonly client: number;
  private values = 0;
  private leases = 0;

  constructor(random: SeededRandom, mix: Mix, client: number) {
    this.random = random;
    this.mix = mix;
    this.client = client;
  }

  key(): Key {
    return key(`k${this.random.below(this.mix.keys).toString(36)}`);
  }

  span(): KeySpan {
    const { random } = this;
    const from = this.key();
    const width = random.next();
    if (width < 0.3) return { from, to: undefined };
    if (width < 0.5) return { from, to: ALL_AFTER };
    return { from, to: key(`k${(random.below(this.mix.keys) + 1).toString(36)}`) };
  }

  value(): Uint8Array {
    const name = `${this.client}.${this.values++}`;
    const length = name.length + this.random.below(this.mix.valueBytesMax);
    return latin1Encode(name.padEnd(length, '.'));
  }

  /** An id that no client ever had. */
  leaseId(): LeaseId {
    this.leases++;
    return leaseId((this.client * 0x10000 + this.leases).toString(16).padStart(16, '0'));
  }

  put(lease: LeaseId = NO_LEASE): PutCommand {
    const { random } = this;
    return {
      module: 'keyspace',
      kind: 'put',
      key: this.key(),
      value: this.value(),
      lease,
      previous: random.chance(0.3),
      keepValue: false,
      keepLease: false,
    };
  }

  deleteRange(span: KeySpan): DeleteRangeCommand {
    return { module: 'keyspace', kind: 'deleteRange', span, previous: this.random.chance(0.3) };
  }

  /** Puts if the key is still as it was known, reads it otherwise. */
  compareAndSwap(of: Key, modRevision: number): TransactionCommand {
    const span: KeySpan = { from: of, to: undefined };
    return {
      module: 'keyspace',
      kind: 'transaction',
      compares: [{ span, result: 'equal', target: 'modRevision', number: modRevision }],
      success: [{ ...this.put(), key: of }],
      failure: [{ module: 'keyspace', kind: 'range', query: this.query(span) }],
    };
  }

  /** Does one thing if the key was created at this revision (0: if it is not there), and reads the key otherwise. */
  whereCreatedAt(of: Key, createRevision: number, operation: TransactionOperation): TransactionCommand {
    const span: KeySpan = { from: of, to: undefined };
    return {
      module: 'keyspace',
      kind: 'transaction',
      compares: [{ span, result: 'equal', target: 'createRevision', number: createRevision }],
      success: [operation],
      failure: [{ module: 'keyspace', kind: 'range', query: this.query(span) }],
    };
  }

  transaction(): TransactionCommand {
    const { random } = this;
    const compares = Array.from({ length: random.below(3) }, () => this.comparison());
    return {
      module: 'keyspace',
      kind: 'transaction',
      compares,
      success: this.operations(),
      failure: this.operations(),
    };
  }

  /** Everything of a span, now. */
  wholeQuery(span: KeySpan): RangeQuery {
    return { ...this.query(span), limit: 0, keysOnly: false, countOnly: false };
  }

  query(span: KeySpan, revision = 0): RangeQuery {
    const { random } = this;
    return {
      span,
      revision,
      limit: random.chance(0.2) ? random.whole(1, 3) : 0,
      sort: undefined,
      keysOnly: random.chance(0.1),
      countOnly: random.chance(0.1),
      minModRevision: 0,
      maxModRevision: 0,
      minCreateRevision: 0,
      maxCreateRevision: 0,
    };
  }

  private comparison(): Comparison {
    const { random } = this;
    const span = this.span();
    const result = random.pick(['equal', 'notEqual', 'greater', 'less'] as const);
    if (random.chance(0.2)) return { span, result, target: 'value', value: this.value() };
    const target = random.pick(['version', 'createRevision', 'modRevision'] as const);
    return { span, result, target, number: random.below(target === 'version' ? 4 : 40) };
  }

  private operations(): TransactionOperation[] {
    const { random } = this;
    return Array.from({ length: random.below(4) }, (): TransactionOperation => {
      const choice = random.next();
      if (choice < 0.5) return this.put();
      if (choice < 0.7) return this.deleteRange(this.span());
      return { module: 'keyspace', kind: 'range', query: this.query(this.span()) };
    });
  }
}
