/**
 * Who asks. Travels with a command through the log, so that every member decides alike whether it may be applied, and
 * with a read to the member that answers it. Whether somebody is who they say was settled before, by the server.
 */
import { type ByteReader, type ByteWriter, MalformedBytes, unreachable } from '@synod/consensus';
import { readText, writeText } from '../machine/text-codec.ts';

/** `undefined` in place of a caller means: nobody said who they are. */
export type Caller =
  | {
      readonly kind: 'user';
      readonly name: string;
      /** The auth revision at which the user was made out: rights that changed since are not decided by it (A5). */
      readonly authRevision: number;
    }
  /** A member of the cluster by its own resolve, never on behalf of a client. */
  | { readonly kind: 'member' };

export const OWN_RESOLVE: Caller = { kind: 'member' };

const USER = 1;
const MEMBER = 2;

export function writeCaller(writer: ByteWriter, caller: Caller): void {
  switch (caller.kind) {
    case 'user':
      writer.u8(USER);
      writeText(writer, caller.name);
      writer.varint(caller.authRevision);
      return;
    case 'member':
      writer.u8(MEMBER);
      return;
    default:
      unreachable(caller);
  }
}

/** @throws MalformedBytes */
export function readCaller(reader: ByteReader): Caller {
  const kind = reader.u8();
  if (kind === MEMBER) return OWN_RESOLVE;
  if (kind !== USER) throw new MalformedBytes(`a caller of kind ${kind}`);
  return { kind: 'user', name: readText(reader), authRevision: reader.varint() };
}
