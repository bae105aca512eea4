/**
 * A leader whose own data is wrong answers for everybody's leases and reads: it gives leadership to a voter of good name
 * whose log is longest. Its journal is as good as any, so consensus loses nothing meanwhile.
 */
import { heirOf, type MemberId, type ReplicaApi } from '@synod/consensus';

/** To be asked at every tick while this member leads: a transfer may fail. */
export function handOver(
  replica: Pick<ReplicaApi, 'status' | 'transferLeadership'>,
  isUnfit: (member: MemberId) => boolean,
): void {
  const status = replica.status();
  if (status.transferring) return;
  const heir = heirOf(status, (id) => !isUnfit(id));
  if (heir !== undefined) replica.transferLeadership(heir);
}
