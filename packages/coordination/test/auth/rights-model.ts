/** What a command needs, worked out key by key over every key there is in these tests; the slow twin of the rights. */
import {
  ALL_AFTER,
  type Command,
  type KeySpan,
  type Permission,
  type TransactionOperation,
} from '@synod/coordination';

/** Where spans of these tests begin and end. */
export const BOUNDS: readonly string[] = ['a', 'a\0', 'aa', 'b', 'b\0', 'bb', 'c', 'cc', 'd'];

/** Every key that such spans can tell apart: between a bound and the next key there is lies none, and one is beyond all. */
const UNIVERSE: readonly string[] = [...new Set([...BOUNDS.flatMap((bound) => [bound, `${bound}\0`]), 'zz'])];

interface Need {
  readonly access: 'read' | 'write';
  readonly span: KeySpan;
}

/** `attached`: the keys of each lease. */
export function isPermitted(
  permissions: readonly Permission[],
  command: Command,
  attached: (lease: string) => readonly string[],
): boolean {
  return needsOf(command, attached).every(({ access, span }) =>
    keysOf(span).every((key) =>
      permissions.some(
        (one) => (one.access === access || one.access === 'readWrite') && contains(one.span, key),
      ),
    ),
  );
}

function keysOf(span: KeySpan): readonly string[] {
  const keys = UNIVERSE.filter((key) => contains(span, key));
  return keys.length === 0 ? [span.from] : keys;
}

function contains({ from, to }: KeySpan, key: string): boolean {
  if (to === undefined) return key === from;
  return key >= from && (to === ALL_AFTER || key < to);
}

function needsOf(
  command: Command | TransactionOperation,
  attached: (lease: string) => readonly string[],
): readonly Need[] {
  switch (command.kind) {
    case 'range':
      return [{ access: 'read', span: command.query.span }];
    case 'put': {
      const span = { from: command.key, to: undefined };
      const needs: Need[] = [{ access: 'write', span }];
      if (command.previous) needs.push({ access: 'read', span });
      return [...needs, ...writesOf(attached(command.lease))];
    }
    case 'deleteRange':
      return [
        { access: 'write', span: command.span },
        ...(command.previous ? [{ access: 'read', span: command.span } as const] : []),
      ];
    case 'transaction':
      return [
        ...command.compares.map(({ span }): Need => ({ access: 'read', span })),
        ...[...command.success, ...command.failure].flatMap((inner) => needsOf(inner, attached)),
      ];
    case 'revoke':
      return command.module === 'leases' ? writesOf(attached(command.id)) : [];
    default:
      throw new Error(`${command.kind} is not a part of this model`);
  }
}

function writesOf(keys: readonly string[]): Need[] {
  return keys.map((from) => ({ access: 'write', span: { from: from as KeySpan['from'], to: undefined } }));
}
