/** Who a member is, once that is settled: by its data directory, by the cluster that it joins, or by founding one. */
import type { ListedMember } from '../../transport/cluster-question.ts';

export interface MemberIdentity {
  /** 16 hex digits each. */
  readonly memberId: string;
  readonly clusterId: string;
  /** Who was there before the first entry of the log: the same on all members, whenever they came. */
  readonly founders: readonly ListedMember[];
  /** Who was a member when this one joined: whom to ask until it has the list itself. Of founders, the founders. */
  readonly acquaintances: readonly ListedMember[];
}
