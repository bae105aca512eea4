/** Settles who a member is before anything of it is opened. */
import { type Disk, JOURNAL_DIRECTORY } from '@synod/consensus';
import type { MemberConfig } from '../../config/member-config.ts';
import type { Log } from '../../log/log.ts';
import { type DiscoveryOptions, discoverFounders } from './discover-founders.ts';
import { readIdentityFile, writeIdentityFile } from './identity-file.ts';
import { type JoinPaces, joinCluster } from './join-cluster.ts';
import type { MemberIdentity } from './member-identity.ts';

export interface SettleOptions {
  readonly joinPaces?: JoinPaces | undefined;
  readonly discovery?: DiscoveryOptions | undefined;
}

/**
 * What the data directory says counts, as with etcd; without data, the flags, or the discovery service that they name. A directory that an earlier version made has a
 * journal and no file: there the flags must say again what it was made with, and the journal is asked.
 * @throws StartFailure (as a rejection)
 */
export async function settleIdentity(
  config: MemberConfig,
  disk: Pick<Disk, 'list'>,
  log: Log,
  { joinPaces, discovery }: SettleOptions = {},
): Promise<MemberIdentity> {
  const { dataDirectory } = config;
  const known = readIdentityFile(dataDirectory);
  if (known !== undefined) {
    if (config.discovery !== undefined)
      log.info('discovery token is ignored since this member has data', { 'data-dir': dataDirectory });
    return known;
  }
  const hasJournal = disk.list(JOURNAL_DIRECTORY).length > 0;
  const joins = config.initialClusterState === 'existing' && !hasJournal;
  const founds = (): MemberIdentity | Promise<MemberIdentity> =>
    config.discovery === undefined || hasJournal
      ? foundersIdentity(config)
      : discoverFounders(config, config.discovery, log, discovery);
  const identity = await (joins ? joinCluster(config, log, joinPaces) : founds());
  if (!hasJournal) writeIdentityFile(dataDirectory, identity);
  return identity;
}

/** Of a directory that an earlier version made, once the journal has said that the flags are right. */
export function keepIdentity(dataDirectory: string, identity: MemberIdentity): void {
  if (readIdentityFile(dataDirectory) === undefined) writeIdentityFile(dataDirectory, identity);
}

function foundersIdentity({ memberId, clusterId, founders }: MemberConfig): MemberIdentity {
  return { memberId, clusterId, founders, acquaintances: founders };
}
