/** Reads what ByteWriter wrote, from bytes that nobody vouches for: every method throws MalformedBytes at the end. */
import { MalformedBytes } from './malformed.ts';

export class ByteReader {
  private readonly buffer: Uint8Array;
  private readonly view: DataView;
  offset = 0;

  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  get remaining(): number {
    return this.buffer.length - this.offset;
  }

  private need(count: number): void {
    if (this.remaining < count)
      throw new MalformedBytes(`${count} bytes expected at offset ${this.offset}, ${this.remaining} left`);
  }

  u8(): number {
    this.need(1);
    return this.view.getUint8(this.offset++);
  }

  u32(): number {
    this.need(4);
    const value = this.view.getUint32(this.offset, true);
    this.offset += 4;
    return value;
  }

  /** A safe integer from 0. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) throw new MalformedBytes('a number past 2^53');
        return value;
      }
      scale *= 0x80;
    }
    throw new MalformedBytes('a varint longer than eight bytes');
  }

  /** The next `count` bytes, as a view on the buffer. */
  raw(count: number): Uint8Array {
    this.need(count);
    const bytes = this.buffer.subarray(this.offset, this.offset + count);
    this.offset += count;
    return bytes;
  }

  bytes(): Uint8Array {
    return this.raw(this.varint());
  }

  latin1(): string {
    return latin1Decode(this.bytes());
  }

  /** States that everything was read. */
  end(): void {
    if (this.remaining !== 0) throw new MalformedBytes(`${this.remaining} bytes too many`);
  }
}

const CHUNK = 4096;

/** Bytes to a string of one character a byte; such strings hash and compare faster than bytes. */
export function latin1Decode(bytes: Uint8Array): string {
  if (bytes.length <= CHUNK) return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
  let text = '';
  for (let i = 0; i < bytes.length; i += CHUNK) text += latin1Decode(bytes.subarray(i, i + CHUNK));
  return text;
}

/** The inverse of latin1Decode. */
export function latin1Encode(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
