/** Builds bytes: a growing buffer with the few encodings our own formats use (little-endian, LEB128 varints). */
import { assert } from '../core/assert.ts';

const FIRST_CAPACITY_BYTES = 256;

/**
 * Small writers share blocks, because an allocation of its own costs a writer more than all it writes. A block is kept
 * alive by the last of its pieces, so what is larger than this, or kept for long, should not be in one.
 */
const BLOCK_BYTES = 32 * 1024;
const SHARED_CAPACITY_BYTES_MAX = 2 * 1024;

let block = new Uint8Array(BLOCK_BYTES);
/** Bytes of the block that writers have taken; never given back. */
let blockTaken = 0;

export class ByteWriter {
  /** A shared block, or this writer's own. */
  private buffer: Uint8Array;
  /** Where in the buffer this writer's bytes begin; next, where it may write; and where its room ends. */
  private start: number;
  private position: number;
  private end: number;

  constructor(capacityBytes: number = FIRST_CAPACITY_BYTES) {
    if (capacityBytes > SHARED_CAPACITY_BYTES_MAX) {
      this.buffer = new Uint8Array(capacityBytes);
      this.start = 0;
    } else {
      if (blockTaken + capacityBytes > BLOCK_BYTES) {
        block = new Uint8Array(BLOCK_BYTES);
        blockTaken = 0;
      }
      this.buffer = block;
      this.start = blockTaken;
      blockTaken += capacityBytes;
    }
    this.position = this.start;
    this.end = this.start + capacityBytes;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.position - this.start;
  }

  /** Makes room for `more` bytes. */
  private reserve(more: number): void {
    if (this.position + more <= this.end) return;
    const { length } = this;
    const grown = new Uint8Array(Math.max(length + more, length * 2));
    grown.set(this.buffer.subarray(this.start, this.position));
    this.buffer = grown;
    this.start = 0;
    this.position = length;
    this.end = grown.length;
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.position++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.storeU32(this.position, value);
    this.position += 4;
  }

  /** A safe integer from 0, as a varint of at most eight bytes. */
  varint(value: number): void {
    // The sentence is built only when it is needed: this runs several times an entry.
    if (!(value >= 0 && Number.isSafeInteger(value)))
      assert(false, `a varint is a safe integer from 0, not ${value}`);
    this.reserve(8);
    while (value >= 0x80) {
      this.buffer[this.position++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.buffer[this.position++] = value;
  }

  /** Bytes without their length. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.position);
    this.position += bytes.length;
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
    for (let i = 0; i < text.length; i++) this.buffer[this.position++] = text.charCodeAt(i);
  }

  /** Overwrites four bytes written before: for lengths and checksums known only at the end. */
  patchU32(offset: number, value: number): void {
    assert(offset + 4 <= this.length, 'a patch lies within what was written');
    this.storeU32(this.start + offset, value);
  }

  /** Starts again in the same buffer: what `finish` gave out before is overwritten. */
  reset(): void {
    this.position = this.start;
  }

  /** What was written, without a copy. The writer must not be used again, except after `reset`. */
  finish(): Uint8Array {
    return this.buffer.subarray(this.start, this.position);
  }

  private storeU32(at: number, value: number): void {
    this.buffer[at] = value;
    this.buffer[at + 1] = value >>> 8;
    this.buffer[at + 2] = value >>> 16;
    this.buffer[at + 3] = value >>> 24;
  }
}
