/**
 * The replicated half of leases: which there are, how long they are, which keys hang on them. Driven by commands from
 * the log, the same on every member; it has no clock. When a lease ends is the leader's business (lease-clock.ts), and
 * comes here as a command like any other (S6). It does not delete keys: it says which, and the machine deletes them.
 */
import { assert } from '@synod/consensus';
import { type Backend, TABLE } from '../backend/backend.ts';
import type { LeaseCommand } from '../machine/commands.ts';
import type { LeaseChange, LeaseFacts } from '../machine/machine-api.ts';
import type { FailureReason } from '../machine/results.ts';
import { type Key, type LeaseId, NO_LEASE } from '../machine/values.ts';
import {
  COUNTERS_ROW_KEY,
  decodeCounters,
  decodeLeaseRow,
  encodeCounters,
  encodeLeaseRow,
  leaseIdOfRowKey,
  leaseRowKey,
} from './lease-row.ts';
import { LEASE_TTL_SECONDS_MAX } from './limits.ts';

type CheckpointCommand = Extract<LeaseCommand, { readonly kind: 'checkpoint' }>;

interface Lease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** From the last checkpoint; 0: the full TTL. Durable. Written by `checkpoint` only. */
  remainingSeconds: number;
  readonly grantNumber: number;
  /** Keys that end with the lease. Not stored: every key's record names its lease. Written by attach and detach. */
  keys: Set<Key> | undefined;
}

export type LeaseRevocation =
  /** The lease is gone; these keys, in no order yet, go in the same revision (C20). */
  { readonly kind: 'revoked'; readonly keys: readonly Key[] } | LeaseRefusal;

export interface LeaseRefusal {
  readonly kind: 'refused';
  readonly reason: FailureReason;
}

export class LeaseModule {
  private readonly backend: Pick<Backend, 'get' | 'scan' | 'put' | 'remove'>;
  private readonly changed: (change: LeaseChange) => void;
  /** Every lease there is. Durable but for the attachments. */
  private readonly leases = new Map<LeaseId, Lease>();
  /** The highest epoch whose leader's clock has spoken. Monotonic, durable; written by `hear`. */
  private clockEpoch = 0;
  /** The last checkpoint of that epoch. Monotonic within it, durable; written by `hear` and `checkpoint`. */
  private clockWord = 0;
  /** Grants so far. Monotonic, durable; written by `grant`. */
  private grantNumber = 0;

  /** `changed` is called inside the commands that change something, and never while rows are loaded. */
  constructor(
    backend: Pick<Backend, 'get' | 'scan' | 'put' | 'remove'>,
    changed: (change: LeaseChange) => void,
  ) {
    this.backend = backend;
    this.changed = changed;
  }

  /**
   * Takes the leases from the backend, forgetting what was here: at opening and after a restore. The owner then
   * attaches every key that names a lease.
   * @throws MalformedBytes when a row is not what this version wrote.
   */
  load(): void {
    this.leases.clear();
    this.clockEpoch = 0;
    this.clockWord = 0;
    this.grantNumber = 0;
    for (const { key, value } of this.backend.scan(TABLE.leases, {})) {
      if (key.length === COUNTERS_ROW_KEY.length) {
        const counters = decodeCounters(value);
        this.clockEpoch = counters.clockEpoch;
        this.clockWord = counters.clockWord;
        this.grantNumber = counters.grantNumber;
        continue;
      }
      const id = leaseIdOfRowKey(key);
      this.leases.set(id, { id, ...decodeLeaseRow(value), keys: undefined });
    }
  }

  /** `undefined`: granted. An id that the client left open was chosen before the command entered the log. */
  grant(id: LeaseId, ttlSeconds: number): FailureReason | undefined {
    if (id === NO_LEASE) return { code: 'leaseNotFound', id };
    if (ttlSeconds > LEASE_TTL_SECONDS_MAX) return { code: 'leaseTtlTooLarge', ttlSeconds };
    if (this.leases.has(id)) return { code: 'leaseExists', id };
    const grantNumber = ++this.grantNumber;
    this.storeCounters();
    const lease: Lease = { id, ttlSeconds, remainingSeconds: 0, grantNumber, keys: undefined };
    this.leases.set(id, lease);
    this.store(lease);
    this.changed({ kind: 'granted', id, ttlSeconds, grantNumber });
    return undefined;
  }

