/** The cells that `simple` puts between commas and `table` between bars. */
import type { Member } from '../../../client/messages/cluster.ts';
import { sizeText } from './go-formats.ts';
import { hexId, NO_HEADER, type Results } from './results.ts';

export const MEMBER_TITLES = ['ID', 'Status', 'Name', 'Peer Addrs', 'Client Addrs', 'Is Learner'];

export function memberRows(members: readonly Member[]): string[][] {
  return members.map(({ ID, name, peerURLs, clientURLs, isLearner }) => [
    hexId(ID),
    // A member tells its name when it starts for the first time.
    name === '' ? 'unstarted' : 'started',
    name,
    peerURLs.join(','),
    clientURLs.join(','),
    String(isLearner),
  ]);
}

export const STATUS_TITLES = [
  'Endpoint',
  'ID',
  'Version',
  'Storage Version',
  'DB Size',
  'In Use',
  'Percentage Not In Use',
  'Quota',
  'Is Leader',
  'Is Learner',
  'Raft Term',
  'Raft Index',
  'Raft Applied Index',
  'Errors',
  'Downgrade Target Version',
  'Downgrade Enabled',
];

export function statusRows(rows: Results['endpointStatus']): string[][] {
  return rows.map(({ endpoint, response }) => {
    const id = (response.header ?? NO_HEADER).member_id;
    return [
      endpoint,
      hexId(id),
      response.version,
      response.storageVersion,
      sizeText(response.dbSize),
      sizeText(response.dbSizeInUse),
      unusedShare(response),
      sizeText(response.dbSizeQuota),
      String(response.leader === id),
      String(response.isLearner),
      String(response.raftTerm),
      String(response.raftIndex),
      String(response.raftAppliedIndex),
      response.errors.join(', '),
      response.downgradeInfo?.targetVersion ?? '',
      String(response.downgradeInfo?.enabled ?? false),
    ];
  });
}

/** In whole percent, rounded up, as etcdctl has it. A store of no bytes, which a server of 3.3 shows, has nothing unused. */
function unusedShare({
  dbSize,
  dbSizeInUse,
}: {
  readonly dbSize: number;
  readonly dbSizeInUse: number;
}): string {
  return `${dbSize === 0 ? 0 : 100 - Math.floor((100 * dbSizeInUse) / dbSize)}%`;
}

export const SNAPSHOT_TITLES = ['Hash', 'Revision', 'Total Keys', 'Total Size'];

export function snapshotRow({ hash, revision, totalKey, totalSize }: Results['snapshotStatus']): string[] {
  return [hash.toString(16), String(revision), String(totalKey), sizeText(totalSize)];
}
