/** The messages of etcdserverpb.Auth, as tables. An answer's table begins behind its header; most have nothing else. */
import { messageTable, repeated, repeatedMessage, scalar } from '../protobuf/message-table.ts';

export const authStatusResponse = messageTable({
  enabled: scalar(2, 'bool'),
  authRevision: scalar(3, 'int64'),
});

export const authenticateRequest = messageTable({
  name: scalar(1, 'text'),
  password: scalar(2, 'text'),
});

export const authenticateResponse = messageTable({
  token: scalar(2, 'text'),
});

const userAddOptions = messageTable({
  noPassword: scalar(1, 'bool'),
});

/** The field 4, a hash made by the client, is not read: etcd writes its own over it. */
export const userAddRequest = messageTable({
  name: scalar(1, 'text'),
  password: scalar(2, 'text'),
  /** One; the last counts. */
  options: repeatedMessage(3, userAddOptions),
});

/** UserGet and UserDelete. */
export const userNameRequest = messageTable({
  name: scalar(1, 'text'),
});

export const userChangePasswordRequest = messageTable({
  name: scalar(1, 'text'),
  password: scalar(2, 'text'),
});

/** UserGrantRole and UserRevokeRole. */
export const userRoleRequest = messageTable({
  user: scalar(1, 'text'),
  role: scalar(2, 'text'),
});

/** UserGet's roles, RoleList's roles, UserList's users. */
export const namesResponse = messageTable({
  names: repeated(2, 'text'),
});

/** RoleAdd, RoleGet and RoleDelete. */
export const roleNameRequest = messageTable({
  role: scalar(1, 'text'),
});

export const permission = messageTable({
  permType: scalar(1, 'enum'),
  key: scalar(2, 'latin1'),
  rangeEnd: scalar(3, 'latin1'),
});

export const roleGetResponse = messageTable({
  perm: repeatedMessage(2, permission),
});

export const roleGrantPermissionRequest = messageTable({
  name: scalar(1, 'text'),
  /** One; the last counts. */
  perm: repeatedMessage(2, permission),
});

export const roleRevokePermissionRequest = messageTable({
  role: scalar(1, 'text'),
  key: scalar(2, 'latin1'),
  rangeEnd: scalar(3, 'latin1'),
});
