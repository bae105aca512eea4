/**
 * Random requests of KV and Lease from a seed: few keys, so that they meet; every option, also where it makes no sense;
 * revisions around the ones that exist. The same seed makes the same requests, given the same revisions.
 */
import type { ComparedPath } from './message-shapes.ts';
import { encodeFields, type FieldValue } from './protobuf-fields.ts';

export interface RandomRequest {
  readonly path: ComparedPath;
  readonly message: Buffer;
  /** What it says, for the report of a difference. */
  readonly description: string;
  /** A member may answer it from what it has, without asking the others. */
  readonly mayLag: boolean;
}

type PlainFields = [number: number, value: FieldValue | Request][];
interface Request {
  readonly name: string;
  readonly fields: PlainFields;
}

type Place = 'alone' | 'in a transaction';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'aa', 'ab', 'b\u0001', '\u0001'];
const LEASES = [11, 12, 13];
const SORT_ORDERS = 3;
const SORT_TARGETS = 5;
const COMPARE_RESULTS = 4;
const COMPARE_TARGETS = 5;
const LEASE_TTL_SECONDS = 6_000;
const NESTING_MAX = 2;
const OPERATIONS_MAX = 4;

export class RandomRequests {
  private state: number;
  /** The newest revision and the compacted one, as far as known; told by the caller. */
  revision = 1;
  compacted = 0;

  constructor(seed: number) {
    this.state = seed;
  }

  next(): RandomRequest {
    const [path, request] = this.pick<() => [ComparedPath, Request]>([
      () => ['/etcdserverpb.KV/Put', this.put('alone')],
      () => ['/etcdserverpb.KV/Put', this.put('alone')],
      () => ['/etcdserverpb.KV/Range', this.range('alone')],
      () => ['/etcdserverpb.KV/Range', this.range('alone')],
      () => ['/etcdserverpb.KV/DeleteRange', this.deleteRange()],
      () => ['/etcdserverpb.KV/Txn', this.txn(0)],
      () => ['/etcdserverpb.KV/Txn', this.txn(0)],
      () => (this.chance(0.2) ? ['/etcdserverpb.KV/Compact', this.compact()] : this.lease()),
    ])();
    return {
      path,
      message: encode(request),
      description: describe(request),
      mayLag: path.endsWith('LeaseLeases') || path.endsWith('LeaseTimeToLive') || mayLag(request),
    };
  }

  /** Inside a transaction without ignore_value and ignore_lease: where the key is gone by then, etcd panics. */
  private put(place: Place): Request {
    const fields: PlainFields = [[1, this.key()]];
    if (this.chance(0.9)) fields.push([2, this.pick(['', 'v', 'w', 'x', `${this.revision}`])]);
    if (this.chance(0.3)) fields.push([3, this.pick(LEASES)]);
    if (this.chance(0.3)) fields.push([4, 1]);
    if (place === 'alone' && this.chance(0.1)) fields.push([5, 1]);
    if (place === 'alone' && this.chance(0.1)) fields.push([6, 1]);
    return { name: 'put', fields };
  }

  /**
   * Inside a transaction without a revision: etcd's own members come apart where a transaction that writes holds a
   * range whose revision is refused.
   */
  private range(place: Place): Request {
    const fields: PlainFields = this.span();
    if (this.chance(0.3)) fields.push([3, this.below(4)]);
    if (place === 'alone' && this.chance(0.3)) fields.push([4, this.anyRevision()]);
    if (this.chance(0.4)) fields.push([5, this.below(SORT_ORDERS)]);
    if (this.chance(0.4)) fields.push([6, this.below(SORT_TARGETS)]);
    if (this.chance(0.3)) fields.push([7, 1]);
    if (this.chance(0.15)) fields.push([8, 1]);
    if (this.chance(0.15)) fields.push([9, 1]);
    for (const bound of [10, 11, 12, 13]) if (this.chance(0.1)) fields.push([bound, this.anyRevision()]);
    return { name: 'range', fields };
  }

  private deleteRange(): Request {
    const fields: PlainFields = this.span();
    if (this.chance(0.4)) fields.push([3, 1]);
    return { name: 'deleteRange', fields };
  }

  private txn(depth: number): Request {
    const fields: PlainFields = [];
    for (let at = this.below(3); at > 0; at--) fields.push([1, this.compare()]);
    for (const branch of [2, 3])
      for (let at = this.below(OPERATIONS_MAX); at > 0; at--) fields.push([branch, this.operation(depth)]);
    return { name: 'txn', fields };
  }

