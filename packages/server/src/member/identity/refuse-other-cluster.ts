/**
 * Flags that name another cluster than the data directory are a mistake, unless the members have changed since: then they
 * need not say any more how it began.
 */
import { describeJournalError } from '@synod/consensus';
import type { DirectoryFacts } from '@synod/coordination';
import type { MemberConfig } from '../../config/member-config.ts';
import { StartFailure } from '../start-failure.ts';
import type { MemberIdentity } from './member-identity.ts';

/** @throws StartFailure */
export function refuseOtherCluster(
  config: MemberConfig,
  identity: MemberIdentity,
  directory: DirectoryFacts,
): void {
  if (config.initialClusterState === 'existing' || directory.isInForce) return;
  // It joined, and has nothing of the cluster's state yet.
  if (!identity.founders.some(({ id }) => id === identity.memberId)) return;
  const [kind, found, expected] =
    // What a discovery service said once is in the data directory alone.
    config.discovery !== undefined || config.clusterId === identity.clusterId
      ? (['wrongMember', identity.memberId, config.memberId] as const)
      : (['wrongCluster', identity.clusterId, config.clusterId] as const);
  if (found !== expected) throw new StartFailure(describeJournalError({ kind, found, expected }));
}
