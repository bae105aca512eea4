/**
 * Which proposals were applied, so that one that is tried again is applied at most once (S2). Per member only its latest
 * life counts: an earlier one cannot wait for answers any more. Within a life, everything below the oldest proposal
 * that still waits is forgotten, so the table stays as small as what is in flight.
 */
import { ByteReader, ByteWriter, MalformedBytes, readHexId, writeHexId } from '@synod/consensus';
import { type Backend, TABLE } from '../backend/backend.ts';
import type { ProposalOrigin } from './machine-api.ts';

/** First byte of every value in the table. */
const ROW_VERSION = 1;

interface Life {
  incarnation: number;
  /** Every lower sequence counts as applied. Monotonic within a life. */
  floor: number;
  /** Applied sequences at or above the floor. */
  readonly applied: Set<number>;
  /** Changed since the last `store`. */
  isDirty: boolean;
}

export class Origins {
  private readonly backend: Pick<Backend, 'scan' | 'put'>;
  /** By member. */
  private readonly lives = new Map<string, Life>();

  constructor(backend: Pick<Backend, 'scan' | 'put'>) {
    this.backend = backend;
  }

  /** Notes a proposal. `false`: it was applied before, or belongs to a life that has ended; it must not be applied. */
  admit(origin: ProposalOrigin): boolean {
    let life = this.lives.get(origin.member);
    if (life === undefined || origin.incarnation > life.incarnation) {
      life = { incarnation: origin.incarnation, floor: 1, applied: new Set(), isDirty: true };
      this.lives.set(origin.member, life);
    }
    if (origin.incarnation < life.incarnation) return false;
    if (origin.sequence < life.floor || life.applied.has(origin.sequence)) return false;
    life.applied.add(origin.sequence);
    // A proposal never lies below its own floor, whatever its bytes say.
    raiseFloor(life, Math.min(origin.oldestPending, origin.sequence));
    life.isDirty = true;
    return true;
  }

  /** The incarnation that a member's last applied proposal came from. */
  latestIncarnation(member: string): number | undefined {
    return this.lives.get(member)?.incarnation;
  }

  /** Writes what changed to the backend: before a commit, and before an image is taken. */
  store(): void {
    for (const [member, life] of this.lives) {
      if (!life.isDirty) continue;
      life.isDirty = false;
      this.backend.put(TABLE.origins, originRowKey(member), encodeLife(life));
    }
  }

  /** @throws MalformedBytes when a row is not what this version wrote. */
  load(): void {
    this.lives.clear();
    for (const { key, value } of this.backend.scan(TABLE.origins, {}))
      this.lives.set(readHexId(new ByteReader(key)), decodeLife(value));
  }
}

function raiseFloor(life: Life, floor: number): void {
  if (floor - life.floor > life.applied.size) {
    for (const sequence of life.applied) if (sequence < floor) life.applied.delete(sequence);
    life.floor = floor;
    return;
  }
  for (; life.floor < floor; life.floor++) life.applied.delete(life.floor);
}

function originRowKey(member: string): Uint8Array {
  const writer = new ByteWriter(8);
  writeHexId(writer, member);
  return writer.finish();
}

function encodeLife(life: Life): Uint8Array {
  const writer = new ByteWriter(16 + life.applied.size * 4);
  writer.u8(ROW_VERSION);
  writer.varint(life.incarnation);
  writer.varint(life.floor);
  writer.varint(life.applied.size);
  // Sorted, so that equal states are equal bytes (S1).
  for (const sequence of [...life.applied].sort((a, b) => a - b)) writer.varint(sequence - life.floor);
  return writer.finish();
}

function decodeLife(bytes: Uint8Array): Life {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== ROW_VERSION) throw new MalformedBytes(`an origin's row of version ${version}`);
  const incarnation = reader.varint();
  const floor = reader.varint();
  const applied = new Set<number>();
  for (let count = reader.varint(); count > 0; count--) applied.add(floor + reader.varint());
  reader.end();
  return { incarnation, floor, applied, isDirty: false };
}
