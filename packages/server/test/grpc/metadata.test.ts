/** The encodings of header values. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatTimeout, parseTimeout, percentDecode, percentEncode } from '../../src/grpc/metadata.ts';

describe('grpc-message', () => {
  it('leaves plain text alone, and escapes the rest byte by byte', () => {
    assert.equal(percentEncode('etcdserver: key not found'), 'etcdserver: key not found');
    assert.equal(percentEncode('100% ü\n'), '100%25 %C3%BC%0A');
    assert.equal(percentEncode(' x '), '%20x%20');
  });

  it('decodes what is no escape as it is', () => {
    assert.equal(percentDecode('50% and %zz and %4'), '50% and %zz and %4');
  });

  it('property: any text comes back, and is a legal field value on the way', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = percentEncode(text);
        assert.match(encoded, /^([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?$/);
        assert.equal(percentDecode(encoded), text);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

describe('grpc-timeout', () => {
  it('knows every unit', () => {
    const values: readonly (readonly [string, number])[] = [
      ['1H', 3_600_000],
      ['2M', 120_000],
      ['3S', 3_000],
      ['4m', 4],
      ['5000u', 5],
      ['6000000n', 6],
      ['99999999S', 99_999_999_000],
    ];
    for (const [text, timeoutMs] of values) assert.ok(Math.abs(parseTimeout(text)! - timeoutMs) < 1e-6, text);
  });

  it('refuses what is none', () => {
    for (const text of ['', 'S', '1', '1s', '-1S', '1.5S', '123456789S', ' 1S', '1 S'])
      assert.equal(parseTimeout(text), undefined, text);
  });

  it('property: what is written is read, never longer and hardly shorter', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e9, noNaN: true }), (timeoutMs) => {
        const read = parseTimeout(formatTimeout(timeoutMs))!;
        assert.ok(read <= timeoutMs * (1 + 1e-9) && read >= timeoutMs * 0.99 - 0.001);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
