/** What holds of every core's codec: what goes in comes out, and what never went in is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MalformedBytes } from '../../src/bytes/malformed.ts';
import type { MessageCodec, PeerMessage } from '../../src/core/messages.ts';

/** `messages`: one of each kind. */
export function testCodec(codec: MessageCodec, messages: readonly PeerMessage[]): void {
  for (const message of messages)
    test(`${message.kind} survives the wire, and no shorter or longer bytes are taken for it`, () => {
      const bytes = codec.encode(message).slice();
      assert.deepEqual(codec.decode(bytes), message);
      for (let length = 0; length < bytes.length; length++)
        assert.throws(() => codec.decode(bytes.subarray(0, length)), MalformedBytes);
      assert.throws(() => codec.decode(new Uint8Array([...bytes, 0])), MalformedBytes);
    });

  test('a message that goes to several members goes out as the same bytes', () => {
    for (const message of messages) assert.equal(codec.encode(message), codec.encode(message));
  });

  test('a message of another version, group or kind is malformed', () => {
    for (const message of messages)
      for (const at of [0, 1, 2]) {
        const wrong = codec.encode(message).slice();
        wrong[at] = 99;
        assert.throws(() => codec.decode(wrong), MalformedBytes);
      }
  });

  test('whatever bytes arrive, decoding gives a message or says that they are malformed', () => {
    const samples = messages.map((message) => codec.encode(message).slice());
    fc.assert(
      fc.property(fc.nat(samples.length - 1), fc.nat(200), fc.nat(255), (which, at, byte) => {
        const bytes = samples[which]!.slice();
        bytes[at % bytes.length] = byte;
        try {
          codec.decode(bytes);
        } catch (error) {
          assert.ok(error instanceof MalformedBytes, String(error));
        }
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
}
