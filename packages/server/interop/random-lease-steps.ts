/**
 * Random steps around leases from a seed: calls of Lease, keys that hang on leases, and streams of renewals that stay open,
 * are ended by the client or are let go. Few ids, so that they meet; the same seed makes the same steps.
 */
import type { ComparedPath } from './message-shapes.ts';
import type { Fields } from './protobuf-fields.ts';
import { SeededRandom } from './seeded-random.ts';

export type LeaseStep =
  | { readonly kind: 'call'; readonly path: ComparedPath; readonly fields: Fields }
  /** A lease whose id the server chooses: granted, renewed, looked at and revoked. */
  | { readonly kind: 'own id'; readonly ttlSeconds: number }
  | { readonly kind: 'open stream'; readonly stream: number }
  /** All at once, and then as many answers. */
  | { readonly kind: 'renew'; readonly stream: number; readonly ids: readonly number[] }
  /** The client sends no more: the stream ends, behind the answers to `ids`. */
  | { readonly kind: 'end stream'; readonly stream: number; readonly ids: readonly number[] }
  | { readonly kind: 'drop stream'; readonly stream: number };

/** Of leases that time does not end while the test runs. */
export const LONG_TTL_SECONDS = 6_000;
/** The longest TTL that there is, and one more. */
const TTL_SECONDS_MAX = 9_000_000_000;
const IDS = [11, 12, 13, 14];
/** None of them was granted; 0 is no id. */
const UNKNOWN_IDS = [99, 0, Number.MAX_SAFE_INTEGER];
const KEYS = ['a', 'b', 'c', 'd', 'e'];
const STREAMS_MAX = 4;
const RENEWALS_AT_ONCE_MAX = 3;

export class RandomLeaseSteps {
  private readonly random: SeededRandom;
  /** Leases that were there and ended by time: never granted again. */
  private readonly expired: readonly number[];
  private readonly open = new Set<number>();
  private opened = 0;

  constructor(seed: number, expired: readonly number[]) {
    this.random = new SeededRandom(seed);
    this.expired = expired;
  }

  next(): LeaseStep {
    const kind = this.random.below(100);
    if (kind < 15) return this.grant();
    if (kind < 22) return this.call('LeaseRevoke', [[1, this.anyId()]]);
    if (kind < 30) return this.call('LeaseTimeToLive', [[1, this.anyId()], ...this.flag(2)]);
    if (kind < 34) return this.call('LeaseLeases', []);
    if (kind < 46) return this.keyspace();
    if (kind < 48)
      return { kind: 'own id', ttlSeconds: this.random.pick([LONG_TTL_SECONDS, TTL_SECONDS_MAX]) };
    return this.stream(kind);
  }

  private stream(kind: number): LeaseStep {
    const stream = this.random.pick([...this.open]);
    if (stream === undefined || (kind < 56 && this.open.size < STREAMS_MAX)) {
      this.open.add(++this.opened);
      return { kind: 'open stream', stream: this.opened };
    }
    if (kind >= 64) return { kind: 'renew', stream, ids: this.ids(1) };
    this.open.delete(stream);
    return kind < 62 ? { kind: 'end stream', stream, ids: this.ids(0) } : { kind: 'drop stream', stream };
  }

  private ids(min: number): number[] {
    const count = min + this.random.below(RENEWALS_AT_ONCE_MAX);
    return Array.from({ length: count }, () => this.anyId());
  }

  private grant(): LeaseStep {
    const ttl = this.random.pick([
      LONG_TTL_SECONDS,
      LONG_TTL_SECONDS,
      7_000,
      TTL_SECONDS_MAX,
      TTL_SECONDS_MAX + 1,
    ]);
    return this.call('LeaseGrant', [
      [1, ttl],
      [2, this.random.pick(IDS)],
    ]);
  }

  private keyspace(): LeaseStep {
    const key = this.random.pick(KEYS);
    if (this.random.chance(0.2))
      return { kind: 'call', path: '/etcdserverpb.KV/DeleteRange', fields: [[1, key]] };
    const fields: [number, number | string][] = [
      [1, key],
      [2, 'v'],
    ];
    if (this.random.chance(0.7)) fields.push([3, this.random.pick(IDS)]);
    return { kind: 'call', path: '/etcdserverpb.KV/Put', fields };
  }

  private call(
    name: 'LeaseGrant' | 'LeaseRevoke' | 'LeaseTimeToLive' | 'LeaseLeases',
    fields: Fields,
  ): LeaseStep {
    return { kind: 'call', path: `/etcdserverpb.Lease/${name}`, fields };
  }

  private flag(field: number): Fields {
    return this.random.chance(0.5) ? [[field, 1]] : [];
  }

  private anyId(): number {
    return this.random.pick([...IDS, ...IDS, ...IDS, ...UNKNOWN_IDS, ...this.expired]);
  }
}
