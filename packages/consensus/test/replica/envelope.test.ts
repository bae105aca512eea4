/** The bytes of an envelope, there and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes } from '../../src/bytes/malformed.ts';
import { decodeEnvelope, encodeEnvelope } from '../../src/replica/envelope.ts';

const ENVELOPE = {
  member: '00ff10a5deadbeef',
  incarnation: 3,
  sequence: 300,
  oldestPending: 2 ** 40,
  body: Uint8Array.of(7, 8, 9),
};

test('an envelope is these bytes, and comes back as it was', () => {
  const bytes = encodeEnvelope(ENVELOPE);
  assert.equal(Buffer.from(bytes).toString('hex'), '0100ff10a5deadbeef03ac02808080808020070809');
  const decoded = decodeEnvelope(bytes);
  assert.deepEqual({ ...decoded, body: [...decoded.body] }, { ...ENVELOPE, body: [7, 8, 9] });
});

test('an envelope may have an empty body, and is refused when cut short or of another version', () => {
  assert.equal(decodeEnvelope(encodeEnvelope({ ...ENVELOPE, body: new Uint8Array(0) })).body.length, 0);
  const bytes = encodeEnvelope({ ...ENVELOPE, body: new Uint8Array(0) });
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => decodeEnvelope(bytes.subarray(0, length)), MalformedBytes);
  assert.throws(() => decodeEnvelope(Uint8Array.of(2, ...bytes.subarray(1))), MalformedBytes);
});
