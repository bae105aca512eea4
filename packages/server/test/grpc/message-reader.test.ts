/** Messages out of DATA frames, however they are cut; and each way in which they can be wrong. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { MessageReader, type MessageSink } from '../../src/grpc/message-reader.ts';
import type { GrpcStatus } from '../../src/grpc/status.ts';

const LIMITS = { messageBytesMax: 1000, partialMessageBytesMax: 5000 };

function framed(message: Uint8Array, flag: number = 0): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

class Collector implements MessageSink {
  readonly messages: Uint8Array[] = [];
  readonly refusals: GrpcStatus[] = [];
  messageReceived(bytes: Uint8Array): void {
    this.messages.push(bytes);
  }
  messageRefused(status: GrpcStatus): void {
    this.refusals.push(status);
  }
}

function read(bytes: Buffer, encoding?: string): Collector {
  const sink = new Collector();
  new MessageReader(LIMITS, { bytes: 0 }, encoding).push(bytes, 0, bytes.length, sink);
  return sink;
}

describe('gRPC messages', () => {
  it('property: messages come out as they went in, however the bytes are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, sizes) => {
        const bytes = Buffer.concat(sent.map((message) => framed(message)));
        const partial = { bytes: 0 };
        const reader = new MessageReader(LIMITS, partial, undefined);
        const sink = new Collector();
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = Math.min(at + sizes[i % sizes.length]!, bytes.length);
          reader.push(bytes, at, end, sink);
          at = end;
        }
        assert.deepEqual(
          sink.messages.map((message) => [...message]),
          sent.map((message) => [...message]),
        );
        assert.equal(partial.bytes, 0);
        assert.equal(reader.isInMessage, false);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('hands on a message that is whole without a copy', () => {
    const bytes = framed(Buffer.from('hello'));
    const [message] = read(bytes).messages;
    assert.equal(message?.buffer, bytes.buffer);
  });

  it('limit messageBytesMax: refuses by the length alone, in the words of gRPC for Go', () => {
    const expected = [{ code: 8, text: 'grpc: received message larger than max (1001 vs. 1000)' }];
    assert.deepEqual(read(framed(new Uint8Array(1001)).subarray(0, 5)).refusals, expected);
    assert.equal(read(framed(new Uint8Array(1000))).messages.length, 1);
  });

  it('limit partialMessageBytesMax: incomplete messages are bounded over all calls', () => {
    const partial = { bytes: 0 };
    const half = framed(new Uint8Array(1000)).subarray(0, 900);
    const sinks: Collector[] = [];
    const readers = Array.from({ length: 6 }, () => {
      const reader = new MessageReader(LIMITS, partial, undefined);
      const sink = new Collector();
      sinks.push(sink);
      reader.push(half, 0, half.length, sink);
      return reader;
    });
    assert.deepEqual(
      sinks.map((sink) => sink.refusals[0]?.code),
      [undefined, undefined, undefined, undefined, undefined, 8],
    );
    assert.equal(partial.bytes, 4500);
    for (const reader of readers) reader.stop();
    assert.equal(partial.bytes, 0);
  });

  it('inflates gzip, up to the limit', () => {
    const packed = framed(gzipSync(Buffer.from('hello')), 1);
    assert.equal(Buffer.from(read(packed, 'gzip').messages[0]!).toString(), 'hello');
    const bomb = framed(gzipSync(Buffer.alloc(100_000)), 1);
    assert.deepEqual(read(bomb, 'gzip').refusals, [
      { code: 8, text: 'grpc: received message after decompression larger than max 1000' },
    ]);
  });

  it('refuses what it cannot unpack', () => {
    const packed = framed(Buffer.from('x'), 1);
    assert.deepEqual(read(packed, 'snappy').refusals, [
      { code: 12, text: 'grpc: Decompressor is not installed for grpc-encoding "snappy"' },
    ]);
    assert.deepEqual(read(packed).refusals, [
      { code: 13, text: 'grpc: compressed flag set with identity or empty encoding' },
    ]);
    assert.equal(read(packed, 'gzip').refusals[0]?.code, 13);
    assert.deepEqual(read(framed(Buffer.from('x'), 2)).refusals, [
      { code: 13, text: 'grpc: received unexpected payload format 2' },
    ]);
  });

  it('reads nothing behind a refusal', () => {
    const sink = read(Buffer.concat([framed(Buffer.from('x'), 2), framed(Buffer.from('y'))]));
    assert.equal(sink.messages.length, 0);
    assert.equal(sink.refusals.length, 1);
  });
});
