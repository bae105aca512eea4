/**
 * "What cluster is this?", asked at a peers' address by a member that is to join and is nobody yet. The answer is JSON behind
 * a head; both begin with words that no other first words on these ports have.
 *
 *     question: SYNODASK\n · version u8
 *     answer:   SYNODASK\n · version u8 · length u32 · JSON
 */
import { MalformedBytes, type ProtocolName } from '@synod/consensus';

export interface ListedMember {
  /** 16 hex digits. */
  readonly id: string;
  /** Empty: it has never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** What a member must know of its cluster to be one of it. */
export interface ClusterFacts {
  /** 16 hex digits. */
  readonly clusterId: string;
  readonly protocol: ProtocolName;
  /** Who was there before the first entry of the log: the same on all members. */
  readonly founders: readonly ListedMember[];
  /** Who is a member now, as far as the one that was asked knows. */
  readonly members: readonly ListedMember[];
}

const MAGIC = 'SYNODASK\n';
const VERSION = 1;
const HEAD_BYTES = MAGIC.length + 1 + 4;
const ANSWER_BYTES_MAX = 1024 * 1024;

export const CLUSTER_QUESTION: Uint8Array = Buffer.from(`${MAGIC}${String.fromCharCode(VERSION)}`, 'latin1');

/** Whether bytes may still become the question, and are none of what else is said at the beginning. */
export function mayBeClusterQuestion(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1');
  return start.length > MAGIC.indexOf('A') && MAGIC.startsWith(start);
}

export function encodeClusterFacts(facts: ClusterFacts): Uint8Array {
  const json = Buffer.from(JSON.stringify(facts), 'utf8');
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 'latin1');
  head.writeUInt8(VERSION, MAGIC.length);
  head.writeUInt32LE(json.length, MAGIC.length + 1);
  return Buffer.concat([head, json]);
}

/** Undefined: there is more to come. @throws MalformedBytes when it is no such answer */
export function decodeClusterFacts(bytes: Buffer): ClusterFacts | undefined {
  const start = bytes.subarray(0, MAGIC.length).toString('latin1');
  if (!MAGIC.startsWith(start))
    throw new MalformedBytes('what listens there is no member of a Synod cluster');
  if (bytes.length < HEAD_BYTES) return undefined;
  const version = bytes.readUInt8(MAGIC.length);
  if (version !== VERSION)
    throw new MalformedBytes(
      `the member there speaks version ${version} of the question; run the same version everywhere`,
    );
  const length = bytes.readUInt32LE(MAGIC.length + 1);
  if (length > ANSWER_BYTES_MAX) throw new MalformedBytes(`an answer of ${length} bytes`);
  if (bytes.length < HEAD_BYTES + length) return undefined;
  return checkedFacts(bytes.subarray(HEAD_BYTES, HEAD_BYTES + length).toString('utf8'));
}

function checkedFacts(json: string): ClusterFacts {
  let facts: unknown;
  try {
    facts = JSON.parse(json);
  } catch {
    facts = undefined;
  }
  if (!isClusterFacts(facts)) throw new MalformedBytes('an answer that tells of no cluster');
  return facts;
}

/** Whether a value that came from outside, by a link or from a file, has this form. */
export function isClusterFacts(value: unknown): value is ClusterFacts {
  if (typeof value !== 'object' || value === null) return false;
  const { clusterId, protocol, founders, members } = value as Partial<Record<keyof ClusterFacts, unknown>>;
  return (
    isId(clusterId) &&
    (protocol === 'raft' || protocol === 'paxos') &&
    [founders, members].every((list) => Array.isArray(list) && list.length > 0 && list.every(isListedMember))
  );
}

function isListedMember(value: unknown): value is ListedMember {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, peerUrls } = value as Partial<Record<keyof ListedMember, unknown>>;
  return (
    isId(id) &&
    typeof name === 'string' &&
    Array.isArray(peerUrls) &&
    peerUrls.every((url) => typeof url === 'string' && URL.canParse(url))
  );
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
}
