/** What a request asks for, in a line for the log: its keys, never its values nor a password. */
import type { Command, KeySpan, KeyspaceCommand, RangeQuery } from '@synod/coordination';

/** Of a key; the rest is left out. */
const KEY_LENGTH_MAX = 128;

export function rangeText({ span, revision, limit, countOnly, keysOnly }: RangeQuery): string {
  const parts = [`range ${spanText(span)}`];
  if (revision > 0) parts.push(`at revision ${revision}`);
  if (limit > 0) parts.push(`limit ${limit}`);
  if (countOnly) parts.push('count only');
  else if (keysOnly) parts.push('keys only');
  return parts.join(', ');
}

export function commandText(command: Command): string {
  switch (command.module) {
    case 'keyspace':
      return keyspaceText(command);
    case 'leases':
      return command.kind === 'checkpoint'
        ? `checkpoint of ${command.remaining.length} leases`
        : `${command.kind} lease ${command.id}`;
    case 'members':
    case 'auth':
    case 'alarms':
      return `${command.module}: ${command.kind}`;
  }
}

function keyspaceText(command: KeyspaceCommand): string {
  switch (command.kind) {
    case 'put':
      return `put ${keyText(command.key)}, ${command.value.length} bytes`;
    case 'deleteRange':
      return `delete ${spanText(command.span)}`;
    case 'transaction': {
      const { compares, success, failure } = command;
      return `transaction of ${compares.length} compares, ${success.length} operations if they hold, ${failure.length} else`;
    }
    case 'compact':
      return `compact at revision ${command.revision}`;
  }
}

/** Keys are strings of one character a byte; most are UTF-8. */
function keyText(key: string): string {
  const text = Buffer.from(key.slice(0, KEY_LENGTH_MAX), 'latin1').toString();
  return `${JSON.stringify(text)}${key.length > KEY_LENGTH_MAX ? '…' : ''}`;
}

function spanText({ from, to }: KeySpan): string {
  if (to === undefined) return keyText(from);
  return to === '\0' ? `from ${keyText(from)} on` : `from ${keyText(from)} to ${keyText(to)}`;
}
