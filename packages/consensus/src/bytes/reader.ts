/** Reads what ByteWriter wrote, from bytes that nobody vouches for: every method throws MalformedBytes at the end. */
import { MalformedBytes } from './malformed.ts';

export class ByteReader {
  private readonly buffer: Uint8Array;
  offset = 0;

  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
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
    return this.buffer[this.offset++]!;
  }

  u32(): number {
    this.need(4);
    const { buffer, offset } = this;
    this.offset += 4;
    return (
      (buffer[offset]! |
        (buffer[offset + 1]! << 8) |
        (buffer[offset + 2]! << 16) |
        (buffer[offset + 3]! << 24)) >>>
      0
    );
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

  /** Passes over what `bytes` or `latin1` would give. */
  skipBytes(): void {
    const count = this.varint();
    this.need(count);
    this.offset += count;
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

/** Of the platform, where it has one. Written once, at the start of a process. */
let platformDecode: ((bytes: Uint8Array) => string) | undefined;

/** Gives `latin1Decode` a platform's own way to do the same: for long keys several times faster than ours. */
export function useLatin1Decoder(decode: (bytes: Uint8Array) => string): void {
  platformDecode = decode;
}

/** Bytes to a string of one character a byte; such strings hash and compare faster than bytes. */
export function latin1Decode(bytes: Uint8Array): string {
  if (platformDecode !== undefined) return platformDecode(bytes);
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
