/** HPACK against the examples of RFC 7541 appendix C, against itself, and against bytes that nobody meant. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder, HpackError } from '../../src/http2/hpack/decoder.ts';
import { encodeStateless, type FieldPair, HpackEncoder } from '../../src/http2/hpack/encoder.ts';
import { huffmanDecode, huffmanEncode, huffmanLength } from '../../src/http2/hpack/huffman.ts';

const LARGE = 1_000_000;

function decoder(tableBytesMax = 4096, listBytesMax = LARGE): HpackDecoder {
  return new HpackDecoder({ tableBytesMax, listBytesMax });
}

function decodeHex(by: HpackDecoder, hex: string): string[] {
  const block = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return by.decode(block, 0, block.length).fields.map((field) => `${field.name}: ${field.value}`);
}

interface Example {
  readonly name: string;
  readonly tableBytesMax: number;
  readonly steps: readonly { readonly hex: string; readonly fields: string[]; readonly tableBytes: number }[];
}

const REQUESTS = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
  [
    ':method: GET',
    ':scheme: https',
    ':path: /index.html',
    ':authority: www.example.com',
    'custom-key: custom-value',
  ],
];
const RESPONSES = [
  [
    ':status: 302',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ],
  [
    ':status: 307',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ],
  [
    ':status: 200',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:22 GMT',
    'location: https://www.example.com',
    'content-encoding: gzip',
    'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ],
];

function example(
  name: string,
  tableBytesMax: number,
  lists: readonly string[][],
  tables: number[],
  hex: string[],
): Example {
  return {
    name,
    tableBytesMax,
    steps: hex.map((text, i) => ({ hex: text, fields: lists[i]!, tableBytes: tables[i]! })),
  };
}

const EXAMPLES: readonly Example[] = [
  example(
    'C.2.1 literal, added',
    4096,
    [['custom-key: custom-header']],
    [55],
    ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'],
  ),
  example(
    'C.2.2 literal, not added',
    4096,
    [[':path: /sample/path']],
    [0],
    ['040c 2f73 616d 706c 652f 7061 7468'],
  ),
  example(
    'C.2.3 literal, never added',
    4096,
    [['password: secret']],
    [0],
    ['1008 7061 7373 776f 7264 0673 6563 7265 74'],
  ),
  example('C.2.4 indexed', 4096, [[':method: GET']], [0], ['82']),
  example(
    'C.3 requests, plain',
    4096,
    REQUESTS,
    [57, 110, 164],
    [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
  ),
  example(
    'C.4 requests, Huffman',
    4096,
    REQUESTS,
    [57, 110, 164],
    [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
  ),
  example(
    'C.5 responses, plain, with eviction',
    256,
    RESPONSES,
    [222, 222, 215],
    [
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '4803 3330 37c1 c0bf',
      '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
    ],
  ),
  example(
    'C.6 responses, Huffman, with eviction',
    256,
    RESPONSES,
    [222, 222, 215],
    [
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
      '4883 640e ffc1 c0bf',
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    ],
  ),
];

describe('HPACK examples of RFC 7541 appendix C', () => {
  for (const { name, tableBytesMax, steps } of EXAMPLES) {
    it(name, () => {
      const by = decoder(tableBytesMax);
      for (const step of steps) {
        assert.deepEqual(decodeHex(by, step.hex), step.fields);
        assert.equal(by.tableBytes, step.tableBytes);
      }
    });
  }
});

describe('HPACK decoder', () => {
  it('decodes a repeated block to the same list, and anew once the table has changed', () => {
    const by = decoder();
    const add = Buffer.from('4001610162', 'hex');
    const refer = Buffer.from('be', 'hex');
    by.decode(add, 0, add.length);
    const first = by.decode(refer, 0, 1);
    assert.equal(by.decode(refer, 0, 1), first);
    const addOther = Buffer.from('4001630164', 'hex');
    by.decode(addOther, 0, addOther.length);
    assert.equal(by.decode(refer, 0, 1).fields[0]?.name, 'c');
  });

  const malformed: readonly (readonly [title: string, hex: string])[] = [
    ['index 0', '80'],
    ['an index past both tables', 'ff80 01'],
    ['the end within a number', 'ff80'],
    ['a number of more than five bytes', 'ffff ffff ffff ff0f'],
    ['the end before a value', '4001 61'],
    ['the end within a string', '4005 6162'],
    ['a table size past what was allowed', '3fe2 1f'],
    ['a table size behind a field', '8220'],
    ['padding longer than seven bits', '4001 6182 1fff'],
    ['padding of zeros', '4001 6181 18'],
    ['the end-of-string mark', '4001 6184 ffff ffff'],
  ];
  for (const [title, hex] of malformed) {
    it(`refuses ${title}`, () => {
      assert.throws(() => decodeHex(decoder(), hex), HpackError);
    });
  }

  it('limit headerListBytesMax: a bomb of references is counted, not kept', () => {
    const by = decoder(4096, 10_000);
    const large = encodeLiteralAdded('bomb', 'x'.repeat(3_900));
    by.decode(large, 0, large.length);
    const bomb = Buffer.alloc(60_000, 0xbe);
    const list = by.decode(bomb, 0, bomb.length);
    assert.equal(list.tooLarge, true);
    assert.equal(list.fields.length, 2);
    assert.equal(list.bytes, 60_000 * (3_900 + 4 + 32));
  });

  it('property: bytes that nobody meant decode or are refused, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const by = decoder(4096, 10_000);
        const block = Buffer.from(bytes);
        for (let round = 0; round < 2; round++) {
          try {
            by.decode(block, 0, block.length);
          } catch (error) {
            assert.ok(error instanceof HpackError);
            return;
          }
          assert.ok(by.tableBytes <= 4096);
        }
      }),
      { seed: 1, numRuns: 3000 },
    );
  });
});

function encodeLiteralAdded(name: string, value: string): Buffer {
  return new HpackEncoder().encode([[name, value]]);
}

const byteString = fc
  .array(fc.integer({ min: 1, max: 255 }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));
const pairs: fc.Arbitrary<FieldPair[]> = fc.array(
  fc.tuple(fc.constantFrom('a', 'bc', 'content-type', ':path', 'x-long-name-of-a-field'), byteString),
  { maxLength: 12 },
);

describe('HPACK encoder', () => {
  it('property: what is encoded decodes to itself, through changes of the table size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(pairs, fc.option(fc.integer({ min: 0, max: 5000 }))), { maxLength: 12 }),
        (blocks) => {
          const by = decoder();
          const encoder = new HpackEncoder();
          for (const [fields, tableBytes] of blocks) {
            if (tableBytes !== null) encoder.allowTableBytes(tableBytes);
            const block = encoder.encode(fields);
            const decoded = by.decode(block, 0, block.length).fields;
            assert.deepEqual(
              decoded.map((field) => [field.name, field.value]),
              fields,
            );
          }
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('writes a repeated request as one byte a field', () => {
    const encoder = new HpackEncoder();
    const fields: FieldPair[] = [
      [':method', 'POST'],
      [':path', '/etcdserverpb.KV/Put'],
      ['te', 'trailers'],
    ];
    assert.ok(encoder.encode(fields).length > 20);
    assert.equal(encoder.encode(fields).length, 3);
  });

  it('says the smaller size first when the peer shrank the table and let it grow again', () => {
    const encoder = new HpackEncoder();
    encoder.allowTableBytes(100);
    encoder.allowTableBytes(2000);
    const block = encoder.encode([[':method', 'GET']]);
    assert.equal(block.toString('hex'), '3f45' + '3fb10f' + '82');
  });

  it('without state leaves every table alone', () => {
    const by = decoder();
    const block = encodeStateless([
      [':status', '200'],
      ['grpc-status', '0'],
    ]);
    by.decode(block, 0, block.length);
    assert.equal(by.tableBytes, 0);
  });
});

describe('Huffman code', () => {
  it('property: what is encoded decodes to itself, in the length foretold', () => {
    fc.assert(
      fc.property(byteString, (text) => {
        const coded = new Uint8Array(huffmanLength(text));
        assert.equal(huffmanEncode(text, coded, 0), coded.length);
        const decoded = new Uint8Array(text.length);
        assert.equal(huffmanDecode(coded, 0, coded.length, decoded), text.length);
        assert.equal(Buffer.from(decoded).toString('latin1'), text);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
