/** What passes on the `snapshot` lane. A transfer is named by its sender's life and a number, so that it can be resumed. */
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { unreachable } from '../core/assert.ts';

export const SNAPSHOT_MESSAGE_VERSION = 1;

/** One file of one life of the sender: the same bytes every time it is offered. */
export interface SnapshotFileId {
  readonly incarnation: number;
  readonly number: number;
}

/** What a receiver says of a file. */
export type ReceiverState =
  /** It has everything below `offset`. */
  | 'receiving'
  /** It has all, and is making sure of it. */
  | 'verifying'
  /** Its core was told. */
  | 'installed'
  /** The bytes were wrong, or the file is not wanted. */
  | 'refused';

export type SnapshotMessage =
  | {
      readonly kind: 'offer';
      readonly file: SnapshotFileId;
      readonly index: number;
      readonly sizeBytes: number;
      /**
       * What the receiver's core is handed once the file is whole and durable there, in the core's encoding. Empty: nothing;
       * the receiver asked for the state alone.
       */
      readonly install: Uint8Array;
    }
  | {
      readonly kind: 'chunk';
      readonly file: SnapshotFileId;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'acknowledgement';
      readonly file: SnapshotFileId;
      readonly state: ReceiverState;
      readonly offset: number;
    }
  /** The sender lost its state: any that holds at least this entry will do. The answer is an offer with nothing to install. */
  | { readonly kind: 'request'; readonly atLeast: number };

const CODE_OFFER = 1;
const CODE_CHUNK = 2;
const CODE_ACKNOWLEDGEMENT = 3;
const CODE_REQUEST = 4;

const STATES: readonly ReceiverState[] = ['receiving', 'verifying', 'installed', 'refused'];

export function encodeSnapshotMessage(message: SnapshotMessage): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(SNAPSHOT_MESSAGE_VERSION);
  const begin = (code: number, file: SnapshotFileId) => {
    writer.u8(code);
    writer.varint(file.incarnation);
    writer.varint(file.number);
  };
  switch (message.kind) {
    case 'offer':
      begin(CODE_OFFER, message.file);
      writer.varint(message.index);
      writer.varint(message.sizeBytes);
      writer.bytes(message.install);
      break;
    case 'chunk':
      begin(CODE_CHUNK, message.file);
      writer.varint(message.offset);
      writer.bytes(message.bytes);
      break;
    case 'acknowledgement':
      begin(CODE_ACKNOWLEDGEMENT, message.file);
      writer.u8(STATES.indexOf(message.state));
      writer.varint(message.offset);
      break;
    case 'request':
      writer.u8(CODE_REQUEST);
      writer.varint(message.atLeast);
      break;
    default:
      unreachable(message);
  }
  return writer.finish();
}

/**
 * `install` and `bytes` are views on what is decoded.
 * @throws MalformedBytes
 */
export function decodeSnapshotMessage(encoded: Uint8Array): SnapshotMessage {
  const reader = new ByteReader(encoded);
  const version = reader.u8();
  if (version !== SNAPSHOT_MESSAGE_VERSION)
    throw new MalformedBytes(`a snapshot message of version ${version}`);
  const code = reader.u8();
  const message: SnapshotMessage =
    code === CODE_REQUEST
      ? { kind: 'request', atLeast: reader.varint() }
      : decodeBody(reader, code, { incarnation: reader.varint(), number: reader.varint() });
  reader.end();
  return message;
}

function decodeBody(reader: ByteReader, code: number, file: SnapshotFileId): SnapshotMessage {
  switch (code) {
    case CODE_OFFER:
      return {
        kind: 'offer',
        file,
        index: reader.varint(),
        sizeBytes: reader.varint(),
        install: reader.bytes(),
      };
    case CODE_CHUNK:
      return { kind: 'chunk', file, offset: reader.varint(), bytes: reader.bytes() };
    case CODE_ACKNOWLEDGEMENT: {
      const state = STATES[reader.u8()];
      if (state === undefined) throw new MalformedBytes('an unknown state of a receiver');
      return { kind: 'acknowledgement', file, state, offset: reader.varint() };
    }
    default:
      throw new MalformedBytes(`a snapshot message with code ${code}`);
  }
}

export function sameFile(a: SnapshotFileId, b: SnapshotFileId): boolean {
  return a.incarnation === b.incarnation && a.number === b.number;
}
