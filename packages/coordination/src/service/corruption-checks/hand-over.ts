/**
 * A leader whose own data is wrong answers for everybody's leases and reads: it gives leadership to a voter of good name
 * whose log is longest. Its journal is as good as any, so consensus loses nothing meanwhile.
 */
import type { MemberId, ReplicaApi } from '@synod/consensus';

/** To be asked at every tick while this member leads: a transfer may fail. */
export function handOver(
  replica: Pick<ReplicaApi, 'status' | 'transferLeadership'>,
  isUnfit: (member: MemberId) => boolean,
): void {
  const { role, transferring, progress, membership } = replica.status();
  if (role !== 'leader' || transferring) return;
  const [heir] = progress
    .filter(({ id, recentlyActive }) => recentlyActive && membership.voters.includes(id) && !isUnfit(id))
    .sort((a, b) => b.matchIndex - a.matchIndex);
  if (heir !== undefined) replica.transferLeadership(heir.id);
}
