/** What one key does, one operation after the other: the sequential object that a history is held against. */
import { unreachable } from '@synod/consensus';
import type { Call, Return } from './history.ts';

/** The value that a key holds; null: it is not there. */
export type Register = string | null;

/**
 * The value after a call, if the call may have returned this from here; `undefined`: it may not. Without a result
 * anything may have come back.
 */
export function step(
  value: Register,
  call: Call,
  result: Return | undefined,
): { readonly value: Register } | undefined {
  switch (call.kind) {
    case 'read':
      return result === undefined || (result.kind === 'value' && result.value === value)
        ? { value }
        : undefined;
    case 'write':
      return result === undefined || result.kind === 'done' ? { value: call.value } : undefined;
    case 'delete':
      return result === undefined || result.kind === 'done' ? { value: null } : undefined;
    case 'compareAndSet': {
      const succeeds = value === call.expected;
      if (result !== undefined && !(result.kind === 'swapped' && result.succeeded === succeeds))
        return undefined;
      return { value: succeeds ? call.value : value };
    }
    default:
      return unreachable(call);
  }
}
