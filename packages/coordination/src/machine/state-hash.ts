/** A hash that is fed piece by piece: two sums of 32 bits, each over all bytes and lengths, the second begun otherwise. */
import { crc32c } from '@synod/consensus';

/** Any number but 0: what the second sum begins with. */
const SECOND_BEGINNING = 0x53796e6f;

export class StateHash {
  private readonly number8 = new Float64Array(1);
  private readonly numberBytes = new Uint8Array(this.number8.buffer);
  private first = 0;
  private second = SECOND_BEGINNING;

  number(value: number): void {
    this.number8[0] = value;
    this.add(this.numberBytes);
  }

  bytes(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.add(bytes);
  }

  /** The first of the two sums: 32 bits, unsigned. */
  get sum(): number {
    return this.first;
  }

  /** 16 hex digits. */
  digest(): string {
    return hex(this.first) + hex(this.second);
  }

  private add(bytes: Uint8Array): void {
    this.first = crc32c(bytes, 0, bytes.length, this.first);
    // A sum of the bytes alone would be the first one shifted; mixing that one in makes them differ.
    this.second = crc32c(bytes, 0, bytes.length, Math.imul(this.second, 0x9e3779b1) ^ this.first) >>> 0;
  }
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}
