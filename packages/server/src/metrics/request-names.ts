/** What etcd's metrics call the commands. A kind that has no name there is not in those metrics either. */
import type { AuthCommand, Command, KeyspaceCommand, LeaseCommand, MemberCommand } from '@synod/coordination';

const KEYSPACE: Readonly<Record<KeyspaceCommand['kind'], string>> = {
  put: 'Put',
  deleteRange: 'DeleteRange',
  transaction: 'Txn',
  compact: 'Compaction',
};

const LEASES: Readonly<Record<LeaseCommand['kind'], string>> = {
  grant: 'LeaseGrant',
  revoke: 'LeaseRevoke',
  checkpoint: 'LeaseCheckpoint',
};

/** Changes of the membership are no requests of this kind in etcd. */
const MEMBERS: Readonly<Record<MemberCommand['kind'], string | undefined>> = {
  publish: 'ClusterMemberAttrSet',
  add: undefined,
  remove: undefined,
  update: undefined,
  promote: undefined,
  retire: undefined,
};

const AUTH: Readonly<Record<AuthCommand['kind'], string>> = {
  enable: 'AuthEnable',
  disable: 'AuthDisable',
  signIn: 'Authenticate',
  addUser: 'AuthUserAdd',
  changePassword: 'AuthUserChangePassword',
  deleteUser: 'AuthUserDelete',
  grantRole: 'AuthUserGrantRole',
  revokeRole: 'AuthUserRevokeRole',
  addRole: 'AuthRoleAdd',
  deleteRole: 'AuthRoleDelete',
  grantPermission: 'AuthRoleGrantPermission',
  revokePermission: 'AuthRoleRevokePermission',
};

export function requestName(command: Command): string | undefined {
  switch (command.module) {
    case 'keyspace':
      return KEYSPACE[command.kind];
    case 'leases':
      return LEASES[command.kind];
    case 'members':
      return MEMBERS[command.kind];
    case 'auth':
      return AUTH[command.kind];
    case 'alarms':
      return 'Alarm';
  }
}
