/** ByteWriter and ByteReader against each other, and writers that share a block against themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MalformedBytes } from '../../src/bytes/malformed.ts';
import { ByteReader } from '../../src/bytes/reader.ts';
import { ByteWriter } from '../../src/bytes/writer.ts';

type Field =
  | { readonly kind: 'u8' | 'u32' | 'varint'; readonly value: number }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'latin1'; readonly value: string };

const latin1Text = fc.uint8Array({ maxLength: 400 }).map((bytes) => String.fromCharCode(...bytes));
const anyField: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.nat(0xffff_ffff) }),
  fc.record({ kind: fc.constant('varint' as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 3000 }) }),
  fc.record({ kind: fc.constant('latin1' as const), value: latin1Text }),
);

function write(writer: ByteWriter, field: Field): void {
  if (field.kind === 'bytes') writer.bytes(field.value);
  else if (field.kind === 'latin1') writer.latin1(field.value);
  else writer[field.kind](field.value);
}

function expectFields(bytes: Uint8Array, fields: readonly Field[]): void {
  const reader = new ByteReader(bytes);
  for (const { kind, value } of fields) assert.deepEqual(reader[kind](), value);
  reader.end();
}

test('what is written is read, from writers that take turns and outgrow their room', () => {
  const anyWriter = fc.record({
    capacityBytes: fc.oneof(fc.nat(64), fc.nat(5000)),
    fields: fc.array(anyField, { maxLength: 20 }),
  });
  fc.assert(
    fc.property(fc.array(anyWriter, { minLength: 1, maxLength: 6 }), (writers) => {
      const open = writers.map(({ capacityBytes }) => new ByteWriter(capacityBytes));
      for (let turn = 0; turn < 20; turn++)
        for (const [at, { fields }] of writers.entries())
          if (turn < fields.length) write(open[at]!, fields[turn]!);
      const finished = open.map((writer) => writer.finish());
      for (const [at, { fields }] of writers.entries()) expectFields(finished[at]!, fields);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('four bytes are overwritten in place, and only within what was written', () => {
  const neighbour = new ByteWriter(8);
  neighbour.u32(1);
  const writer = new ByteWriter(8);
  writer.u32(0);
  writer.u8(7);
  writer.patchU32(0, 0xfedc_ba98);
  assert.throws(() => writer.patchU32(2, 1));
  expectFields(writer.finish(), [
    { kind: 'u32', value: 0xfedc_ba98 },
    { kind: 'u8', value: 7 },
  ]);
  expectFields(neighbour.finish(), [{ kind: 'u32', value: 1 }]);
});

test('a writer that is reset starts again in the same room', () => {
  const writer = new ByteWriter(4);
  writer.bytes(new Uint8Array(100));
  writer.reset();
  assert.equal(writer.length, 0);
  writer.varint(300);
  expectFields(writer.finish(), [{ kind: 'varint', value: 300 }]);
});

test('a varint is a safe integer from 0; a reader says where its bytes end', () => {
  for (const value of [-1, 0.5, 2 ** 53, Number.NaN])
    assert.throws(() => new ByteWriter().varint(value), /safe integer/);
  assert.throws(() => new ByteReader(new Uint8Array(3)).u32(), MalformedBytes);
  assert.throws(() => new ByteReader(new Uint8Array(9).fill(0x80)).varint(), MalformedBytes);
  assert.throws(() => new ByteReader(new Uint8Array(8).fill(0x7f)).raw(9), MalformedBytes);
});
