/**
 * Everything that can be asked of the state machine through the log, in neutral form: protocols translate into these.
 * A log entry carries a list of commands that are applied as one. Every command is total: what is wrong with it is
 * part of its result, never an exception (S10).
 */
import type { Alarm } from '../alarms/alarm.ts';
import type { AuthCommand } from './auth-commands.ts';
import type { MemberCommand } from './member-commands.ts';
import type { Key, KeySpan, LeaseId, Revision } from './values.ts';

export type { AuthCommand } from './auth-commands.ts';
export type { MemberCommand } from './member-commands.ts';

export type Command = KeyspaceCommand | LeaseCommand | MemberCommand | AuthCommand | AlarmCommand;

export type KeyspaceCommand = PutCommand | DeleteRangeCommand | TransactionCommand | CompactCommand;

export interface PutCommand {
  readonly module: 'keyspace';
  readonly kind: 'put';
  readonly key: Key;
  readonly value: Uint8Array;
  readonly lease: LeaseId;
  /** Answer with the record before the put. */
  readonly previous: boolean;
  /** Keep the key's present value, which must exist. */
  readonly keepValue: boolean;
  /** Keep the key's present lease; the key must exist. */
  readonly keepLease: boolean;
}

export interface DeleteRangeCommand {
  readonly module: 'keyspace';
  readonly kind: 'deleteRange';
  readonly span: KeySpan;
  readonly previous: boolean;
}

export interface TransactionCommand {
  readonly module: 'keyspace';
  readonly kind: 'transaction';
  readonly compares: readonly Comparison[];
  readonly success: readonly TransactionOperation[];
  readonly failure: readonly TransactionOperation[];
}

export type TransactionOperation = RangeOperation | PutCommand | DeleteRangeCommand | TransactionCommand;

export interface RangeOperation {
  readonly module: 'keyspace';
  readonly kind: 'range';
  readonly query: RangeQuery;
}

export type ComparisonResult = 'equal' | 'greater' | 'less' | 'notEqual';

/** Holds when every key in the span compares so; over an empty span a comparison of a value fails and one of a number compares with 0. */
export type Comparison = { readonly span: KeySpan; readonly result: ComparisonResult } & (
  | { readonly target: 'version' | 'createRevision' | 'modRevision'; readonly number: number }
  | { readonly target: 'value'; readonly value: Uint8Array }
  | { readonly target: 'lease'; readonly lease: LeaseId }
);

export interface CompactCommand {
  readonly module: 'keyspace';
  readonly kind: 'compact';
  readonly revision: Revision;
}

export type LeaseCommand =
  | { readonly module: 'leases'; readonly kind: 'grant'; readonly id: LeaseId; readonly ttlSeconds: number }
  /** A client ends it. */
  | { readonly module: 'leases'; readonly kind: 'revoke'; readonly id: LeaseId; readonly cause: 'asked' }
  /** The leader's clock ends it (C19). */
  | {
      readonly module: 'leases';
      readonly kind: 'revoke';
      readonly id: LeaseId;
      readonly cause: 'expired';
      /** The epoch in which the proposer leads; void if the clock of a later one has spoken. */
      readonly epoch: number;
      /** Which grant of the id expired; void for a later one. */
      readonly grantNumber: number;
    }
  /**
   * What is left of each lease, so that a new leader does not start from the full TTL; 0 means: from the full TTL again.
   * An empty one announces a new leader's clock: from then on whatever an older epoch's clock still says is void.
   */
  | {
      readonly module: 'leases';
      readonly kind: 'checkpoint';
      /** The epoch in which the proposer leads. */
      readonly epoch: number;
      /** Rises with every checkpoint of an epoch, from 0, which is the announcement; one that comes after a later one is void. */
      readonly word: number;
      /** The last grant that the proposer knew of: a lease granted later, under an id it had before, is passed over. */
      readonly lastGrantNumber: number;
      readonly remaining: readonly { readonly id: LeaseId; readonly remainingSeconds: number }[];
    };

/** By hand a client's `isAutomatic` is false; such a `clear` takes any alarm away, an automatic one only its like. */
export interface AlarmCommand {
  readonly module: 'alarms';
  readonly kind: 'raise' | 'clear';
  readonly alarm: Alarm;
}

export type SortTarget = 'key' | 'version' | 'createRevision' | 'modRevision' | 'value';

/** A question for a piece of a range. Each limit is at least 1. */
export interface PageQuery {
  readonly span: KeySpan;
  /** 0: now. */
  readonly revision: number;
  readonly recordsMax: number;
  /** No further record is read once keys and values came to so many bytes. */
  readonly bytesMax: number;
  /** Keys looked at, deleted ones among them. */
  readonly keysMax: number;
}

/** A question to the keyspace; defaults are written out by whoever builds it. */
export interface RangeQuery {
  readonly span: KeySpan;
  /** 0: now. */
  readonly revision: number;
  /** At most so many records; 0: all. */
  readonly limit: number;
  readonly sort: { readonly target: SortTarget; readonly order: 'ascending' | 'descending' } | undefined;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  /** Each 0 where it does not bound. */
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}
