/** The checksum against published vectors and against its definition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../src/checksum/crc32c.ts';

/** RFC 3720 appendix B.4, and the customary check value of the nine digits. */
const VECTORS: readonly { readonly name: string; readonly bytes: Uint8Array; readonly sum: number }[] = [
  { name: 'nothing', bytes: new Uint8Array(0), sum: 0 },
  { name: 'the digits 1 to 9', bytes: new TextEncoder().encode('123456789'), sum: 0xe3069283 },
  { name: '32 zeros', bytes: new Uint8Array(32), sum: 0x8a9136aa },
  { name: '32 ones', bytes: new Uint8Array(32).fill(0xff), sum: 0x62a8ab43 },
  { name: '32 rising', bytes: Uint8Array.from({ length: 32 }, (_, i) => i), sum: 0x46dd794e },
  { name: '32 falling', bytes: Uint8Array.from({ length: 32 }, (_, i) => 31 - i), sum: 0x113fdb5c },
];

for (const { name, bytes, sum } of VECTORS)
  test(`CRC-32C of ${name} is the published one`, () => {
    assert.equal(crc32c(bytes).toString(16), sum.toString(16));
  });

/** The definition, a bit at a time. */
function bitByBit(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  }
  return ~sum >>> 0;
}

test('CRC-32C by tables is the one by definition, at every alignment and in pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(80), fc.nat(80), (bytes, a, b) => {
      const from = Math.min(a, b, bytes.length);
      const to = Math.min(Math.max(a, b), bytes.length);
      assert.equal(crc32c(bytes, from, to), bitByBit(bytes.subarray(from, to)));
      assert.equal(crc32c(bytes, from, bytes.length, crc32c(bytes, 0, from)), bitByBit(bytes));
    }),
    { seed: 1, numRuns: 500 },
  );
});
