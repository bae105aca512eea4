/**
 * Hashes that this member made when compactions took effect: all members compact at the same revisions, so there is
 * something to compare even where writes never pause. Kept until there are too many, or until the state is another.
 */
import type { Revision } from '../../machine/values.ts';
import { COMPACTION_HASHES_MAX } from '../limits.ts';
import type { KeyspaceSum } from './keyspace-question.ts';

export interface CompactionHashesParts {
  readonly own: (revision: Revision, done: (answer: { readonly kind: 'none' } | KeyspaceSum) => void) => void;
}

export class CompactionHashes {
  private readonly parts: CompactionHashesParts;
  /** Oldest first; their revisions rise. */
  private kept: KeyspaceSum[] = [];
  /** Counts `forget`: a hash that was begun before is of a state that is gone. */
  private generation = 0;

  constructor(parts: CompactionHashesParts) {
    this.parts = parts;
  }

  /** Read at once, before the next compaction: of what is compacted further no hash can be made any more. */
  compacted(revision: Revision): void {
    const { generation } = this;
    this.parts.own(revision, (sum) => {
      if (sum.kind === 'none' || generation !== this.generation || sum.compactedTo !== revision) return;
      this.kept.push(sum);
      if (this.kept.length > COMPACTION_HASHES_MAX) this.kept.shift();
    });
  }

  at(revision: Revision): KeyspaceSum | undefined {
    return this.kept.find(({ hashRevision }) => hashRevision === revision);
  }

  /** Newest first, those above `revision`. */
  above(revision: Revision): readonly KeyspaceSum[] {
    return this.kept.filter(({ hashRevision }) => hashRevision > revision).reverse();
  }

  forget(): void {
    this.generation++;
    this.kept = [];
  }
}
