/** Builds bytes: a growing buffer with the few encodings our own formats use (little-endian, LEB128 varints). */
import { assert } from '../core/assert.ts';

const FIRST_CAPACITY_BYTES = 256;

export class ByteWriter {
  /** Grows by doubling; never handed out before `finish`. */
  private buffer: Uint8Array;
  private view: DataView;
  /** Bytes written so far. */
  length = 0;

  constructor(capacityBytes: number = FIRST_CAPACITY_BYTES) {
    this.buffer = new Uint8Array(capacityBytes);
    this.view = new DataView(this.buffer.buffer);
  }

  /** Makes room for `more` bytes. */
  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
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
    this.view.setUint32(offset, value, true);
  }

  /** Starts again in the same buffer: what `finish` gave out before is overwritten. */
  reset(): void {
    this.length = 0;
  }

  /** What was written, without a copy. The writer must not be used again, except after `reset`. */
  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}
