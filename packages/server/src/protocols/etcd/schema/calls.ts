/**
 * etcd's calls: what goes in and comes out, and where the JSON gateway has them. A call without a place there is for gRPC
 * alone.
 */
export interface CallSchema {
  readonly service: string;
  readonly method: string;
  /** Full names of messages. */
  readonly request: string;
  readonly response: string;
  /** `unary`: one request, one answer; `serverStream`: one request, many answers; `bothStream`: many of each. */
  readonly kind: 'unary' | 'serverStream' | 'bothStream';
  readonly gatewayPaths: readonly string[];
}

/** Request, answer, and the paths under `/v3/`; messages are of the service's own package. */
type CallText = readonly [request: string, response: string, ...gatewayPaths: string[]];

const TEXTS: Readonly<Record<string, Readonly<Record<string, CallText>>>> = {
  'etcdserverpb.KV': {
    Range: ['RangeRequest', 'RangeResponse', 'kv/range'],
    RangeStream: ['RangeRequest', 'stream RangeStreamResponse'],
    Put: ['PutRequest', 'PutResponse', 'kv/put'],
    DeleteRange: ['DeleteRangeRequest', 'DeleteRangeResponse', 'kv/deleterange'],
    Txn: ['TxnRequest', 'TxnResponse', 'kv/txn'],
    Compact: ['CompactionRequest', 'CompactionResponse', 'kv/compaction'],
  },
  'etcdserverpb.Watch': {
    Watch: ['stream WatchRequest', 'stream WatchResponse', 'watch'],
  },
  'etcdserverpb.Lease': {
    LeaseGrant: ['LeaseGrantRequest', 'LeaseGrantResponse', 'lease/grant'],
    LeaseRevoke: ['LeaseRevokeRequest', 'LeaseRevokeResponse', 'lease/revoke', 'kv/lease/revoke'],
    LeaseKeepAlive: ['stream LeaseKeepAliveRequest', 'stream LeaseKeepAliveResponse', 'lease/keepalive'],
    LeaseTimeToLive: [
      'LeaseTimeToLiveRequest',
      'LeaseTimeToLiveResponse',
      'lease/timetolive',
      'kv/lease/timetolive',
    ],
    LeaseLeases: ['LeaseLeasesRequest', 'LeaseLeasesResponse', 'lease/leases', 'kv/lease/leases'],
  },
  'etcdserverpb.Cluster': {
    MemberAdd: ['MemberAddRequest', 'MemberAddResponse', 'cluster/member/add'],
    MemberRemove: ['MemberRemoveRequest', 'MemberRemoveResponse', 'cluster/member/remove'],
    MemberUpdate: ['MemberUpdateRequest', 'MemberUpdateResponse', 'cluster/member/update'],
    MemberList: ['MemberListRequest', 'MemberListResponse', 'cluster/member/list'],
    MemberPromote: ['MemberPromoteRequest', 'MemberPromoteResponse', 'cluster/member/promote'],
  },
  'etcdserverpb.Maintenance': {
    Alarm: ['AlarmRequest', 'AlarmResponse', 'maintenance/alarm'],
    Status: ['StatusRequest', 'StatusResponse', 'maintenance/status'],
    Defragment: ['DefragmentRequest', 'DefragmentResponse', 'maintenance/defragment'],
    Hash: ['HashRequest', 'HashResponse', 'maintenance/hash'],
    HashKV: ['HashKVRequest', 'HashKVResponse', 'maintenance/hashkv'],
    Snapshot: ['SnapshotRequest', 'stream SnapshotResponse', 'maintenance/snapshot'],
    MoveLeader: ['MoveLeaderRequest', 'MoveLeaderResponse', 'maintenance/transfer-leadership'],
    Downgrade: ['DowngradeRequest', 'DowngradeResponse', 'maintenance/downgrade'],
  },
  'etcdserverpb.Auth': {
    AuthEnable: ['AuthEnableRequest', 'AuthEnableResponse', 'auth/enable'],
    AuthDisable: ['AuthDisableRequest', 'AuthDisableResponse', 'auth/disable'],
    AuthStatus: ['AuthStatusRequest', 'AuthStatusResponse', 'auth/status'],
    Authenticate: ['AuthenticateRequest', 'AuthenticateResponse', 'auth/authenticate'],
    UserAdd: ['AuthUserAddRequest', 'AuthUserAddResponse', 'auth/user/add'],
    UserGet: ['AuthUserGetRequest', 'AuthUserGetResponse', 'auth/user/get'],
    UserList: ['AuthUserListRequest', 'AuthUserListResponse', 'auth/user/list'],
    UserDelete: ['AuthUserDeleteRequest', 'AuthUserDeleteResponse', 'auth/user/delete'],
    UserChangePassword: [
      'AuthUserChangePasswordRequest',
      'AuthUserChangePasswordResponse',
      'auth/user/changepw',
    ],
    UserGrantRole: ['AuthUserGrantRoleRequest', 'AuthUserGrantRoleResponse', 'auth/user/grant'],
    UserRevokeRole: ['AuthUserRevokeRoleRequest', 'AuthUserRevokeRoleResponse', 'auth/user/revoke'],
    RoleAdd: ['AuthRoleAddRequest', 'AuthRoleAddResponse', 'auth/role/add'],
    RoleGet: ['AuthRoleGetRequest', 'AuthRoleGetResponse', 'auth/role/get'],
    RoleList: ['AuthRoleListRequest', 'AuthRoleListResponse', 'auth/role/list'],
    RoleDelete: ['AuthRoleDeleteRequest', 'AuthRoleDeleteResponse', 'auth/role/delete'],
    RoleGrantPermission: [
      'AuthRoleGrantPermissionRequest',
      'AuthRoleGrantPermissionResponse',
      'auth/role/grant',
    ],
    RoleRevokePermission: [
      'AuthRoleRevokePermissionRequest',
      'AuthRoleRevokePermissionResponse',
      'auth/role/revoke',
    ],
  },
  'v3lockpb.Lock': {
    Lock: ['LockRequest', 'LockResponse', 'lock/lock'],
    Unlock: ['UnlockRequest', 'UnlockResponse', 'lock/unlock'],
  },
  'v3electionpb.Election': {
    Campaign: ['CampaignRequest', 'CampaignResponse', 'election/campaign'],
    Proclaim: ['ProclaimRequest', 'ProclaimResponse', 'election/proclaim'],
    Leader: ['LeaderRequest', 'LeaderResponse', 'election/leader'],
    Observe: ['LeaderRequest', 'stream LeaderResponse', 'election/observe'],
    Resign: ['ResignRequest', 'ResignResponse', 'election/resign'],
  },
};

const STREAM = 'stream ';

export const CALLS: readonly CallSchema[] = Object.entries(TEXTS).flatMap(([service, methods]) =>
  Object.entries(methods).map(([method, text]) => callSchema(service, method, text)),
);

function callSchema(service: string, method: string, [request, response, ...paths]: CallText): CallSchema {
  const home = service.slice(0, service.indexOf('.'));
  const manyRequests = request.startsWith(STREAM);
  const manyAnswers = response.startsWith(STREAM);
  return {
    service,
    method,
    request: `${home}.${manyRequests ? request.slice(STREAM.length) : request}`,
    response: `${home}.${manyAnswers ? response.slice(STREAM.length) : response}`,
    kind: manyRequests ? 'bothStream' : manyAnswers ? 'serverStream' : 'unary',
    gatewayPaths: paths.map((path) => `/v3/${path}`),
  };
}
