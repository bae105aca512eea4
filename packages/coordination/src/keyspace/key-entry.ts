/**
 * What the index knows of one key: where its changes lie in the revisions' table. The last change is in fields of its
 * own, earlier ones in one flat array, because most keys have only the last.
 *
 * A key put at revision 5, put again at 7 as the second change of that revision, and deleted at 9:
 *
 *     revision 9, sub 0, version 0 (a tombstone)      past: [5, 0, 1,  7, 1, 2]
 *                                                            revision, sub, version of each, oldest first
 */
import type { Key } from '../machine/values.ts';

/** Numbers an element of `past` takes. */
const STRIDE = 3;

export interface ChangePlace {
  readonly revision: number;
  readonly sub: number;
  /** 0: a tombstone. */
  readonly version: number;
}

export class KeyEntry {
  readonly key: Key;
  /** Of the last change. Monotonic. */
  revision: number;
  sub: number;
  /** Of the key after the last change; 0: deleted. */
  version: number;
  /** Of the present life of the key; 0 while it is deleted. */
  createRevision: number;
  /** Earlier changes that compaction has not yet taken, oldest first. */
  private past: number[] | undefined = undefined;

  constructor(key: Key, revision: number, sub: number, version: number, createRevision: number) {
    this.key = key;
    this.revision = revision;
    this.sub = sub;
    this.version = version;
    this.createRevision = createRevision;
  }

  get isAlive(): boolean {
    return this.version > 0;
  }

  /** Whether compaction may find something to take here. */
  get hasHistory(): boolean {
    return this.past !== undefined || this.version === 0;
  }

  /** Makes this the last change. */
  change(revision: number, sub: number, version: number, createRevision: number): void {
    this.past ??= [];
    this.past.push(this.revision, this.sub, this.version);
    this.revision = revision;
    this.sub = sub;
    this.version = version;
    this.createRevision = createRevision;
  }

  /** The last change at or before a revision; undefined: none that is still known. */
  changeAt(atRevision: number): ChangePlace | undefined {
    if (this.revision <= atRevision) return this;
    const index = this.pastIndexAt(atRevision);
    return index < 0 ? undefined : this.placeAt(index);
  }

  /**
   * Forgets the changes that cannot be seen at or above `compactRevision`, and says which they were. All changes of
   * the compact revision itself stay, its tombstones too: watchers may begin there.
   */
  compact(compactRevision: number): ChangePlace[] {
    const taken: ChangePlace[] = [];
    let visible = this.revision <= compactRevision ? this.pastLength : this.pastIndexAt(compactRevision);
    while (visible > 0 && this.placeAt(visible - 1).revision === compactRevision) visible--;
    for (let index = 0; index < visible; index++) taken.push(this.placeAt(index));
    let first = Math.max(visible, 0);
    if (first < this.pastLength) {
      const oldest = this.placeAt(first);
      if (oldest.version === 0 && oldest.revision < compactRevision) {
        taken.push(oldest);
        first++;
      }
    } else if (this.isGone(compactRevision)) {
      taken.push({ revision: this.revision, sub: this.sub, version: 0 });
    }
    if (first > 0) this.past = first === this.pastLength ? undefined : this.past!.slice(first * STRIDE);
    return taken;
  }

  /** Whether nothing of the key can be seen at or above a compact revision. */
  isGone(compactRevision: number): boolean {
    return this.version === 0 && this.revision < compactRevision;
  }

  private get pastLength(): number {
    return this.past === undefined ? 0 : this.past.length / STRIDE;
  }

  /** Changes that are seen at or above a revision: the last one at or before it, and all later ones. Oldest first. */
  changesFrom(fromRevision: number): ChangePlace[] {
    const changes: ChangePlace[] = [];
    const first =
      this.revision <= fromRevision ? this.pastLength : Math.max(this.pastIndexAt(fromRevision), 0);
    for (let index = first; index < this.pastLength; index++) changes.push(this.placeAt(index));
    changes.push({ revision: this.revision, sub: this.sub, version: this.version });
    return changes;
  }

  private placeAt(index: number): ChangePlace {
    const start = index * STRIDE;
    return { revision: this.past![start]!, sub: this.past![start + 1]!, version: this.past![start + 2]! };
  }

  /** Index of the last past change at or before a revision; −1: none. */
  private pastIndexAt(atRevision: number): number {
    let low = 0;
    let high = this.pastLength;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.past![middle * STRIDE]! <= atRevision) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
