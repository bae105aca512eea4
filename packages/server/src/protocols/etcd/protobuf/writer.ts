/**
 * Writes protobuf messages one after the other into slabs, and hands out each as a view: a small answer costs no
 * allocation of its own. Fields at their default are left out by the callers that say so (`…Field` methods), as
 * protobuf 3 demands. Knows no message.
 */
import type { LeaseId } from '@synod/coordination';
import { LENGTH_DELIMITED, tag, VARINT } from './wire-type.ts';

const SLAB_BYTES = 64 * 1024;
/** The longest varint, and the longest tag with it. */
const VARINT_BYTES_MAX = 10;
const TWO_32 = 2 ** 32;

export class ProtobufWriter {
  private slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Where the message that is written now began. */
  private start = 0;
  private position = 0;

  /** Bytes of the present message so far. */
  get length(): number {
    return this.position - this.start;
  }

  /** The message, without a copy; the next one begins behind it. */
  finish(): Buffer {
    const message = this.slab.subarray(this.start, this.position);
    this.start = this.position;
    return message;
  }

  /** Forgets what was written of the present message. */
  discard(): void {
    this.position = this.start;
  }

  boolField(field: number, value: boolean): void {
    if (!value) return;
    this.reserve(VARINT_BYTES_MAX + 1);
    this.putVarint(tag(field, VARINT));
    this.slab[this.position++] = 1;
  }

  /** A safe integer of an int64, uint64 or enum field; 0 is left out. */
  int64Field(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(2 * VARINT_BYTES_MAX);
    this.putVarint(tag(field, VARINT));
    if (value < 0) this.putNegative(value);
    else this.putVarint(value);
  }

  /** A 64-bit id of 16 hex digits; 0 and '' are left out. */
  idField(field: number, id: string | LeaseId): void {
    if (id === '' || id === ZERO_ID) return;
    this.reserve(2 * VARINT_BYTES_MAX);
    this.putVarint(tag(field, VARINT));
    this.putHalves(Number.parseInt(id.slice(8), 16), Number.parseInt(id.slice(0, 8), 16));
  }

  bytesField(field: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.bytesElement(field, value);
  }

  /** A bytes field from a string of one character a byte. */
  latin1Field(field: number, value: string): void {
    if (value.length === 0) return;
    this.latin1Element(field, value);
  }

  textField(field: number, value: string): void {
    if (value.length === 0) return;
    this.textElement(field, value);
  }

  /** As the field methods, for members of a repeated field, where the default is written too. */
  bytesElement(field: number, value: Uint8Array): void {
    this.reserve(2 * VARINT_BYTES_MAX + value.length);
    this.putVarint(tag(field, LENGTH_DELIMITED));
    this.putVarint(value.length);
    this.slab.set(value, this.position);
    this.position += value.length;
  }

  latin1Element(field: number, value: string): void {
    const length = value.length;
    this.reserve(2 * VARINT_BYTES_MAX + length);
    this.putVarint(tag(field, LENGTH_DELIMITED));
    this.putVarint(length);
    // The call into the platform costs more than a short key's bytes.
    if (length > 24) this.slab.write(value, this.position, length, 'latin1');
    else for (let i = 0; i < length; i++) this.slab[this.position + i] = value.charCodeAt(i);
    this.position += length;
  }

  textElement(field: number, value: string): void {
    this.bytesElement(field, Buffer.from(value, 'utf8'));
  }

  /** The head of a message field whose size is known beforehand. */
  messageHead(field: number, sizeBytes: number): void {
    this.reserve(2 * VARINT_BYTES_MAX + sizeBytes);
    this.messageLength(field, sizeBytes);
  }

  /** Likewise, where the message itself comes from elsewhere. */
  messageLength(field: number, sizeBytes: number): void {
    this.reserve(2 * VARINT_BYTES_MAX);
    this.putVarint(tag(field, LENGTH_DELIMITED));
    this.putVarint(sizeBytes);
  }

  /** Begins a message field of unknown size. What it returns goes to `end`. */
  begin(field: number): number {
    this.reserve(VARINT_BYTES_MAX + 1);
    this.putVarint(tag(field, LENGTH_DELIMITED));
    // One byte is kept for the length; `end` moves the body where that is not enough.
    this.position++;
    return this.position - this.start;
  }

  end(bodyOffset: number): void {
    const size = this.length - bodyOffset;
    const extra = varintSize(size) - 1;
    if (extra > 0) {
      this.reserve(extra);
      const body = this.start + bodyOffset;
      this.slab.copyWithin(body + extra, body, this.position);
    }
    const end = this.position + extra;
    this.position = this.start + bodyOffset - 1;
    this.putVarint(size);
    this.position = end;
  }

  /** Bytes that are protobuf already. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.slab.set(bytes, this.position);
    this.position += bytes.length;
  }

  private reserve(more: number): void {
    if (this.position + more <= this.slab.length) return;
    const written = this.position - this.start;
    // A message past the slab's end moves to a new one; one larger than a slab gets its own, which doubles.
    const grown = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * written, written + more));
    this.slab.copy(grown, 0, this.start, this.position);
    this.slab = grown;
    this.start = 0;
    this.position = written;
  }

  private putVarint(value: number): void {
    const slab = this.slab;
    let position = this.position;
    while (value >= 0x80) {
      slab[position++] = (value % 0x80) | 0x80;
      value = value < TWO_32 ? value >>> 7 : Math.floor(value / 0x80);
    }
    slab[position++] = value;
    this.position = position;
  }

  /** Two's complement in 64 bits: always ten bytes. */
  private putNegative(value: number): void {
    const high = Math.floor(value / TWO_32);
    this.putHalves(value - high * TWO_32, high >>> 0);
  }

  /** The two halves of a 64-bit number, each from 0 to 2^32 − 1. */
  private putHalves(low: number, high: number): void {
    const slab = this.slab;
    let position = this.position;
    while (high !== 0 || low >= 0x80) {
      slab[position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    slab[position++] = low;
    this.position = position;
  }
}

const ZERO_ID = '0000000000000000';

/** The bytes a varint takes. */
export function varintSize(value: number): number {
  if (value < 0) return VARINT_BYTES_MAX;
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let size = 5;
  for (let rest = Math.floor(value / 2 ** 35); rest > 0; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** The bytes the varint of a 64-bit id of 16 hex digits takes; '' stands for 0. */
export function idSize(id: string): number {
  if (id === '') return 1;
  const high = Number.parseInt(id.slice(0, 8), 16);
  if (high < 2 ** 21) return varintSize(high * TWO_32 + Number.parseInt(id.slice(8), 16));
  // Past 2^53 doubles are not exact, but the highest bit alone decides.
  return Math.ceil((64 - Math.clz32(high)) / 7);
}
