/** Every call a client makes, by name: its path, its two messages, and whether asking twice is the same as asking once. */
import type { MessageTable } from '../protocols/etcd/protobuf/message-table.ts';
import * as answers from './messages/answer.ts';
import * as auth from './messages/auth.ts';
import * as cluster from './messages/cluster.ts';
import * as keyValue from './messages/key-value.ts';
import * as lease from './messages/lease.ts';
import * as maintenance from './messages/maintenance.ts';
import * as watch from './messages/watch.ts';

export interface Rpc<Request, Response> {
  readonly path: string;
  readonly request: MessageTable<Request>;
  readonly response: MessageTable<Response>;
  /** A call whose fate is unknown may be sent again. A write may not: it could be done twice. */
  readonly isRepeatable: boolean;
}

function rpc<Request, Response>(
  path: string,
  request: MessageTable<Request>,
  response: MessageTable<Response>,
  fate: 'once' | 'repeatable' = 'once',
): Rpc<Request, Response> {
  return { path: `/etcdserverpb.${path}`, request, response, isRepeatable: fate === 'repeatable' };
}

const { nothing, headerOnly } = answers;

export const RPC = {
  range: rpc('KV/Range', keyValue.rangeRequest, keyValue.rangeResponse, 'repeatable'),
  put: rpc('KV/Put', keyValue.putRequest, keyValue.putResponse),
  deleteRange: rpc('KV/DeleteRange', keyValue.deleteRangeRequest, keyValue.deleteRangeResponse),
  transaction: rpc('KV/Txn', keyValue.transactionRequest, keyValue.transactionResponse),
  compact: rpc('KV/Compact', keyValue.compactionRequest, headerOnly),

  watch: rpc('Watch/Watch', watch.watchRequest, watch.watchResponse, 'repeatable'),

  leaseGrant: rpc('Lease/LeaseGrant', lease.leaseGrantRequest, lease.leaseGrantResponse),
  leaseRevoke: rpc('Lease/LeaseRevoke', lease.leaseRevokeRequest, headerOnly),
  leaseKeepAlive: rpc(
    'Lease/LeaseKeepAlive',
    lease.leaseKeepAliveRequest,
    lease.leaseKeepAliveResponse,
    'repeatable',
  ),
  leaseTimeToLive: rpc(
    'Lease/LeaseTimeToLive',
    lease.leaseTimeToLiveRequest,
    lease.leaseTimeToLiveResponse,
    'repeatable',
  ),
  leaseLeases: rpc('Lease/LeaseLeases', nothing, lease.leaseLeasesResponse, 'repeatable'),

  memberList: rpc('Cluster/MemberList', cluster.memberListRequest, cluster.memberListResponse, 'repeatable'),
  memberAdd: rpc('Cluster/MemberAdd', cluster.memberAddRequest, cluster.memberAddResponse),
  memberRemove: rpc('Cluster/MemberRemove', cluster.memberRequest, cluster.memberListResponse),
  memberUpdate: rpc('Cluster/MemberUpdate', cluster.memberUpdateRequest, cluster.memberListResponse),
  memberPromote: rpc('Cluster/MemberPromote', cluster.memberRequest, cluster.memberListResponse),

  alarm: rpc('Maintenance/Alarm', maintenance.alarmRequest, maintenance.alarmResponse, 'repeatable'),
  status: rpc('Maintenance/Status', nothing, maintenance.statusResponse, 'repeatable'),
  defragment: rpc('Maintenance/Defragment', nothing, headerOnly),
  hashRevision: rpc(
    'Maintenance/HashKV',
    maintenance.hashRevisionRequest,
    maintenance.hashRevisionResponse,
    'repeatable',
  ),
  snapshot: rpc('Maintenance/Snapshot', nothing, maintenance.snapshotResponse),
  moveLeader: rpc('Maintenance/MoveLeader', maintenance.moveLeaderRequest, headerOnly),

  authenticate: rpc('Auth/Authenticate', auth.authenticateRequest, auth.authenticateResponse, 'repeatable'),
  authEnable: rpc('Auth/AuthEnable', nothing, headerOnly),
  authDisable: rpc('Auth/AuthDisable', nothing, headerOnly),
  authStatus: rpc('Auth/AuthStatus', nothing, auth.authStatusResponse, 'repeatable'),
  userAdd: rpc('Auth/UserAdd', auth.userAddRequest, headerOnly),
  userGet: rpc('Auth/UserGet', auth.userRequest, auth.userGetResponse, 'repeatable'),
  userList: rpc('Auth/UserList', nothing, auth.userListResponse, 'repeatable'),
  userDelete: rpc('Auth/UserDelete', auth.userRequest, headerOnly),
  userChangePassword: rpc('Auth/UserChangePassword', auth.userChangePasswordRequest, headerOnly),
  userGrantRole: rpc('Auth/UserGrantRole', auth.userRoleRequest, headerOnly),
  userRevokeRole: rpc('Auth/UserRevokeRole', auth.userRoleRequest, headerOnly),
  roleAdd: rpc('Auth/RoleAdd', auth.roleRequest, headerOnly),
  roleGet: rpc('Auth/RoleGet', auth.roleRequest, auth.roleGetResponse, 'repeatable'),
  roleList: rpc('Auth/RoleList', nothing, auth.roleListResponse, 'repeatable'),
  roleDelete: rpc('Auth/RoleDelete', auth.roleRequest, headerOnly),
  roleGrantPermission: rpc('Auth/RoleGrantPermission', auth.roleGrantPermissionRequest, headerOnly),
  roleRevokePermission: rpc('Auth/RoleRevokePermission', auth.roleRevokePermissionRequest, headerOnly),
};
