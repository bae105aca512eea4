/**
 * The messages that are seldom sent, as tables. Headers are written by ResponseHeaders before a table's fields, so an
 * answer's table begins behind its header. The names are the protocol's own.
 */
import { message, messageTable, repeated, repeatedMessage, scalar } from '../protobuf/message-table.ts';

export const compactionRequest = messageTable({
  revision: scalar(1, 'int64'),
  physical: scalar(2, 'bool'),
});

export const leaseGrantRequest = messageTable({
  TTL: scalar(1, 'int64'),
  ID: scalar(2, 'leaseId'),
});

export const leaseGrantResponse = messageTable({
  ID: scalar(2, 'leaseId'),
  TTL: scalar(3, 'int64'),
  error: scalar(4, 'text'),
});

export const leaseRevokeRequest = messageTable({
  ID: scalar(1, 'leaseId'),
});

export const leaseTimeToLiveRequest = messageTable({
  ID: scalar(1, 'leaseId'),
  keys: scalar(2, 'bool'),
});

export const leaseTimeToLiveResponse = messageTable({
  ID: scalar(2, 'leaseId'),
  TTL: scalar(3, 'int64'),
  grantedTTL: scalar(4, 'int64'),
  keys: repeated(5, 'latin1'),
});
/** A part of it. */
export const leaseTimeToLiveKeys = messageTable({ keys: leaseTimeToLiveResponse.fields.keys });

export const leaseStatus = messageTable({
  ID: scalar(1, 'leaseId'),
});

export const leaseLeasesResponse = messageTable({
  leases: repeatedMessage(2, leaseStatus),
});

export const member = messageTable({
  ID: scalar(1, 'id'),
  name: scalar(2, 'text'),
  peerURLs: repeated(3, 'text'),
  clientURLs: repeated(4, 'text'),
  isLearner: scalar(5, 'bool'),
});

export const memberAddRequest = messageTable({
  peerURLs: repeated(1, 'text'),
  isLearner: scalar(2, 'bool'),
});

/** The new one, and all. */
export const memberAddResponse = messageTable({
  member: message(2, member),
  members: repeatedMessage(3, member),
});

/** Of a removal, and of a promotion. */
export const memberRequest = messageTable({
  ID: scalar(1, 'id'),
});

export const memberUpdateRequest = messageTable({
  ID: scalar(1, 'id'),
  peerURLs: repeated(2, 'text'),
});

export const memberListRequest = messageTable({
  linearizable: scalar(1, 'bool'),
});

/** Of a list, and of every change but an addition. */
export const memberListResponse = messageTable({
  members: repeatedMessage(2, member),
});

export const alarmRequest = messageTable({
  action: scalar(1, 'enum'),
  memberID: scalar(2, 'id'),
  alarm: scalar(3, 'enum'),
});

export const alarmMember = messageTable({
  memberID: scalar(1, 'id'),
  alarm: scalar(2, 'enum'),
});

export const alarmResponse = messageTable({
  alarms: repeatedMessage(2, alarmMember),
});

export const downgradeRequest = messageTable({
  action: scalar(1, 'enum'),
  version: scalar(2, 'text'),
});

export const downgradeResponse = messageTable({
  version: scalar(2, 'text'),
});

export const snapshotResponse = messageTable({
  remaining_bytes: scalar(2, 'int64'),
  blob: scalar(3, 'bytes'),
  version: scalar(4, 'text'),
});

export const downgradeInfo = messageTable({
  enabled: scalar(1, 'bool'),
  targetVersion: scalar(2, 'text'),
});

export const statusResponse = messageTable({
  version: scalar(2, 'text'),
  dbSize: scalar(3, 'int64'),
  leader: scalar(4, 'id'),
  raftIndex: scalar(5, 'int64'),
  raftTerm: scalar(6, 'int64'),
  raftAppliedIndex: scalar(7, 'int64'),
  errors: repeated(8, 'text'),
  dbSizeInUse: scalar(9, 'int64'),
  isLearner: scalar(10, 'bool'),
  storageVersion: scalar(11, 'text'),
  dbSizeQuota: scalar(12, 'int64'),
  downgradeInfo: message(13, downgradeInfo),
});

export const hashKvRequest = messageTable({
  revision: scalar(1, 'int64'),
});

export const hashKvResponse = messageTable({
  hash: scalar(2, 'int64'),
  compact_revision: scalar(3, 'int64'),
  hash_revision: scalar(4, 'int64'),
});

export const hashResponse = messageTable({
  hash: scalar(2, 'int64'),
});

export const moveLeaderRequest = messageTable({
  targetID: scalar(1, 'id'),
});

/** grpc.health.v1, which is not etcd's own but is served beside it. */
export const healthCheckRequest = messageTable({
  service: scalar(1, 'text'),
});

export const healthCheckResponse = messageTable({
  status: scalar(1, 'enum'),
});
