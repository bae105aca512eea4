/**
 * Reads protobuf from bytes that a client sent. Every method throws MalformedBytes where the bytes are not protobuf.
 * Values are views on the buffer, never copies: the buffer must not be used again by whoever owned it. Knows no message.
 */
import { MalformedBytes } from '@synod/consensus/bytes/malformed.ts';
import { type LeaseId, leaseId, NO_LEASE } from '@synod/coordination/machine/values.ts';
import { FIELD_NUMBER_MAX, FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './wire-type.ts';

const EMPTY = Buffer.alloc(0);
const TWO_32 = 2 ** 32;

export class ProtobufReader {
  private buffer: Buffer = EMPTY;
  /** The next byte to read. */
  private position = 0;
  /** Where the message that is read now ends. */
  private limit = 0;
  /** The two halves of the last 64-bit number read, each an int32. */
  private low = 0;
  private high = 0;

  /** Starts over on a message; one reader serves a whole process, because decoding never waits. */
  open(bytes: Uint8Array): void {
    this.buffer = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
    this.limit = bytes.length;
  }

  /** Lets go of the message, so that an idle reader keeps nobody's buffer alive. */
  close(): void {
    this.buffer = EMPTY;
    this.position = 0;
    this.limit = 0;
  }

  /** The next field's tag, or 0 at the end of the message. */
  tag(): number {
    if (this.position === this.limit) return 0;
    const first = this.buffer[this.position]!;
    // Field numbers to 15: one byte, which is nearly every tag there is.
    if (first < 0x80 && first >= 8) {
      this.position++;
      return first;
    }
    this.varint();
    const value = (this.high >>> 0) * TWO_32 + (this.low >>> 0);
    const field = Math.floor(value / 8);
    if (field === 0 || field > FIELD_NUMBER_MAX) throw new MalformedBytes(`${field} is no field number`);
    return value;
  }

  /** Passes over a field that the decoder does not know. */
  skip(fieldTag: number): void {
    switch (fieldTag % 8) {
      case VARINT:
        this.varint();
        return;
      case FIXED64:
        this.advance(8);
        return;
      case LENGTH_DELIMITED:
        this.advance(this.length());
        return;
      case FIXED32:
        this.advance(4);
        return;
      default:
        // The two group types among them: deprecated before etcd began, and in none of its messages.
        throw new MalformedBytes(`wire type ${fieldTag % 8} at offset ${this.position}`);
    }
  }

  bool(): boolean {
    this.varint();
    return this.low !== 0 || this.high !== 0;
  }

  /** An enum's value, an int32. */
  enum(): number {
    this.varint();
    return this.low;
  }

  /**
   * An int64 as a number, saturated at ±(2^53 − 1): where a client asks for a revision, a limit or a version beyond,
   * the saturated number means the same.
   */
  int64(): number {
    const buffer = this.buffer;
    if (this.position < this.limit && buffer[this.position]! < 0x80) return buffer[this.position++]!;
    this.varint();
    const value = this.high * TWO_32 + (this.low >>> 0);
    if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
    if (value < Number.MIN_SAFE_INTEGER) return Number.MIN_SAFE_INTEGER;
    return value;
  }

  /** A 64-bit id as 16 hex digits. */
  id(): string {
    this.varint();
    return hexOf(this.high) + hexOf(this.low);
  }

  leaseId(): LeaseId {
    this.varint();
    if (this.low === 0 && this.high === 0) return NO_LEASE;
    return leaseId(hexOf(this.high) + hexOf(this.low));
  }

  /** A bytes field as a view. */
  bytes(): Uint8Array {
    const length = this.length();
    const start = this.position;
    this.position += length;
    return length === 0 ? EMPTY : this.buffer.subarray(start, this.position);
  }

  /** A bytes field as a string of one character a byte. */
  latin1(): string {
    const length = this.length();
    const start = this.position;
    this.position += length;
    return this.buffer.toString('latin1', start, this.position);
  }

  /** A string field; protobuf demands that it is UTF-8. */
  text(): string {
    const bytes = this.bytes();
    try {
      return strictUtf8.decode(bytes);
    } catch {
      throw new MalformedBytes('a string that is not UTF-8');
    }
  }

  /** Goes into a message field. What it returns goes to `leave`. */
  enter(): number {
    const length = this.length();
    const outer = this.limit;
    this.limit = this.position + length;
    return outer;
  }

  /** Comes back to the message around, after `tag` gave 0 or `atEnd` was true. */
  leave(outer: number): void {
    this.limit = outer;
  }

  /** Bytes of the message that is read now which are still to come. */
  get left(): number {
    return this.limit - this.position;
  }

  /** For packed repeated fields, which have no tags inside. */
  atEnd(): boolean {
    return this.position === this.limit;
  }

  private length(): number {
    const buffer = this.buffer;
    let length: number;
    if (this.position < this.limit && buffer[this.position]! < 0x80) {
      length = buffer[this.position++]!;
    } else {
      this.varint();
      length = (this.high >>> 0) * TWO_32 + (this.low >>> 0);
    }
    if (length > this.limit - this.position)
      throw new MalformedBytes(
        `${length} bytes expected at offset ${this.position}, ${this.limit - this.position} left`,
      );
    return length;
  }

  private advance(count: number): void {
    if (count > this.limit - this.position)
      throw new MalformedBytes(`${count} bytes expected at offset ${this.position}`);
    this.position += count;
  }

  /** Up to ten bytes into `low` and `high`. */
  private varint(): void {
    const buffer = this.buffer;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.position === this.limit) throw new MalformedBytes('the message ends inside a number');
      const byte = buffer[this.position++]!;
      const bits = byte & 0x7f;
      // Bytes 0 to 3 lie below bit 28; byte 4 spans both halves; the rest lies above bit 35.
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (i < 9) high |= bits << (7 * i - 32);
      else {
        if (byte > 1) throw new MalformedBytes('a number of more than 64 bits');
        high |= bits << 31;
      }
      if (byte < 0x80) {
        this.low = low | 0;
        this.high = high | 0;
        return;
      }
    }
    throw new MalformedBytes('a number of more than ten bytes');
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

function hexOf(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0');
}
