/** The reader and the writer of protobuf: numbers of every size, strings, nesting, and bytes that are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes } from '@synod/consensus';
import { leaseId, NO_LEASE } from '@synod/coordination';
import fc from 'fast-check';
import { ProtobufReader } from '../../../src/protocols/etcd/protobuf/reader.ts';
import { idSize, ProtobufWriter, varintSize } from '../../../src/protocols/etcd/protobuf/writer.ts';
import { varintBytes } from './wire/table-codec.ts';

function reading(bytes: readonly number[] | Uint8Array): ProtobufReader {
  const reader = new ProtobufReader();
  reader.open(Uint8Array.from(bytes));
  return reader;
}

test('every int64 is read as its number, saturated at 2^53 − 1', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const max = BigInt(Number.MAX_SAFE_INTEGER);
      const expected = Number(value > max ? max : value < -max ? -max : value);
      assert.equal(reading(varintBytes(value)).int64(), expected);
    }),
    { seed: 1, numRuns: 500 },
  );
  for (const shift of Array.from({ length: 63 }, (_, i) => BigInt(i)))
    for (const value of [2n ** shift, 2n ** shift - 1n, -(2n ** shift)])
      if (value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER))
        assert.equal(reading(varintBytes(value)).int64(), Number(value));
});

test('every id is read and written as its 16 hex digits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), (value) => {
      const hex = value.toString(16).padStart(16, '0');
      assert.equal(reading(varintBytes(value)).id(), hex);
      assert.equal(reading(varintBytes(value)).leaseId(), hex);
      const writer = new ProtobufWriter();
      writer.idField(1, hex);
      assert.deepEqual([...writer.finish()], [8, ...varintBytes(value)]);
      assert.equal(idSize(hex), varintBytes(value).length);
    }),
    { seed: 1, numRuns: 500 },
  );
  assert.equal(reading([0]).leaseId(), NO_LEASE);
  const writer = new ProtobufWriter();
  writer.idField(1, leaseId('0000000000000000'));
  writer.idField(1, NO_LEASE);
  assert.equal(writer.finish().length, 0);
});

test('every safe integer is written as protobuf does, and its size is known beforehand', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const writer = new ProtobufWriter();
      writer.int64Field(2, value);
      const bytes = [...writer.finish()];
      assert.deepEqual(bytes, value === 0 ? [] : [16, ...varintBytes(BigInt(value))]);
      if (value !== 0) assert.equal(varintSize(value), bytes.length - 1);
    }),
    { seed: 1, numRuns: 500 },
  );
  for (let bits = 0; bits <= 53; bits++)
    for (const value of [2 ** bits - 1, Math.min(2 ** bits, Number.MAX_SAFE_INTEGER)])
      assert.equal(varintSize(value), varintBytes(BigInt(value)).length, `${value}`);
});

test('keys of any byte and texts of any character come back as they were', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.string({ unit: 'binary' }), (key, text) => {
      const latin1 = Buffer.from(key).toString('latin1');
      const writer = new ProtobufWriter();
      writer.latin1Element(1, latin1);
      writer.textElement(2, text);
      writer.bytesElement(3, key);
      const reader = reading(writer.finish());
      assert.equal(reader.tag(), 10);
      assert.equal(reader.latin1(), latin1);
      assert.equal(reader.tag(), 18);
      assert.equal(reader.text(), Buffer.from(text, 'utf8').toString('utf8'));
      assert.equal(reader.tag(), 26);
      assert.deepEqual([...reader.bytes()], [...key]);
      assert.equal(reader.tag(), 0);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('a value is a view on the request, not a copy', () => {
  const request = Buffer.from([10, 3, 1, 2, 3]);
  const reader = new ProtobufReader();
  reader.open(request);
  reader.tag();
  const value = reader.bytes();
  request[2] = 9;
  assert.deepEqual([...value], [9, 2, 3]);
});

test('messages of any size nest, whether their size is known or not, across slabs', () => {
  const writer = new ProtobufWriter();
  const sizes = [0, 1, 126, 127, 128, 129, 16_382, 16_383, 16_384, 70_000, 2_100_000, 5];
  for (const size of sizes) {
    const outer = writer.begin(1);
    const inner = writer.begin(2);
    writer.bytesField(3, Buffer.alloc(size, 7));
    writer.end(inner);
    writer.int64Field(4, 1);
    writer.end(outer);
    const message = writer.finish();

    const reader = reading(message);
    assert.equal(reader.tag(), 10);
    const end = reader.enter();
    assert.equal(reader.tag(), 18);
    const innerEnd = reader.enter();
    if (size > 0) {
      assert.equal(reader.tag(), 26);
      assert.deepEqual(Buffer.from(reader.bytes()), Buffer.alloc(size, 7));
    }
    assert.equal(reader.tag(), 0);
    reader.leave(innerEnd);
    assert.equal(reader.tag(), 32);
    assert.equal(reader.int64(), 1);
    assert.equal(reader.tag(), 0);
    reader.leave(end);
    assert.equal(reader.tag(), 0);
  }
});

test('a message that was handed out is not touched by the next ones', () => {
  const writer = new ProtobufWriter();
  const first: Buffer[] = [];
  for (let i = 0; i < 5000; i++) {
    writer.int64Field(1, i + 1);
    writer.bytesField(2, Buffer.alloc(40, i));
    first.push(writer.finish());
  }
  first.forEach((message, i) => {
    const reader = reading(message);
    reader.tag();
    assert.equal(reader.int64(), i + 1);
    reader.tag();
    assert.deepEqual(Buffer.from(reader.bytes()), Buffer.alloc(40, i));
  });
});

test('what is not protobuf is malformed, and never anything else', () => {
  const bad: readonly (readonly [string, number[]])[] = [
    ['a length past the end', [10, 5, 1]],
    ['a number cut off', [8, 0x80]],
    ['a tag cut off', [0x80]],
    ['field number 0', [0, 0]],
    ['a number of eleven bytes', [8, ...Array(10).fill(0x80), 1]],
    ['a number of 65 bits', [8, ...Array(9).fill(0xff), 2]],
    ['a group', [11, 12]],
    ['wire type 7', [15]],
    ['a fixed64 cut off', [9, 1, 2]],
    ['a fixed32 cut off', [13, 1, 2]],
    ['a length past 2^63', [10, ...Array(9).fill(0xff), 1]],
  ];
  for (const [what, bytes] of bad) {
    const reader = reading(bytes);
    assert.throws(
      () => {
        for (let next = reader.tag(); next !== 0; next = reader.tag()) reader.skip(next);
      },
      MalformedBytes,
      what,
    );
  }
  assert.throws(() => reading([1, 0xff]).text(), MalformedBytes);
});

test('any bytes at all are either passed over to their end or malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const reader = reading(bytes);
      try {
        for (let next = reader.tag(); next !== 0; next = reader.tag()) reader.skip(next);
      } catch (error) {
        assert.ok(error instanceof MalformedBytes);
      }
    }),
    { seed: 1, numRuns: 2000 },
  );
});
