/**
 * Random steps of one client with a stream of watches, from a seed: watches of every kind, also those that are refused;
 * cancellations, progress requests, writes and compactions in between. Few keys and ids, so that they meet.
 */
import type { ComparedPath } from './message-shapes.ts';
import { encodeFields, type FieldValue } from './protobuf-fields.ts';
import { SeededRandom } from './seeded-random.ts';

export interface WatchCreation {
  readonly key: string;
  readonly rangeEnd: string;
  /** 0: from now on. */
  readonly startRevision: number;
  /** 0 is NOPUT, 1 is NODELETE. */
  readonly filters: readonly (0 | 1)[];
  readonly previous: boolean;
  readonly fragment: boolean;
  readonly progressNotify: boolean;
  /** 0: the server chooses. */
  readonly watchId: number;
}

export type WatchStep =
  | { readonly kind: 'create'; readonly creation: WatchCreation }
  | { readonly kind: 'cancel'; readonly watchId: number }
  | { readonly kind: 'progress' }
  /** A request with no member of the union. */
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'call';
      readonly path: ComparedPath;
      readonly message: Buffer;
      /** For the report of a difference. */
      readonly description: string;
    };

const KEYS = ['a', 'b', 'c', 'aa', 'ab', '\u0001'];
/** The last is before most keys, so that most ranges to it are empty. */
const ENDS = ['', '', '', 'b', 'c', 'z', '\0', '\0', 'a'];
const FILTERS: readonly (readonly (0 | 1)[])[] = [[], [], [], [0], [1], [0, 1], [1, 1]];
/** Chosen by the client: those that the server chooses begin at 0, so that both meet. */
const WATCH_IDS = [0, 0, 0, 0, 1, 2, 3, 40];
const OPERATIONS_MAX = 4;

export class RandomWatchSteps {
  private readonly random: SeededRandom;
  /** The newest revision and the compacted one; told by the caller. */
  revision = 1;
  compacted = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  next(): WatchStep {
    const kind = this.random.below(100);
    if (kind < 26) return { kind: 'create', creation: this.creation() };
    if (kind < 38) return { kind: 'cancel', watchId: this.random.pick([0, 1, 2, 3, 4, 5, 40, 77]) };
    if (kind < 48) return { kind: 'progress' };
    if (kind < 50) return { kind: 'empty' };
    if (kind < 53) return this.compact();
    if (kind < 80) return this.call('/etcdserverpb.KV/Put', this.put());
    if (kind < 90) return this.call('/etcdserverpb.KV/DeleteRange', this.deletion());
    return this.transaction();
  }

  private creation(): WatchCreation {
    return {
      key: this.random.chance(0.05) ? '' : this.random.pick(KEYS),
      rangeEnd: this.random.pick(ENDS),
      startRevision: this.startRevision(),
      filters: this.random.pick(FILTERS),
      previous: this.random.chance(0.5),
      fragment: this.random.chance(0.3),
      progressNotify: this.random.chance(0.3),
      watchId: this.random.pick(WATCH_IDS),
    };
  }

  /**
   * Never the compacted revision itself: whether its deletes are still there is up to the sweep, in etcd too.
   */
  private startRevision(): number {
    const kind = this.random.below(10);
    if (kind < 4) return 0;
    if (kind < 5) return this.revision + this.random.below(4);
    if (kind < 6) return Math.max(0, this.compacted - 1 - this.random.below(3));
    return this.compacted + 1 + this.random.below(Math.max(1, this.revision - this.compacted));
  }

  private compact(): WatchStep {
    const revision = this.compacted + this.random.below(Math.max(1, this.revision - this.compacted + 1));
    return this.call('/etcdserverpb.KV/Compact', [[1, Math.max(1, revision)]]);
  }

  private put(): [number, FieldValue][] {
    return [
      [1, this.random.pick(KEYS)],
      [2, this.random.pick(['v', 'w', `${this.revision}`])],
    ];
  }

  private deletion(): [number, FieldValue][] {
    const fields: [number, FieldValue][] = [[1, this.random.pick(KEYS)]];
    if (this.random.chance(0.4)) fields.push([2, this.random.pick(['b', 'z', '\0'])]);
    return fields;
  }

  /** Several events of one revision: deletes, and puts of other keys, as no key may be put twice. */
  private transaction(): WatchStep {
    const puts = KEYS.filter(() => this.random.chance(0.4)).slice(0, OPERATIONS_MAX);
    const deleted = KEYS.filter((key) => !puts.includes(key)).slice(0, 2);
    const operations = [
      ...puts.map((key) =>
        encodeFields([
          [
            2,
            encodeFields([
              [1, key],
              [2, 't'],
            ]),
          ],
        ]),
      ),
      ...deleted.map((key) => encodeFields([[3, encodeFields([[1, key]])]])),
    ];
    return this.call(
      '/etcdserverpb.KV/Txn',
      operations.map((operation) => [2, operation]),
    );
  }

  private call(path: ComparedPath, fields: readonly (readonly [number, FieldValue])[]): WatchStep {
    const said = fields.map(([number, value]) => `${number}=${JSON.stringify(value.toString())}`);
    return { kind: 'call', path, message: encodeFields(fields), description: said.join(' ') };
  }
}

/** The bytes of a WatchRequest. */
export function watchRequest(step: Exclude<WatchStep, { readonly kind: 'call' }>): Buffer {
  switch (step.kind) {
    case 'create':
      return encodeFields([[1, createFields(step.creation)]]);
    case 'cancel':
      return encodeFields([[2, encodeFields(withoutZeros([[1, step.watchId]]))]]);
    case 'progress':
      return encodeFields([[3, Buffer.alloc(0)]]);
    case 'empty':
      return Buffer.alloc(0);
  }
}

function createFields(creation: WatchCreation): Buffer {
  return encodeFields(
    withoutZeros([
      [1, creation.key],
      [2, creation.rangeEnd],
      [3, creation.startRevision],
      [4, Number(creation.progressNotify)],
      // A repeated enum as a packed field.
      [5, creation.filters.length === 0 ? '' : Uint8Array.from(creation.filters)],
      [6, Number(creation.previous)],
      [7, creation.watchId],
      [8, Number(creation.fragment)],
    ]),
  );
}

/** As clients write it: what is zero or empty is left out. */
function withoutZeros(fields: readonly (readonly [number, FieldValue])[]): (readonly [number, FieldValue])[] {
  return fields.filter(([, value]) => value !== 0 && value !== '');
}
