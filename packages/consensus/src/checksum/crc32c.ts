/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of everything that lies on a disk. Eight bytes a step
 * by eight tables of 256 ("slicing by 8"), since the pure packages have no native one.
 */

/** The polynomial 0x1edc6f41 with its bits reversed. */
const REVERSED_POLYNOMIAL = 0x82f63b78;

const SLICES = 8;

/** TABLES[256 * k + b]: the effect of byte b when k further bytes follow it. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++)
      remainder = remainder & 1 ? (remainder >>> 1) ^ REVERSED_POLYNOMIAL : remainder >>> 1;
    tables[byte] = remainder;
  }
  for (let at = 256; at < tables.length; at++) {
    const shorter = tables[at - 256]!;
    tables[at] = (shorter >>> 8) ^ tables[shorter & 0xff]!;
  }
  return tables;
}

/**
 * The checksum of `bytes[from, to)`, as an unsigned 32-bit number. `previous` is the checksum of what came before,
 * so that a long run can be summed in pieces: crc32c(b, 0, n, crc32c(a)) is the sum of a then b.
 */
export function crc32c(bytes: Uint8Array, from = 0, to: number = bytes.length, previous = 0): number {
  const tables = TABLES;
  let sum = ~previous;
  let at = from;
  const lastStep = to - SLICES;
  while (at <= lastStep) {
    sum =
      tables[1792 + ((sum ^ bytes[at]!) & 0xff)]! ^
      tables[1536 + (((sum >>> 8) ^ bytes[at + 1]!) & 0xff)]! ^
      tables[1280 + (((sum >>> 16) ^ bytes[at + 2]!) & 0xff)]! ^
      tables[1024 + ((sum >>> 24) ^ bytes[at + 3]!)]! ^
      tables[768 + bytes[at + 4]!]! ^
      tables[512 + bytes[at + 5]!]! ^
      tables[256 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
    at += SLICES;
  }
  while (at < to) {
    sum = (sum >>> 8) ^ tables[(sum ^ bytes[at]!) & 0xff]!;
    at++;
  }
  return ~sum >>> 0;
}
