/** How one member asks another for the hash of its keyspace, as bytes. Their version is that of the calls that carry them. */
import { ByteReader, ByteWriter, MalformedBytes, unreachable } from '@synod/consensus';
import { type Revision, revision } from '../../machine/values.ts';

export interface KeyspaceQuestion {
  /** 0: the present one. */
  readonly revision: Revision;
  /** Whether a hash that was made when a compaction took effect will do; otherwise the store is read now. */
  readonly mayBeKept: boolean;
}

/** What can be seen of a keyspace, in 32 bits: comparable where revision and compaction are the same. */
export interface KeyspaceSum {
  readonly kind: 'sum';
  readonly sum: number;
  /** The compaction that it begins at; -1: there was none. */
  readonly compactedTo: number;
  readonly hashRevision: Revision;
  /** Where that member's keyspace was by then. */
  readonly revision: Revision;
}

export interface NoKeyspaceSum {
  readonly kind: 'none';
  readonly why: 'compacted' | 'future' | 'busy' | 'silent';
}

export type KeyspaceAnswer = KeyspaceSum | NoKeyspaceSum;

/** Numbers are part of the peer protocol. */
const ANSWERED = 0;
const REASONS: readonly NoKeyspaceSum['why'][] = ['silent', 'compacted', 'future', 'busy'];

export function encodeKeyspaceQuestion(question: KeyspaceQuestion): Uint8Array {
  const writer = new ByteWriter(10);
  writer.varint(question.revision);
  writer.u8(question.mayBeKept ? 1 : 0);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeKeyspaceQuestion(bytes: Uint8Array): KeyspaceQuestion {
  const reader = new ByteReader(bytes);
  const question = { revision: revision(reader.varint()), mayBeKept: reader.u8() === 1 };
  reader.end();
  return question;
}

export function encodeKeyspaceAnswer(answer: KeyspaceAnswer): Uint8Array {
  const writer = new ByteWriter(32);
  switch (answer.kind) {
    case 'sum':
      writer.u8(ANSWERED);
      writer.varint(answer.sum);
      writer.varint(answer.compactedTo + 1);
      writer.varint(answer.hashRevision);
      writer.varint(answer.revision);
      break;
    case 'none':
      writer.u8(1 + REASONS.indexOf(answer.why));
      break;
    default:
      unreachable(answer);
  }
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeKeyspaceAnswer(bytes: Uint8Array): KeyspaceAnswer {
  const reader = new ByteReader(bytes);
  const code = reader.u8();
  if (code !== ANSWERED) {
    reader.end();
    const why = REASONS[code - 1];
    if (why === undefined) throw new MalformedBytes(`an answer about a keyspace with code ${code}`);
    return { kind: 'none', why };
  }
  const answer: KeyspaceSum = {
    kind: 'sum',
    sum: reader.varint(),
    compactedTo: reader.varint() - 1,
    hashRevision: revision(reader.varint()),
    revision: revision(reader.varint()),
  };
  reader.end();
  return answer;
}
