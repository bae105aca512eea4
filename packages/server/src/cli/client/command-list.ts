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
