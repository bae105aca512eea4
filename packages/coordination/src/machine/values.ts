/** The values that clients see, in the state machine's own neutral form. Wire types never come here. */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** The number of a change to the keyspace; the first transaction that changes something makes revision 2. */
export type Revision = Branded<number, 'Revision'>;

/**
 * A key: bytes as a string of one character a byte (latin1), because such strings hash, compare and sort in byte
 * order and far faster than byte arrays. Never empty in a record.
 */
export type Key = Branded<string, 'Key'>;

/** A lease's id: the 64-bit number as 16 lower-case hex digits; NO_LEASE stands for 0. */
export type LeaseId = Branded<string, 'LeaseId'>;

export const revision = (value: number): Revision => value as Revision;
export const key = (value: string): Key => value as Key;
export const leaseId = (value: string): LeaseId => value as LeaseId;
export const NO_LEASE: LeaseId = leaseId('');

/** The order of bytes, in which latin1 strings compare: by code unit. */
export function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * A span of keys, from `from` (inclusive). `to`: undefined means the one key `from`; ALL_AFTER means everything at and
 * after `from`; otherwise the first key not included.
 */
export interface KeySpan {
  readonly from: Key;
  readonly to: Key | undefined;
}

/** etcd's range_end "\0": from `from` to the end. */
export const ALL_AFTER: Key = key('\0');

/** One key at one revision. */
export interface KeyRecord {
  readonly key: Key;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Changes since the key was created, from 1. */
  readonly version: number;
  readonly lease: LeaseId;
}

/** A change of one key, as watchers see it. A deletion's `record` has only `key` and `modRevision` set. */
export interface KeyEvent {
  readonly kind: 'put' | 'delete';
  readonly record: KeyRecord;
}
