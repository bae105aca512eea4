/** JSON to protobuf and back, by the schema: against the tables' codec, and with everything a client may write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  JsonSplitter,
  MalformedJson,
  parseJson,
  quoteLongIntegers,
} from '../../../src/protocols/etcd/gateway/json-text.ts';
import { jsonToProtobuf } from '../../../src/protocols/etcd/gateway/json-to-protobuf.ts';
import { protobufToJson } from '../../../src/protocols/etcd/gateway/protobuf-to-json.ts';
import {
  MESSAGE_SCHEMAS,
  type MessageSchema,
  messageSchema,
} from '../../../src/protocols/etcd/schema/schema.ts';
import { type TableMessage, tableDecode, tableEncode } from './wire/table-codec.ts';

const bytesOf = (name: string, json: string): Uint8Array =>
  jsonToProtobuf(messageSchema(name), parseJson(json));
const range = (json: string): TableMessage =>
  tableDecode('etcdserverpb.RangeRequest', bytesOf('etcdserverpb.RangeRequest', json));
const refusalOf = (name: string, json: string): string => {
  try {
    bytesOf(name, json);
  } catch (error) {
    assert.ok(error instanceof MalformedJson, String(error));
    return error.message;
  }
  return 'taken';
};

test('fields by either name, numbers as text or number, enums by name or number, unknown fields passed over', () => {
  assert.deepEqual(
    range(
      '{"key":"YQ==","rangeEnd":"eg","limit":"7","revision":3,"sort_order":"DESCEND","sortTarget":4,"new":{"a":[1]},"serializable":true,"keys_only":null}',
    ),
    {
      key: Buffer.from('a'),
      range_end: Buffer.from('z'),
      limit: 7n,
      revision: 3n,
      sort_order: 2n,
      sort_target: 4n,
      serializable: true,
    },
  );
});

test('numbers of 64 bits are exact, quoted or not, and what stands in texts is left', () => {
  for (const ID of [2n ** 63n - 1n, -(2n ** 63n), 9_181_610_417_650_728_709n, 2n ** 53n + 1n])
    for (const text of [`{"ID":${ID}}`, `{"ID":"${ID}"}`, `{ "ID" : ${ID} , "TTL":1}`])
      assert.equal(
        tableDecode('etcdserverpb.LeaseGrantRequest', bytesOf('etcdserverpb.LeaseGrantRequest', text))['ID'],
        ID,
      );
  const text = String.raw`{"a":"x\"12345678901234567890","b":[12345678901234567890,-1234567890123456,1.2345678901234567890,12345678901234567890e1]}`;
  assert.equal(
    quoteLongIntegers(text),
    String.raw`{"a":"x\"12345678901234567890","b":["12345678901234567890","-1234567890123456",1.2345678901234567890,12345678901234567890e1]}`,
  );
});

test('what is no request is refused with the field and what it is to be', () => {
  const request = 'etcdserverpb.RangeRequest';
  const refusals: readonly (readonly [string, string])[] = [
    ['{"key":', 'unexpected EOF'],
    ['[]', 'etcdserverpb.RangeRequest is to be an object, and not a list'],
    ['7', 'etcdserverpb.RangeRequest is to be an object, and not 7'],
    ['{"key":"!!"}', 'etcdserverpb.RangeRequest.key is to be base64, and not "!!"'],
    [
      '{"key":"YQ="}',
      'etcdserverpb.RangeRequest.key is to be base64 of a whole number of bytes, and not "YQ="',
    ],
    ['{"key":7}', 'etcdserverpb.RangeRequest.key is to be base64, and not 7'],
    ['{"limit":"abc"}', 'etcdserverpb.RangeRequest.limit is to be an int64, and not "abc"'],
    ['{"limit":1.5}', 'etcdserverpb.RangeRequest.limit is to be an int64, and not 1.5'],
    [
      '{"limit":"9223372036854775808"}',
      'etcdserverpb.RangeRequest.limit is to be an int64, and not "9223372036854775808"',
    ],
    ['{"sort_order":"NOPE"}', 'unknown value "NOPE" for enum etcdserverpb.RangeRequest.SortOrder'],
    [
      '{"sort_order":true}',
      'etcdserverpb.RangeRequest.sort_order is to be one of NONE, ASCEND, DESCEND, and not true',
    ],
    [
      '{"serializable":"true"}',
      'etcdserverpb.RangeRequest.serializable is to be true or false, and not "true"',
    ],
    ['{"key":[]}', 'etcdserverpb.RangeRequest.key is to be base64, and not a list'],
  ];
  for (const [json, text] of refusals) assert.equal(refusalOf(request, json), text);
  assert.match(refusalOf(request, '{"key";}'), /^invalid JSON: /);
  assert.equal(
    refusalOf('etcdserverpb.Compare', '{"version":1,"lease":2}'),
    'oneof etcdserverpb.Compare.target_union is already set by another field than lease',
  );
  assert.equal(
    refusalOf('etcdserverpb.TxnRequest', '{"success":{}}'),
    'etcdserverpb.TxnRequest.success is to be a list, and not an object',
  );
});

test('too deep and too much are refused, and quickly', () => {
  const depth = 5_000;
  const deep = `${'{"success":[{"request_txn":'.repeat(depth)}{}${'}]}'.repeat(depth)}`;
  assert.equal(refusalOf('etcdserverpb.TxnRequest', deep), 'exceeded max recursion depth');
  const many = `{"success":[${'{},'.repeat(900_000)}{}]}`;
  assert.equal(
    refusalOf('etcdserverpb.TxnRequest', many),
    'a request of more than 20000 values; send several',
  );
});

test('a stream of values is cut where they end, however it comes in pieces', () => {
  const values = ['{"a":"}{\\"\\\\"}', '[1,[2]]', '{}', '{"b":{"c":[]}}', '"text with blank"', 'null', '12'];
  const whole = `  ${values.join('\n ')} `;
  fc.assert(
    fc.property(fc.array(fc.nat({ max: whole.length }), { maxLength: 8 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
      const splitter = new JsonSplitter();
      const found: string[] = [];
      for (let at = 1; at < places.length; at++)
        found.push(...splitter.push(whole.slice(places[at - 1], places[at])).map((value) => value.trim()));
      if (splitter.finish() !== '') found.push(splitter.finish());
      assert.deepEqual(found, values);
    }),
    { seed: 1, numRuns: 300 },
  );
  const cutOff = new JsonSplitter();
  assert.deepEqual(cutOff.push('{} {"a":'), ['{}']);
  assert.equal(cutOff.finish(), '{"a":');
});

/** Any message of a schema as the tables' codec has it. */
function anyMessage({ fields }: MessageSchema, depth: number): fc.Arbitrary<TableMessage> {
  const arbitraries: Record<string, fc.Arbitrary<TableMessage[string]>> = {};
  const unions = new Set<string>();
  for (const { name, type, repeated, oneOf } of fields) {
    if (oneOf !== undefined && unions.has(oneOf)) continue;
    if (oneOf !== undefined) unions.add(oneOf);
    let one: fc.Arbitrary<TableMessage[string]>;
    if (type.kind === 'message') {
      if (depth === 0) continue;
      one = anyMessage(type.of, depth - 1);
    } else if (type.kind === 'enum') one = fc.nat({ max: type.of.values.length - 1 }).map(BigInt);
    else if (type.kind === 'bytes')
      one = fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => Buffer.from(bytes));
    else if (type.kind === 'string') one = fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme' });
    else if (type.kind === 'bool') one = fc.constant(true);
    else if (type.kind === 'int64') one = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    else one = fc.bigInt({ min: 1n, max: type.kind === 'uint32' ? 2n ** 32n - 1n : 2n ** 64n - 1n });
    arbitraries[name] = repeated ? fc.array(one, { minLength: 1, maxLength: 3 }) : one;
  }
  return fc.record(arbitraries, { requiredKeys: [] }).map((message) => message as TableMessage);
}

