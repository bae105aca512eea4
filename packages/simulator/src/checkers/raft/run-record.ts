/** What an omniscient observer knows of one Raft group's run. The properties read and extend it. */
import type { MemberId, Membership } from '@synod/consensus';
import { PrefixChain } from './prefix-chain.ts';
import { ReplicaRecord } from './replica-record.ts';

export class RunRecord {
  /** R7: what is committed. */
  readonly committed = new PrefixChain();
  /** R11: the membership by which the last of it was counted. */
  committedUnder: Membership | undefined;
  /** R6: term → the last index that its leader committed. */
  readonly committedBy = new Map<number, number>();
  /** R1: term → the place of its leader. */
  readonly leaders = new Map<number, number>();
  /** R10: term → the log of its leader, over all of that leadership. */
  readonly leaderLogs = new Map<number, PrefixChain>();
  /** R5: index and term → prefix hash. */
  readonly positions = new Map<number, number>();
  /** R2: place and term → who was sent a vote. */
  readonly votes = new Map<number, MemberId>();
  /** R3: place → durable term. */
  readonly durableTerms: number[] = [];
  readonly replicas: ReplicaRecord[] = [];
  readonly placeOf = new Map<MemberId, number>();
  readonly committedHash = (index: number): number | undefined => this.committed.at(index);

  replica(place: number): ReplicaRecord {
    let replica = this.replicas[place];
    if (replica === undefined) {
      replica = new ReplicaRecord(place);
      this.replicas[place] = replica;
    }
    return replica;
  }
}

/** Two numbers below 2^26 as one key. */
export function pairKey(first: number, second: number): number {
  return first * 0x4000000 + second;
}
