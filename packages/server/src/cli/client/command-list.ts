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
