/**
 * What one client sets out to do, drawn before its world begins: a list of steps on keys that are its own. Nothing in it
 * depends on time, on answers or on what other clients do, so that whoever carries it out to the end, however often it
 * had to ask, must come to the same state.
 */
import { type KeySpan, key } from '@synod/coordination';
import type { SeededRandom } from '../random/seeded-random.ts';

/** Which of a client's own keys, by number. */
export type OwnKey = number;

/** Which of a client's leases, by number, in the order of their grants. */
export type LeaseNumber = number;

export type ErrandChange =
  | {
      readonly kind: 'put';
      readonly key: OwnKey;
      readonly value: string;
      readonly lease: LeaseNumber | undefined;
      readonly keepValue: boolean;
      readonly keepLease: boolean;
    }
  /** Adds one to the version of the key that all clients share. */
  | { readonly kind: 'tally' }
  /** Own keys from `key` on, as many as there are before `to`. */
  | { readonly kind: 'delete'; readonly key: OwnKey; readonly to: OwnKey }
  | { readonly kind: 'look'; readonly key: OwnKey; readonly to: OwnKey };

export type ErrandCondition =
  | { readonly target: 'version'; readonly key: OwnKey; readonly number: number }
  /** The value there, if any, sorts before this one. */
  | { readonly target: 'valueBefore'; readonly key: OwnKey; readonly value: string }
  | { readonly target: 'exists'; readonly key: OwnKey };

export type ErrandStep =
  /** All of `changes` at once where all conditions hold, all of `otherwise` where one does not. */
  | {
      readonly kind: 'write';
      readonly conditions: readonly ErrandCondition[];
      readonly changes: readonly ErrandChange[];
      readonly otherwise: readonly ErrandChange[];
    }
  /** Reads a key, and writes it if it is still as it was read. */
  | { readonly kind: 'swap'; readonly key: OwnKey; readonly value: string }
  | {
      readonly kind: 'read';
      readonly key: OwnKey;
      readonly to: OwnKey;
      readonly limit: number;
      readonly keysOnly: boolean;
    }
  | { readonly kind: 'grant'; readonly ttlSeconds: number }
  | { readonly kind: 'revoke'; readonly lease: LeaseNumber };

export interface Errand {
  readonly client: number;
  readonly steps: readonly ErrandStep[];
  /** gapsMs[i]: how long it waits before step i. */
  readonly gapsMs: readonly number[];
}

export const OWN_KEYS = 4;
/** Longer than any world, so that no clock ends one: what a clock ends depends on when. */
const TTL_SECONDS_MIN = 1_000_000;
const STEPS_MIN = 6;
const STEPS_MAX = 24;
const CHANGES_MAX = 3;

export const TALLY = key('errand/tally');

export function ownKey(client: number, number: OwnKey) {
  return key(`errand/${client}/${number}`);
}

/** Counts the steps that took effect: sorts before the other keys of its client. */
export function guardKey(client: number) {
  return key(`errand/${client}/#`);
}

/** Every key of this client; '0' is what follows '/'. */
export function ownSpan(client: number): KeySpan {
  return { from: key(`errand/${client}/`), to: key(`errand/${client}0`) };
}

/** `spanMs`: over how long the steps are spread, if every one is answered at once. */
export function drawErrand(random: SeededRandom, client: number, spanMs: number): Errand {
  const count = random.whole(STEPS_MIN, STEPS_MAX);
  const drawer = new ErrandDrawer(random, client);
  const steps = Array.from({ length: count }, () => drawer.step());
  const gapsMs = steps.map(() => (2 * random.next() * spanMs) / count);
  return { client, steps, gapsMs };
}

class ErrandDrawer {
  private readonly random: SeededRandom;
  private readonly client: number;
  private values = 0;
  private leases = 0;

  constructor(random: SeededRandom, client: number) {
    this.random = random;
    this.client = client;
  }

  step(): ErrandStep {
    const { random } = this;
    const choice = random.next();
    if (choice < 0.4) return this.write();
    if (choice < 0.55) return { kind: 'swap', key: this.key(), value: this.value() };
    if (choice < 0.75) return this.read();
    if (choice < 0.9 || this.leases === 0) {
      this.leases++;
      return { kind: 'grant', ttlSeconds: TTL_SECONDS_MIN + random.below(1_000) };
    }
    return { kind: 'revoke', lease: random.below(this.leases) };
  }

  private write(): ErrandStep {
    const { random } = this;
    const conditions = Array.from({ length: random.below(3) }, () => this.condition());
    const otherwise = conditions.length === 0 ? [] : this.changes();
    return { kind: 'write', conditions, changes: this.changes(), otherwise };
  }

  private read(): ErrandStep {
    const { random } = this;
    const limit = random.chance(0.3) ? random.whole(1, 3) : 0;
    return { kind: 'read', ...this.span(), limit, keysOnly: random.chance(0.2) };
  }

  /** Each key at most once in a transaction, which may not put a key twice. */
  private changes(): ErrandChange[] {
    const { random } = this;
    const keys = random.shuffled(Array.from({ length: OWN_KEYS }, (_, number) => number));
    const count = random.whole(1, CHANGES_MAX);
    return keys.slice(0, count).map((number, place) => this.change(number, place === 0));
  }

  private change(number: OwnKey, mayTally: boolean): ErrandChange {
    const { random } = this;
    const choice = random.next();
    if (mayTally && choice < 0.2) return { kind: 'tally' };
    if (choice < 0.35) return { kind: 'delete', key: number, to: number + 1 };
    if (choice < 0.5) return { kind: 'look', ...this.span() };
    const keeps = random.next();
    const lease = this.leases > 0 && random.chance(0.5) ? random.below(this.leases) : undefined;
    const keepLease = keeps < 0.1;
    return {
      kind: 'put',
      key: number,
      value: this.value(),
      lease: keepLease ? undefined : lease,
      keepValue: keeps >= 0.1 && keeps < 0.2,
      keepLease,
    };
  }

  private condition(): ErrandCondition {
    const { random } = this;
    const choice = random.next();
    if (choice < 0.5) return { target: 'exists', key: this.key() };
    if (choice < 0.9) return { target: 'version', key: this.key(), number: random.below(4) };
    return { target: 'valueBefore', key: this.key(), value: this.value() };
  }

  private span() {
    const from = this.key();
    return { key: from, to: from + 1 + this.random.below(OWN_KEYS - from) };
  }

  private key(): OwnKey {
    return this.random.below(OWN_KEYS);
  }

  private value(): string {
    return `${this.client}.${this.values++}`.padEnd(4 + this.random.below(40), '.');
  }
}
