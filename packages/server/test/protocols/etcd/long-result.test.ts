/** Results that are written in parts: the bytes are those of one go, and no part is much larger than another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DeleteRangeResult,
  type KeyRecord,
  key,
  NO_LEASE,
  revision,
  type TransactionOperationResult,
  type TransactionResult,
} from '@synod/coordination';
import fc from 'fast-check';
import { jsonPieces, protobufToJson } from '../../../src/protocols/etcd/gateway/protobuf-to-json.ts';
import { writeDeleteRangeBody } from '../../../src/protocols/etcd/messages/delete-range.ts';
import { isLong, longResultParts } from '../../../src/protocols/etcd/messages/long-result.ts';
import { writeTransactionBody } from '../../../src/protocols/etcd/messages/transaction.ts';
import { ProtobufWriter } from '../../../src/protocols/etcd/protobuf/writer.ts';
import { messageSchema } from '../../../src/protocols/etcd/schema/schema.ts';

const PART_BYTES_MAX = 256 * 1024;
const LARGEST_VALUE_BYTES = 60_000;

const VALUES = [0, 5, 300, LARGEST_VALUE_BYTES].map((length) => new Uint8Array(length).fill(length & 127));

const records: fc.Arbitrary<KeyRecord[]> = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b'.repeat(200)).map(key),
    value: fc.constantFrom(...VALUES),
    createRevision: fc.constant(revision(2)),
    modRevision: fc.integer({ min: 2, max: 100_000 }).map(revision),
    version: fc.integer({ min: 1, max: 300 }),
    lease: fc.constant(NO_LEASE),
  }),
  { maxLength: 12, size: 'max' },
);
const at = fc.integer({ min: 2, max: 100_000 }).map(revision);

const deletion: fc.Arbitrary<DeleteRangeResult> = fc.record({
  kind: fc.constant('deleteRange' as const),
  revision: at,
  deleted: fc.nat({ max: 1_000 }),
  previous: records,
});

const { transaction } = fc.letrec<{
  operation: TransactionOperationResult;
  transaction: TransactionResult;
}>((tie) => ({
  operation: fc.oneof(
    { depthSize: 'small' },
    fc.record({
      kind: fc.constant('range' as const),
      revision: at,
      records,
      more: fc.boolean(),
      count: fc.nat({ max: 1_000 }),
    }),
    deletion,
    records.map(([previous]) => ({ kind: 'put' as const, revision: revision(7), previous })),
    tie('transaction'),
  ),
  transaction: fc.record({
    kind: fc.constant('transaction' as const),
    revision: at,
    succeeded: fc.boolean(),
    results: fc.array(tie('operation'), { maxLength: 5 }),
  }),
}));

const results: fc.Arbitrary<DeleteRangeResult | TransactionResult> = fc.oneof(deletion, transaction);

function inOneGo(result: DeleteRangeResult | TransactionResult): Buffer {
  const writer = new ProtobufWriter();
  if (result.kind === 'transaction') writeTransactionBody(writer, result);
  else writeDeleteRangeBody(writer, result);
  return writer.finish();
}

test('the parts joined are what one go writes, and between them others may use the writer', () => {
  let long = 0;
  fc.assert(
    fc.property(results, (result) => {
      const writer = new ProtobufWriter();
      const making = longResultParts(writer, result);
      let step = making.next();
      while (step.done !== true) {
        assert.equal(writer.length, 0);
        writer.textElement(9, 'somebody else’s message');
        writer.finish();
        step = making.next();
      }
      const whole = inOneGo(result);
      assert.ok(Buffer.concat(step.value).equals(whole));
      for (const part of step.value) assert.ok(part.length <= 2 * PART_BYTES_MAX + LARGEST_VALUE_BYTES);
      // Lengths and headers are not counted.
      if (whole.length > PART_BYTES_MAX + 10_000) assert.ok(isLong(result));
      if (isLong(result)) {
        long++;
        assert.ok(whole.length > PART_BYTES_MAX);
      }
    }),
    { seed: 5, numRuns: 150 },
  );
  assert.ok(long > 15, `${long} were long`);
});

test('a long message becomes the same JSON in pieces as in one go', () => {
  const schema = messageSchema('etcdserverpb.TxnResponse');
  let pieces = 0;
  fc.assert(
    fc.property(transaction, (result) => {
      const message = inOneGo(result);
      let text = '';
      const making = jsonPieces(schema, message);
      for (let piece = making.next(); ; piece = making.next()) {
        text += piece.value;
        if (piece.done === true) break;
        pieces++;
        assert.ok(piece.value.length < 64 * 1024 + 2 * LARGEST_VALUE_BYTES);
      }
      assert.equal(text, protobufToJson(schema, message));
    }),
    { seed: 6, numRuns: 80 },
  );
  assert.ok(pieces > 50, `${pieces} pieces`);
});
