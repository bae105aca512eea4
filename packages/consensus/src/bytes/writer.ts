/** Builds bytes: a growing buffer with the few encodings our own formats use (little-endian, LEB128 varints). */
import { assert } from '../core/assert.ts';

const FIRST_CAPACITY_BYTES = 256;

/** Up to this size engines keep bytes in their own heap, until a view is made on them: a copy costs far less. */
const SMALL_BYTES = 64;

export class ByteWriter {
  /** Grows by doubling; never handed out before `finish`. */
  private buffer: Uint8Array;
  /** Bytes written so far. */
  length = 0;

  constructor(capacityBytes: number = FIRST_CAPACITY_BYTES) {
    this.buffer = new Uint8Array(capacityBytes);
  }

  /** Makes room for `more` bytes. */
  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.length += 4;
    this.patchU32(this.length - 4, value);
  }

  /** A safe integer from 0, as a varint of at most eight bytes. */
  varint(value: number): void {
    // The sentence is built only when it is needed: this runs several times an entry.
    if (!(value >= 0 && Number.isSafeInteger(value)))
      assert(false, `a varint is a safe integer from 0, not ${value}`);
    this.reserve(8);
    while (value >= 0x80) {
      this.buffer[this.length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.buffer[this.length++] = value;
  }

  /** Bytes without their length. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Bytes behind their length. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** A string whose characters are all below 256, a byte each, behind its length. */
  latin1(text: string): void {
    this.varint(text.length);
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.buffer[this.length++] = text.charCodeAt(i);
  }

  /** Overwrites four bytes written before: for lengths and checksums known only at the end. */
  patchU32(offset: number, value: number): void {
    assert(offset + 4 <= this.length, 'a patch lies within what was written');
    // By hand: a DataView is a view as well (see SMALL_BYTES).
    const { buffer } = this;
    buffer[offset] = value;
    buffer[offset + 1] = value >>> 8;
    buffer[offset + 2] = value >>> 16;
    buffer[offset + 3] = value >>> 24;
  }

  /** Starts again in the same buffer: what `finish` gave out before is overwritten. */
  reset(): void {
    this.length = 0;
  }

  /** What was written; large results are not copied. The writer must not be used again, except after `reset`. */
  finish(): Uint8Array {
    const { buffer, length } = this;
    return buffer.length <= SMALL_BYTES ? buffer.slice(0, length) : buffer.subarray(0, length);
  }
}
