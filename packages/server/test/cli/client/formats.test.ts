/** The small forms that etcdctl's output is made of, and the words of ranges. The expectations are Go's own output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prefixEnd, rangeOf } from '../../../src/cli/client/key-range.ts';
import { leaseIdOf } from '../../../src/cli/client/put-request.ts';
import { goDuration, goQuote, shownBytes, sizeText } from '../../../src/cli/client/writers/go-formats.ts';

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

test('quoted bytes: what can be printed as it is, the rest escaped', () => {
  assert.equal(goQuote('plain'), '"plain"');
  assert.equal(goQuote('a"b\\c\nd\te\x07'), String.raw`"a\"b\\c\nd\te\a"`);
  assert.equal(goQuote(latin1('ключ \u{1f5f3}')), '"ключ \u{1f5f3}"');
  assert.equal(goQuote('\x00\x7f\xff\xc3'), String.raw`"\x00\x7f\xff\xc3"`);
  assert.equal(goQuote(latin1('\u00a0\u200b\u{e0001}')), String.raw`"\u00a0\u200b\U000e0001"`);
});

test('durations and sizes', () => {
  assert.equal(goDuration(0), '0s');
  assert.equal(goDuration(0.0005), '500ns');
  assert.equal(goDuration(0.85), '850µs');
  assert.equal(goDuration(1.388213), '1.388213ms');
  assert.equal(goDuration(5000.798158), '5.000798158s');
  assert.equal(goDuration(90_500), '1m30.5s');
  assert.equal(goDuration(3_600_000), '1h0m0s');
  for (const [bytes, text] of [
    [0, '0 B'],
    [9, '9 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1536, '1.5 kB'],
    [24_576, '25 kB'],
    [1_048_576, '1.0 MB'],
    [8_589_934_592, '8.6 GB'],
  ] as const)
    assert.equal(sizeText(bytes), text);
});

test('--hex', () => {
  assert.equal(shownBytes('a/\xff', true), '\\x61\\x2f\\xff');
  assert.equal(shownBytes('a/\xff', false), 'a/\xff');
});

test('the end of a prefix, and what an empty key means', () => {
  assert.equal(prefixEnd('config/'), 'config0');
  assert.equal(prefixEnd('a\xff'), 'b');
  assert.equal(prefixEnd('\xff\xff'), '\0');
  const prefix = { isPrefix: true, isFromKey: false };
  const fromKey = { isPrefix: false, isFromKey: true };
  const plain = { isPrefix: false, isFromKey: false };
  assert.deepEqual(rangeOf('a', '', prefix), { key: 'a', range_end: 'b' });
  assert.deepEqual(rangeOf('', '', prefix), { key: '\0', range_end: '\0' });
  assert.deepEqual(rangeOf('a', '', fromKey), { key: 'a', range_end: '\0' });
  assert.deepEqual(rangeOf('', '', fromKey), { key: '\0', range_end: '\0' });
  assert.deepEqual(rangeOf('a', 'c', plain), { key: 'a', range_end: 'c' });
  assert.deepEqual(rangeOf('', '', plain), { key: '', range_end: '' });
});

test('leases are hexadecimal numbers of 63 bits', () => {
  assert.equal(leaseIdOf('1A2b'), '0000000000001a2b');
  assert.equal(leaseIdOf('0'), '');
  assert.equal(leaseIdOf('7fffffffffffffff'), '7fffffffffffffff');
  for (const wrong of ['', 'zz', '-1', '8000000000000000', '0x12']) assert.equal(leaseIdOf(wrong), undefined);
});
