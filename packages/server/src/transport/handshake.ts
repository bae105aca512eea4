/**
 * The first words on a link between members. Who connects says which cluster it is of, who it is and whom it means; the
 * other side answers whether it is the one, or why not. Both sides so have the same clear reason for their logs.
 */
import {
  ByteReader,
  ByteWriter,
  continuesLife,
  MalformedBytes,
  readHexId,
  writeHexId,
} from '@synod/consensus';

/** What a link is for: everything that must not wait, or snapshots. */
export type LinkKind = 'prompt' | 'bulk';

export interface Hello {
  readonly kind: LinkKind;
  readonly clusterId: string;
  readonly from: string;
  readonly to: string;
  /** Of the member that connects: see `lifeOf` of the journal. */
  readonly life: number;
}

export type Answer =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'wrongCluster'; readonly clusterId: string }
  | { readonly kind: 'wrongMember'; readonly memberId: string }
  | { readonly kind: 'unknownMember' }
  | { readonly kind: 'removed' }
  | { readonly kind: 'otherLife' }
  | { readonly kind: 'wrongVersion'; readonly version: number };

export type RefusingAnswer = Exclude<Answer, { kind: 'welcome' }>;

const MAGIC = 'SYNODPEER\n';
const PROTOCOL_VERSION = 2;
export const HELLO_BYTES = MAGIC.length + 2 + 4 * 8;
export const ANSWER_BYTES = MAGIC.length + 2 + 8;

const ANSWER_CODES: Readonly<Record<Answer['kind'], number>> = {
  welcome: 0,
  wrongCluster: 1,
  wrongMember: 2,
  unknownMember: 3,
  wrongVersion: 4,
  otherLife: 5,
  removed: 6,
};
const NO_ID = '0000000000000000';

export function encodeHello(hello: Hello): Uint8Array {
  const writer = new ByteWriter(HELLO_BYTES);
  writer.raw(Buffer.from(MAGIC, 'latin1'));
  writer.u8(PROTOCOL_VERSION);
  writer.u8(hello.kind === 'bulk' ? 1 : 0);
  writeHexId(writer, hello.clusterId);
  writeHexId(writer, hello.from);
  writeHexId(writer, hello.to);
  writeHexId(writer, hello.life.toString(16).padStart(16, '0'));
  return writer.finish();
}

/** A hello in a version of the protocol that this member does not speak: nothing more of it can be read. */
export interface ForeignHello {
  readonly version: number;
}

/** @throws MalformedBytes when it is no hello at all */
export function decodeHello(bytes: Uint8Array): Hello | ForeignHello {
  const reader = new ByteReader(bytes);
  checkMagic(reader);
  const version = reader.u8();
  if (version !== PROTOCOL_VERSION) return { version };
  const kind = reader.u8() === 1 ? 'bulk' : 'prompt';
  return {
    kind,
    clusterId: readHexId(reader),
    from: readHexId(reader),
    to: readHexId(reader),
    life: Number.parseInt(readHexId(reader), 16),
  };
}

/** Whether bytes may still become a hello: lets garbage be refused at its first byte. */
export function mayBeHello(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1');
  return MAGIC.startsWith(start);
}

export function encodeAnswer(answer: Answer): Uint8Array {
  const writer = new ByteWriter(ANSWER_BYTES);
  writer.raw(Buffer.from(MAGIC, 'latin1'));
  writer.u8(PROTOCOL_VERSION);
  writer.u8(ANSWER_CODES[answer.kind]);
  if (answer.kind === 'wrongCluster') writeHexId(writer, answer.clusterId);
  else if (answer.kind === 'wrongMember') writeHexId(writer, answer.memberId);
  else writeHexId(writer, NO_ID);
  return writer.finish();
}

