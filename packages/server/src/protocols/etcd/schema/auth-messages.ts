/** etcd's messages of users, roles and permissions. Names and numbers as published; see schema.ts for the form. */
import type { EnumTexts, MessageTexts } from './schema-texts.ts';

export const AUTH_MESSAGES: MessageTexts = {
  'etcdserverpb.AuthenticateRequest': {
    name: [1, 'string'],
    password: [2, 'string'],
  },
  'etcdserverpb.AuthUserAddRequest': {
    name: [1, 'string'],
    password: [2, 'string'],
    options: [3, 'authpb.UserAddOptions'],
    hashedPassword: [4, 'string'],
  },
  'etcdserverpb.AuthUserGetRequest': {
    name: [1, 'string'],
  },
  'etcdserverpb.AuthUserDeleteRequest': {
    name: [1, 'string'],
  },
  'etcdserverpb.AuthUserChangePasswordRequest': {
    name: [1, 'string'],
    password: [2, 'string'],
    hashedPassword: [3, 'string'],
  },
  'etcdserverpb.AuthUserGrantRoleRequest': {
    user: [1, 'string'],
    role: [2, 'string'],
  },
  'etcdserverpb.AuthUserRevokeRoleRequest': {
    name: [1, 'string'],
    role: [2, 'string'],
  },
  'etcdserverpb.AuthRoleAddRequest': {
    name: [1, 'string'],
  },
  'etcdserverpb.AuthRoleGetRequest': {
    role: [1, 'string'],
  },
  'etcdserverpb.AuthRoleDeleteRequest': {
    role: [1, 'string'],
  },
  'etcdserverpb.AuthRoleGrantPermissionRequest': {
    name: [1, 'string'],
    perm: [2, 'authpb.Permission'],
  },
  'etcdserverpb.AuthRoleRevokePermissionRequest': {
    role: [1, 'string'],
    key: [2, 'bytes'],
    range_end: [3, 'bytes'],
  },
  'etcdserverpb.AuthEnableResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthDisableResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthStatusResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    enabled: [2, 'bool'],
    authRevision: [3, 'uint64'],
  },
  'etcdserverpb.AuthenticateResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    token: [2, 'string'],
  },
  'etcdserverpb.AuthUserAddResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthUserGetResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    roles: [2, 'string', 'repeated'],
  },
  'etcdserverpb.AuthUserDeleteResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthUserChangePasswordResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthUserGrantRoleResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthUserRevokeRoleResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthRoleAddResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthRoleGetResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    perm: [2, 'authpb.Permission', 'repeated'],
  },
  'etcdserverpb.AuthRoleListResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    roles: [2, 'string', 'repeated'],
  },
  'etcdserverpb.AuthUserListResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    users: [2, 'string', 'repeated'],
  },
  'etcdserverpb.AuthRoleDeleteResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthRoleGrantPermissionResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.AuthRoleRevokePermissionResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'authpb.UserAddOptions': {
    no_password: [1, 'bool'],
  },
  'authpb.Permission': {
    permType: [1, 'authpb.Permission.Type'],
    key: [2, 'bytes'],
    range_end: [3, 'bytes'],
  },
  'etcdserverpb.AuthEnableRequest': {},
  'etcdserverpb.AuthDisableRequest': {},
  'etcdserverpb.AuthStatusRequest': {},
  'etcdserverpb.AuthUserListRequest': {},
  'etcdserverpb.AuthRoleListRequest': {},
};

export const AUTH_ENUMS: EnumTexts = {
  'authpb.Permission.Type': ['READ', 'WRITE', 'READWRITE'],
};
