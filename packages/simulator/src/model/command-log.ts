/**
 * What is committed, as clients matter: one entry an index, whoever applies it (R7, P1 as seen from outside the core).
 * Known before any member applies it, because effects are looked at before they are carried out.
 */
import type { Entry } from '@synod/consensus';
import { require } from '../checkers/rule-broken.ts';

export class CommandLog {
  /** entries[i] has index i + 1. */
  private readonly entries: Entry[] = [];
  private readonly appended: (entry: Entry) => void;

  constructor(appended: (entry: Entry) => void) {
    this.appended = appended;
  }

  get last(): number {
    return this.entries.length;
  }

  at(index: number): Entry | undefined {
    return this.entries[index - 1];
  }

  /** A member is about to apply these. */
  applies(place: number, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const known = this.entries[entry.index - 1];
      if (known !== undefined) {
        if (known !== entry)
          require(isSame(known, entry), 'R7', () => `m${place} applies another entry at ${entry.index}`);
        continue;
      }
      require(entry.index === this.entries.length + 1, 'R7', () =>
        `m${place} applies ${entry.index}, and nobody applied ${this.entries.length + 1}`);
      this.entries.push(entry);
      this.appended(entry);
    }
  }
}

function isSame(left: Entry, right: Entry): boolean {
  if (left.kind !== right.kind || left.payload.length !== right.payload.length) return false;
  for (let i = 0; i < left.payload.length; i++) if (left.payload[i] !== right.payload[i]) return false;
  return true;
}