/** @throws MalformedBytes */
export function decodeAnswer(bytes: Uint8Array): Answer {
  const reader = new ByteReader(bytes);
  checkMagic(reader);
  const version = reader.u8();
  const code = reader.u8();
  if (version !== PROTOCOL_VERSION || code === ANSWER_CODES.wrongVersion)
    return { kind: 'wrongVersion', version };
  switch (code) {
    case ANSWER_CODES.welcome:
      return { kind: 'welcome' };
    case ANSWER_CODES.wrongCluster:
      return { kind: 'wrongCluster', clusterId: readHexId(reader) };
    case ANSWER_CODES.wrongMember:
      return { kind: 'wrongMember', memberId: readHexId(reader) };
    case ANSWER_CODES.unknownMember:
      return { kind: 'unknownMember' };
    case ANSWER_CODES.otherLife:
      return { kind: 'otherLife' };
    case ANSWER_CODES.removed:
      return { kind: 'removed' };
    default:
      throw new MalformedBytes(`an answer numbered ${code}`);
  }
}

function checkMagic(reader: ByteReader): void {
  if (Buffer.from(reader.raw(MAGIC.length)).toString('latin1') !== MAGIC)
    throw new MalformedBytes('not a member of a Synod cluster');
}

/** For the log of who was refused: what is wrong, and what to do. */
export function describeRefusal(answer: RefusingAnswer, clusterId: string): string {
  switch (answer.kind) {
    case 'wrongCluster':
      return `cluster ID mismatch: this member is of cluster ${clusterId}, the peer of ${answer.clusterId}; check --initial-cluster and --initial-cluster-token of both`;
    case 'wrongMember':
      return `the peer at this address is member ${answer.memberId}, not the one expected; check --initial-cluster`;
    case 'unknownMember':
      return 'the peer does not know this member; check its --initial-cluster';
    case 'removed':
      return 'this member has been removed from the cluster';
    case 'otherLife':
      return 'this member has already been bootstrapped: the cluster knows it by a data directory that is not this one, or by a later state of it';
    case 'wrongVersion':
      return `the peer speaks version ${answer.version} of the members' protocol; run the same version everywhere`;
  }
}

/** For the log of who refused. */
export function describeStranger(hello: Hello | ForeignHello, answer: RefusingAnswer): string {
  if ('version' in hello)
    return `a peer speaks version ${hello.version} of the members' protocol, this member ${PROTOCOL_VERSION}; run the same version everywhere`;
  switch (answer.kind) {
    case 'wrongCluster':
      return `cluster ID mismatch: member ${hello.from} of cluster ${hello.clusterId} connected to this one of ${answer.clusterId}; check its --initial-cluster and --initial-cluster-token`;
    case 'wrongMember':
      return `member ${hello.from} looked for member ${hello.to} at the address of ${answer.memberId}; check its --initial-cluster`;
    case 'unknownMember':
      return `member ${hello.from} is not in this cluster; check its --initial-cluster`;
    case 'removed':
      return `member ${hello.from} was removed from this cluster and still runs; it is told to stop`;
    case 'otherLife':
      return `member ${hello.from} came back without what it knew: its data directory is new or an old copy`;
    case 'wrongVersion':
      return `member ${hello.from} speaks another version of the members' protocol`;
  }
}

/** What a member has to do with the cluster, as far as it is known here. */
export type PeerStanding = 'member' | 'removed' | 'unknown';

/** Whether to let a peer in, and if not why. */
export function judgeHello(
  hello: Hello | ForeignHello,
  here: {
    readonly clusterId: string;
    readonly id: string;
    readonly standing: (id: string) => PeerStanding;
    /** The life by which the cluster knows a member; undefined: by none yet. */
    readonly knownLife: (id: string) => number | undefined;
  },
): Answer {
  if ('version' in hello) return { kind: 'wrongVersion', version: PROTOCOL_VERSION };
  if (hello.clusterId !== here.clusterId) return { kind: 'wrongCluster', clusterId: here.clusterId };
  if (hello.to !== here.id) return { kind: 'wrongMember', memberId: here.id };
  const standing = here.standing(hello.from);
  if (standing === 'unknown') return { kind: 'unknownMember' };
  if (standing === 'removed') return { kind: 'removed' };
  // It forgot what it voted for and what it acknowledged: it must not do either again (pitfall 30).
  const known = here.knownLife(hello.from);
  return known === undefined || continuesLife(hello.life, known)
    ? { kind: 'welcome' }
    : { kind: 'otherLife' };
}
