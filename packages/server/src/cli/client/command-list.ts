/** The client commands by name, each with its line in the help. Loads none of them: a command's own file does its work. */
import type { ClientCommand } from './client-command.ts';

export interface ListedCommand {
  readonly summary: string;
  load(): Promise<ClientCommand>;
}

export const CLIENT_COMMANDS: Readonly<Record<string, ListedCommand>> = {
  get: {
    summary: 'get a key or a range of keys',
    load: async () => (await import('./commands/get.ts')).get,
  },
  put: {
    summary: 'put a value under a key',
    load: async () => (await import('./commands/put.ts')).put,
  },
  del: {
    summary: 'delete a key or a range of keys',
    load: async () => (await import('./commands/del.ts')).del,
  },
  txn: {
    summary: 'do several things at once, on conditions',
    load: async () => (await import('./commands/txn.ts')).txn,
  },
  watch: {
    summary: 'show changes as they come, or run a command for each',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  'lease grant': {
    summary: 'make a lease, on which keys can hang',
    load: async () => (await import('./commands/lease.ts')).leaseGrant,
  },
  'lease revoke': {
    summary: 'end a lease and delete its keys',
    load: async () => (await import('./commands/lease.ts')).leaseRevoke,
  },
  'lease timetolive': {
    summary: 'how long a lease has left, and what hangs on it',
    load: async () => (await import('./commands/lease.ts')).leaseTimeToLive,
  },
  'lease list': {
    summary: 'all leases',
    load: async () => (await import('./commands/lease.ts')).leaseList,
  },
  'lease keep-alive': {
    summary: 'renew a lease, again and again',
    load: async () => (await import('./commands/lease.ts')).leaseKeepAlive,
  },
  lock: {
    summary: 'hold a lock, perhaps while a command runs',
    load: async () => (await import('./commands/lock.ts')).lock,
  },
  elect: {
    summary: 'stand for election, or see who leads',
    load: async () => (await import('./commands/elect.ts')).elect,
  },
  'member list': {
    summary: 'the members of the cluster',
    load: async () => (await import('./commands/member.ts')).memberList,
  },
  'member add': {
    summary: 'let a new member join',
    load: async () => (await import('./commands/member.ts')).memberAdd,
  },
  'member remove': {
    summary: 'take a member out',
    load: async () => (await import('./commands/member.ts')).memberRemove,
  },
  'member update': {
    summary: 'change where a member is reached',
    load: async () => (await import('./commands/member.ts')).memberUpdate,
  },
  'member promote': {
    summary: 'make a learner a voter',
    load: async () => (await import('./commands/member.ts')).memberPromote,
  },
  'endpoint health': {
    summary: 'does each member answer, and how fast',
    load: async () => (await import('./commands/endpoint.ts')).endpointHealth,
  },
  'endpoint status': {
    summary: 'what each member says of itself',
    load: async () => (await import('./commands/endpoint.ts')).endpointStatus,
  },
  'endpoint hashkv': {
    summary: 'do the members hold the same',
    load: async () => (await import('./commands/endpoint.ts')).endpointHash,
  },
  'alarm list': {
    summary: 'the alarms that are raised',
    load: async () => (await import('./commands/alarm.ts')).alarmList,
  },
  'alarm disarm': {
    summary: 'clear the alarms',
    load: async () => (await import('./commands/alarm.ts')).alarmDisarm,
  },
  compaction: {
    summary: 'forget old revisions',
    load: async () => (await import('./commands/compaction.ts')).compaction,
  },
  defrag: {
    summary: 'give freed space back to the disk',
    load: async () => (await import('./commands/defrag.ts')).defrag,
  },
  'move-leader': {
    summary: 'make another member lead',
    load: async () => (await import('./commands/move-leader.ts')).moveLeader,
  },
  'snapshot save': {
    summary: 'write all that a member holds into a file',
    load: async () => (await import('./commands/snapshot-save.ts')).snapshotSave,
  },
  'snapshot status': {
    summary: 'check a backup, and say what it holds',
    load: async () => (await import('./commands/snapshot-status.ts')).snapshotStatus,
  },
  'snapshot restore': {
    summary: "make a new cluster's data directory from a backup",
    load: async () => (await import('./commands/snapshot-restore.ts')).snapshotRestore,
  },
  'auth enable': {
    summary: 'from now on users must say who they are',
    load: async () => (await import('./commands/auth.ts')).authEnable,
  },
  'auth disable': {
    summary: 'let everybody in',
    load: async () => (await import('./commands/auth.ts')).authDisable,
  },
  'auth status': {
    summary: 'whether users must say who they are',
    load: async () => (await import('./commands/auth.ts')).authStatus,
  },
  'user add': {
    summary: 'add a user',
    load: async () => (await import('./commands/user.ts')).userAdd,
  },
  'user get': {
    summary: 'what roles a user has',
    load: async () => (await import('./commands/user.ts')).userGet,
  },
  'user list': {
    summary: 'all users',
    load: async () => (await import('./commands/user.ts')).userList,
  },
  'user delete': {
    summary: 'delete a user',
    load: async () => (await import('./commands/user.ts')).userDelete,
  },
  'user passwd': {
    summary: 'change a password',
    load: async () => (await import('./commands/user.ts')).userPassword,
  },
  'user grant-role': {
    summary: 'give a user a role',
    load: async () => (await import('./commands/user.ts')).userGrantRole,
  },
  'user revoke-role': {
    summary: 'take a role from a user',
    load: async () => (await import('./commands/user.ts')).userRevokeRole,
  },
  'role add': {
    summary: 'add a role',
    load: async () => (await import('./commands/role.ts')).roleAdd,
  },
  'role get': {
    summary: 'what a role may',
    load: async () => (await import('./commands/role.ts')).roleGet,
  },
  'role list': {
    summary: 'all roles',
    load: async () => (await import('./commands/role.ts')).roleList,
  },
  'role delete': {
    summary: 'delete a role',
    load: async () => (await import('./commands/role.ts')).roleDelete,
  },
  'role grant-permission': {
    summary: 'let a role read or write keys',
    load: async () => (await import('./commands/role.ts')).roleGrantPermission,
  },
  'role revoke-permission': {
    summary: 'take a permission from a role',
    load: async () => (await import('./commands/role.ts')).roleRevokePermission,
  },
  completion: {
    summary: 'completion of these words, for a shell to read',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
};

/** Names of one word that stand before others: `lease` of `lease grant`. */
export const COMMAND_GROUPS: ReadonlySet<string> = new Set(
  Object.keys(CLIENT_COMMANDS)
    .filter((name) => name.includes(' '))
    .map((name) => name.split(' ')[0]!),
);

export function isClientWord(word: string): boolean {
  return Object.hasOwn(CLIENT_COMMANDS, word) || COMMAND_GROUPS.has(word);
}
