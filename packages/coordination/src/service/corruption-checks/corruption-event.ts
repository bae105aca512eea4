/** What the checks have to tell whoever runs the member: facts, for lines of its log. */
import type { MemberId } from '@synod/consensus';
import type { Revision } from '../../machine/values.ts';
import type { NoKeyspaceSum } from './keyspace-question.ts';

/** `start`: before a member serves. `periodic`: the leader, from time to time. `compaction`: the leader, of what was compacted. */
export type CorruptionCheck = 'start' | 'periodic' | 'compaction';

export interface MemberSum {
  readonly member: MemberId;
  readonly sum: number;
}

export type CorruptionEvent =
  /** Members hold different things at one revision. */
  | {
      readonly kind: 'hashesDiffer';
      readonly check: CorruptionCheck;
      readonly revision: Revision;
      /** -1: there was no compaction. */
      readonly compactedTo: number;
      readonly sums: readonly MemberSum[];
      /** Those that a majority is against; empty: no hash has a majority. */
      readonly blamed: readonly MemberId[];
    }
  /** A member is at a revision, or was compacted at one, that its leader has yet to see. */
  | {
      readonly kind: 'aheadOfLeader';
      readonly member: MemberId;
      readonly revision: Revision;
      readonly compactedTo: number;
      readonly leaderRevision: Revision;
      readonly leaderCompactedTo: number;
    }
  /** The leader read its own store twice at one revision, and it was not the same. */
  | {
      readonly kind: 'ownHashChanged';
      readonly member: MemberId;
      readonly revision: Revision;
      readonly sums: readonly [number, number];
    }
  /** A member was left out of a comparison. */
  | {
      readonly kind: 'notCompared';
      readonly check: CorruptionCheck;
      readonly member: MemberId;
      readonly revision: Revision;
      readonly why: NoKeyspaceSum['why'] | 'otherCompaction';
    }
  /** Nothing to complain of among `compared` members of `members`, this one included. */
  | {
      readonly kind: 'hashesEqual';
      readonly check: CorruptionCheck;
      readonly revision: Revision;
      readonly compared: number;
      readonly members: number;
    }
  /** A check came to nothing; the next one may. */
  | { readonly kind: 'checkFailed'; readonly check: CorruptionCheck; readonly why: string };
