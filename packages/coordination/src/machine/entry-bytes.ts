/** What an entry's bytes say. Bytes that cannot be read are a fact like any other: no member stops at them (S10). */
import { decodeEnvelope, type Envelope, MalformedBytes } from '@synod/consensus';
import { decodeCommands } from './command-codec.ts';
import type { Command } from './commands.ts';

/** Undefined: there is none. */
export function openEnvelope(payload: Uint8Array): Envelope | undefined {
  return ifWellFormed(
    () => decodeEnvelope(payload),
    () => undefined,
  );
}

/** The commands, or what is wrong with the bytes. */
export function readCommands(body: Uint8Array): readonly Command[] | string {
  return ifWellFormed<readonly Command[] | string>(
    () => decodeCommands(body),
    (detail) => detail,
  );
}

/** A malformed entry is a value here: every member meets it alike, and none may stop (S10). */
function ifWellFormed<Value>(decode: () => Value, otherwise: (detail: string) => Value): Value {
  try {
    return decode();
  } catch (error) {
    if (error instanceof MalformedBytes) return otherwise(error.message);
    throw error;
  }
}