  private operation(depth: number): Request {
    const choices: (() => [number, Request])[] = [
      () => [1, this.range('in a transaction')],
      () => [2, this.put('in a transaction')],
      () => [3, this.deleteRange()],
    ];
    if (depth < NESTING_MAX) choices.push(() => [4, this.txn(depth + 1)]);
    return { name: 'op', fields: [this.pick(choices)()] };
  }

  private compare(): Request {
    const target = this.below(COMPARE_TARGETS);
    const fields: PlainFields = [
      [1, this.below(COMPARE_RESULTS)],
      [2, target],
      [3, this.key()],
    ];
    if (target === 0) fields.push([4, this.below(4)]);
    if (target === 1) fields.push([5, this.anyRevision()]);
    if (target === 2) fields.push([6, this.anyRevision()]);
    if (target === 3) fields.push([7, this.pick(['v', 'w', 'x'])]);
    if (target === 4) fields.push([8, this.pick([0, ...LEASES])]);
    if (this.chance(0.2)) fields.push([64, this.pick([...KEYS, '\0'])]);
    return { name: 'compare', fields };
  }

  private compact(): Request {
    const fields: PlainFields = [[1, this.anyRevision()]];
    if (this.chance(0.3)) fields.push([2, 1]);
    return { name: 'compact', fields };
  }

  private lease(): [ComparedPath, Request] {
    const id = this.pick([...LEASES, 99]);
    return this.pick<() => [ComparedPath, Request]>([
      () => [
        '/etcdserverpb.Lease/LeaseGrant',
        {
          name: 'leaseGrant',
          fields: [
            [1, LEASE_TTL_SECONDS],
            [2, this.pick(LEASES)],
          ],
        },
      ],
      () => ['/etcdserverpb.Lease/LeaseRevoke', { name: 'leaseRevoke', fields: [[1, id]] }],
      () => [
        '/etcdserverpb.Lease/LeaseTimeToLive',
        {
          name: 'leaseTimeToLive',
          fields: [
            [1, id],
            [2, 1],
          ],
        },
      ],
      () => ['/etcdserverpb.Lease/LeaseLeases', { name: 'leaseLeases', fields: [] }],
    ])();
  }

  /** Rarely the empty key, which is refused. */
  private key(): string {
    return this.chance(0.02) ? '' : this.pick(KEYS);
  }

  private span(): PlainFields {
    const fields: PlainFields = [[1, this.key()]];
    if (this.chance(0.6)) fields.push([2, this.pick([...KEYS, '\0', 'z'])]);
    return fields;
  }

  /** Around the newest and around the compacted one, mostly in between; rarely still to come. */
  private anyRevision(): number {
    const low = Math.max(0, this.compacted - 1);
    const high = this.revision + (this.chance(0.1) ? 3 : 0);
    return low + this.below(Math.max(1, high - low + 1));
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private below(end: number): number {
    return Math.floor(this.random() * end);
  }

  private pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.below(choices.length)]!;
  }

  /** A 32-bit multiplicative generator with a mixed output: even enough for this. */
  private random(): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    let mixed = this.state ^ (this.state >>> 16);
    mixed = Math.imul(mixed, 0x45d9f3b) >>> 0;
    mixed ^= mixed >>> 16;
    return (mixed >>> 0) / 2 ** 32;
  }
}

function encode({ fields }: Request): Buffer {
  return encodeFields(
    fields
      .map(([field, value]) => [field, isRequest(value) ? encode(value) : value] as const)
      // As clients write it: what is zero or empty is left out.
      .filter(([, value]) => value instanceof Uint8Array || (value !== 0 && value !== '')),
  );
}

function describe({ name, fields }: Request): string {
  const parts = fields.map(
    ([field, value]) => `${field}=${isRequest(value) ? describe(value) : JSON.stringify(value)}`,
  );
  return `${name}(${parts.join(', ')})`;
}

/** A serializable range; to etcd also a transaction of nothing but those, or of nothing. */
function mayLag({ name, fields }: Request): boolean {
  if (name === 'range') return fields.some(([field]) => field === 7);
  if (name === 'op')
    return fields.every(([field, value]) => field === 1 && isRequest(value) && mayLag(value));
  if (name !== 'txn') return false;
  return fields.every(([field, value]) => field === 1 || (isRequest(value) && mayLag(value)));
}

function isRequest(value: FieldValue | Request): value is Request {
  return typeof value === 'object' && !(value instanceof Uint8Array);
}