  /** Ends a lease that a client no longer wants. */
  revoke(id: LeaseId): LeaseRevocation {
    const lease = this.leases.get(id);
    if (lease === undefined) return { kind: 'refused', reason: { code: 'leaseNotFound', id } };
    const keys = this.keysOf(id);
    this.leases.delete(id);
    this.backend.remove(TABLE.leases, leaseRowKey(id));
    this.changed({ kind: 'ended', id });
    return { kind: 'revoked', keys };
  }

  /**
   * Ends a lease that ran out by the clock of the leader of `epoch`. Void once a later leader's clock has spoken: that
   * one may have acknowledged a renewal that the earlier one knows nothing of (C19). Void for a later grant of the
   * same id, too: an expiry that was tried twice must not end the lease that came after the first.
   */
  expire(id: LeaseId, epoch: number, grantNumber: number): LeaseRevocation {
    const isVoid = !this.hear(epoch) || this.leases.get(id)?.grantNumber !== grantNumber;
    if (isVoid) return { kind: 'refused', reason: { code: 'leaseNotFound', id } };
    return this.revoke(id);
  }

  /**
   * Notes what is left of leases, by the clock of the leader of `epoch`; leases that are gone are passed over, and
   * those granted after the clock spoke. Void if a later leader's clock has spoken, or a later word of this one's: the
   * order in which the clock spoke is what counts. An empty list only makes the epoch known.
   */
  checkpoint({ epoch, word, lastGrantNumber, remaining }: Omit<CheckpointCommand, 'module' | 'kind'>): void {
    if (!this.hear(epoch) || word <= this.clockWord) return;
    this.clockWord = word;
    this.storeCounters();
    for (const { id, remainingSeconds } of remaining) {
      const lease = this.leases.get(id);
      if (lease === undefined || lease.grantNumber > lastGrantNumber) continue;
      lease.remainingSeconds = remainingSeconds;
      this.store(lease);
      this.changed({ kind: 'checkpointed', id, remainingSeconds, epoch, word });
    }
  }

  has(id: LeaseId): boolean {
    return this.leases.has(id);
  }

  /** Hangs a key on a lease that exists. Hanging it there again changes nothing. */
  attach(id: LeaseId, key: Key): void {
    const lease = this.leases.get(id);
    assert(lease !== undefined, `the lease ${id} exists when a key is attached to it`);
    lease.keys ??= new Set();
    lease.keys.add(key);
  }

  /** Takes a key off a lease: it was deleted, or written with another lease. The lease may be gone already. */
  detach(id: LeaseId, key: Key): void {
    this.leases.get(id)?.keys?.delete(key);
  }

  /** The keys that hang on a lease, in no order that means anything. */
  attached(id: LeaseId): Iterable<Key> {
    return this.leases.get(id)?.keys ?? [];
  }

  /** A copy of `attached`. */
  keysOf(id: LeaseId): Key[] {
    return [...this.attached(id)];
  }

  facts(id: LeaseId): LeaseFacts | undefined {
    const lease = this.leases.get(id);
    return lease === undefined ? undefined : factsOf(lease);
  }

  ids(): Iterable<LeaseId> {
    return this.leases.keys();
  }

  /** In the order of ids, so that it is the same before and after a restart (S8). */
  list(): LeaseFacts[] {
    return [...this.leases.values()].map(factsOf).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Whether the clock of this epoch's leader may still say something; raises the epoch to it. */
  private hear(epoch: number): boolean {
    if (epoch < this.clockEpoch) return false;
    if (epoch > this.clockEpoch) {
      this.clockEpoch = epoch;
      this.clockWord = 0;
      this.storeCounters();
    }
    return true;
  }

  private storeCounters(): void {
    this.backend.put(
      TABLE.leases,
      COUNTERS_ROW_KEY,
      encodeCounters({
        clockEpoch: this.clockEpoch,
        clockWord: this.clockWord,
        grantNumber: this.grantNumber,
      }),
    );
  }

  private store(lease: Lease): void {
    this.backend.put(TABLE.leases, leaseRowKey(lease.id), encodeLeaseRow(lease));
  }
}

function factsOf({ id, ttlSeconds, remainingSeconds, grantNumber }: Lease): LeaseFacts {
  return { id, ttlSeconds, remainingSeconds, grantNumber };
}
