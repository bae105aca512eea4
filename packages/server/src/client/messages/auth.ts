/** The messages of etcdserverpb.Auth as a client writes and reads them. Names are the protocol's own. */
import {
  message,
  messageTable,
  repeated,
  repeatedMessage,
  scalar,
} from '../../protocols/etcd/protobuf/message-table.ts';
import { answer } from './answer.ts';

export const authenticateRequest = messageTable({
  name: scalar(1, 'text'),
  password: scalar(2, 'text'),
});
export const authenticateResponse = answer({ token: scalar(2, 'text') });

export const authStatusResponse = answer({
  enabled: scalar(2, 'bool'),
  authRevision: scalar(3, 'int64'),
});
export type AuthStatusResponse = ReturnType<typeof authStatusResponse.empty>;

export const userAddOptions = messageTable({ no_password: scalar(1, 'bool') });
export const userAddRequest = messageTable({
  name: scalar(1, 'text'),
  password: scalar(2, 'text'),
  options: message(3, userAddOptions),
});

/** UserGet and UserDelete. */
export const userRequest = messageTable({ name: scalar(1, 'text') });
export const userGetResponse = answer({ roles: repeated(2, 'text') });
export type UserGetResponse = ReturnType<typeof userGetResponse.empty>;
export const userListResponse = answer({ users: repeated(2, 'text') });
export type UserListResponse = ReturnType<typeof userListResponse.empty>;

export const userChangePasswordRequest = messageTable({
  name: scalar(1, 'text'),
  password: scalar(2, 'text'),
});

/** UserGrantRole and UserRevokeRole, whose first field has another name and the same number. */
export const userRoleRequest = messageTable({
  user: scalar(1, 'text'),
  role: scalar(2, 'text'),
});

/** RoleAdd, RoleGet and RoleDelete. */
export const roleRequest = messageTable({ role: scalar(1, 'text') });
export const roleListResponse = answer({ roles: repeated(2, 'text') });
export type RoleListResponse = ReturnType<typeof roleListResponse.empty>;

/** By number. */
export const PERMISSION_NAMES: readonly string[] = ['READ', 'WRITE', 'READWRITE'];

export const permission = messageTable({
  permType: scalar(1, 'enum'),
  key: scalar(2, 'latin1'),
  range_end: scalar(3, 'latin1'),
});
export type Permission = ReturnType<typeof permission.empty>;

export const roleGetResponse = answer({ perm: repeatedMessage(2, permission) });
export type RoleGetResponse = ReturnType<typeof roleGetResponse.empty>;

export const roleGrantPermissionRequest = messageTable({
  name: scalar(1, 'text'),
  perm: message(2, permission),
});
export const roleRevokePermissionRequest = messageTable({
  role: scalar(1, 'text'),
  key: scalar(2, 'latin1'),
  range_end: scalar(3, 'latin1'),
});