test('every message comes back from JSON as it went in', () => {
  for (const schema of MESSAGE_SCHEMAS.values())
    fc.assert(
      fc.property(anyMessage(schema, 3), (message) => {
        // A table's 0 is written out and JSON's is left out: what both make of it is the same message.
        const bytes = tableEncode(schema.name, withoutZeros(message));
        const json = protobufToJson(schema, bytes);
        const back = tableDecode(schema.name, jsonToProtobuf(schema, parseJson(json)));
        assert.deepEqual(normal(back), normal(tableDecode(schema.name, bytes)));
      }),
      { seed: 1, numRuns: 20 },
    );
});

function withoutZeros(message: TableMessage): TableMessage {
  const entries = Object.entries(message)
    .filter(([, value]) => value !== 0n)
    .map(([name, value]): [string, TableMessage[string]] => [
      name,
      isMessage(value)
        ? withoutZeros(value)
        : Array.isArray(value)
          ? value.map((one) => (isMessage(one) ? withoutZeros(one) : one === 0n ? 1n : one))
          : value,
    ]);
  return Object.fromEntries(entries);
}

function isMessage(value: TableMessage[string]): value is TableMessage {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** With numbers as text, so that a difference can be printed. */
function normal(message: TableMessage): unknown {
  return JSON.parse(
    JSON.stringify(message, (_, value: unknown) =>
      typeof value === 'bigint' ? `${BigInt.asUintN(64, value)}` : value,
    ),
  );
}
