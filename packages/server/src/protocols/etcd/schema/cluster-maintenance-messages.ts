/** etcd's messages of members, alarms, status and upkeep. Names and numbers as published; see schema.ts for the form. */
import type { EnumTexts, MessageTexts } from './schema-texts.ts';

export const CLUSTER_MAINTENANCE_MESSAGES: MessageTexts = {
  'etcdserverpb.HashKVRequest': {
    revision: [1, 'int64'],
  },
  'etcdserverpb.HashKVResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    hash: [2, 'uint32'],
    compact_revision: [3, 'int64'],
    hash_revision: [4, 'int64'],
  },
  'etcdserverpb.HashResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    hash: [2, 'uint32'],
  },
  'etcdserverpb.SnapshotResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    remaining_bytes: [2, 'uint64'],
    blob: [3, 'bytes'],
    version: [4, 'string'],
  },
  'etcdserverpb.Member': {
    ID: [1, 'uint64'],
    name: [2, 'string'],
    peerURLs: [3, 'string', 'repeated'],
    clientURLs: [4, 'string', 'repeated'],
    isLearner: [5, 'bool'],
  },
  'etcdserverpb.MemberAddRequest': {
    peerURLs: [1, 'string', 'repeated'],
    isLearner: [2, 'bool'],
  },
  'etcdserverpb.MemberAddResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    member: [2, 'etcdserverpb.Member'],
    members: [3, 'etcdserverpb.Member', 'repeated'],
  },
  'etcdserverpb.MemberRemoveRequest': {
    ID: [1, 'uint64'],
  },
  'etcdserverpb.MemberRemoveResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    members: [2, 'etcdserverpb.Member', 'repeated'],
  },
  'etcdserverpb.MemberUpdateRequest': {
    ID: [1, 'uint64'],
    peerURLs: [2, 'string', 'repeated'],
  },
  'etcdserverpb.MemberUpdateResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    members: [2, 'etcdserverpb.Member', 'repeated'],
  },
  'etcdserverpb.MemberListRequest': {
    linearizable: [1, 'bool'],
  },
  'etcdserverpb.MemberListResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    members: [2, 'etcdserverpb.Member', 'repeated'],
  },
  'etcdserverpb.MemberPromoteRequest': {
    ID: [1, 'uint64'],
  },
  'etcdserverpb.MemberPromoteResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    members: [2, 'etcdserverpb.Member', 'repeated'],
  },
  'etcdserverpb.DefragmentResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.MoveLeaderRequest': {
    targetID: [1, 'uint64'],
  },
  'etcdserverpb.MoveLeaderResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AlarmRequest': {
    action: [1, 'etcdserverpb.AlarmRequest.AlarmAction'],
    memberID: [2, 'uint64'],
    alarm: [3, 'etcdserverpb.AlarmType'],
  },
  'etcdserverpb.AlarmMember': {
    memberID: [1, 'uint64'],
    alarm: [2, 'etcdserverpb.AlarmType'],
  },
  'etcdserverpb.AlarmResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    alarms: [2, 'etcdserverpb.AlarmMember', 'repeated'],
  },
  'etcdserverpb.DowngradeRequest': {
    action: [1, 'etcdserverpb.DowngradeRequest.DowngradeAction'],
    version: [2, 'string'],
  },
  'etcdserverpb.DowngradeResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    version: [2, 'string'],
  },
  'etcdserverpb.StatusResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    version: [2, 'string'],
    dbSize: [3, 'int64'],
    leader: [4, 'uint64'],
    raftIndex: [5, 'uint64'],
    raftTerm: [6, 'uint64'],
    raftAppliedIndex: [7, 'uint64'],
    errors: [8, 'string', 'repeated'],
    dbSizeInUse: [9, 'int64'],
    isLearner: [10, 'bool'],
    storageVersion: [11, 'string'],
    dbSizeQuota: [12, 'int64'],
    downgradeInfo: [13, 'etcdserverpb.DowngradeInfo'],
  },
  'etcdserverpb.DowngradeInfo': {
    enabled: [1, 'bool'],
    targetVersion: [2, 'string'],
  },
  'etcdserverpb.StatusRequest': {},
  'etcdserverpb.DefragmentRequest': {},
  'etcdserverpb.HashRequest': {},
  'etcdserverpb.SnapshotRequest': {},
};

export const CLUSTER_MAINTENANCE_ENUMS: EnumTexts = {
  'etcdserverpb.AlarmRequest.AlarmAction': ['GET', 'ACTIVATE', 'DEACTIVATE'],
  'etcdserverpb.AlarmType': ['NONE', 'NOSPACE', 'CORRUPT'],
  'etcdserverpb.DowngradeRequest.DowngradeAction': ['VALIDATE', 'ENABLE', 'CANCEL'],
};
