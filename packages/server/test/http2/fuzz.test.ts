/** Bytes that nobody meant: whatever comes, the connection answers, ends or goes on, and holds no more than its limits. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FLAG, FRAME, PREFACE, SETTING } from '../../src/http2/frames.ts';
import { encodeStateless, HpackEncoder } from '../../src/http2/hpack/encoder.ts';
import { data, frame, RawPeer, request, rstStream, settingsFrame, windowUpdate } from './raw-peer.ts';

const ANSWER = encodeStateless([[':status', '200']]);

/** A session that exercises every kind of frame, as one run of bytes. */
function session(): Buffer {
  const encoder = new HpackEncoder();
  const head = encoder.encode([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/fuzz'],
    ['x-key', 'value'],
  ]);
  return Buffer.concat([
    PREFACE,
    settingsFrame([
      [SETTING.initialWindowSize, 1000],
      [SETTING.headerTableSize, 100],
    ]),
    frame(FRAME.headers, FLAG.endHeaders, 1, head),
    data(1, 'hello'),
    frame(FRAME.data, FLAG.padded | FLAG.endStream, 1, '\x03abc\0\0\0'),
    frame(FRAME.headers, 0, 3, head.subarray(0, 3)),
    frame(FRAME.continuation, FLAG.endHeaders, 3, head.subarray(3)),
    windowUpdate(0, 1000),
    windowUpdate(3, 1000),
    frame(FRAME.ping, 0, 0, '12345678'),
    frame(FRAME.priority, 0, 3, Buffer.alloc(5)),
    rstStream(3, 8),
    request(5, FLAG.endStream),
    frame(FRAME.settings, FLAG.ack, 0, ''),
    request(7),
    data(7, 'x', FLAG.endStream),
  ]);
}

/** Answers all streams, lets time pass, and looks at what is left. */
function settle(peer: RawPeer): void {
  for (const { stream } of peer.streams) {
    stream.sendHeaders(ANSWER);
    stream.write(Buffer.alloc(2_000));
    stream.end(undefined);
  }
  peer.endTurn();
  assert.ok(peer.connection.sender.queuedBytes <= peer.streams.length * 2_000);
  if (peer.end !== undefined) {
    assert.equal(peer.connection.openStreams, 0);
    assert.equal(peer.connection.sender.queuedBytes, 0);
    for (const { events } of peer.streams)
      assert.ok(events.filter((event) => event.startsWith('reset')).length <= 1);
    peer.nowMs += 2_000;
    peer.connection.tick();
    assert.equal(peer.socket.destroyed, true);
  }
}

const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 });

function sendInPieces(peer: RawPeer, bytes: Buffer, sizes: readonly number[]): void {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    peer.send(bytes.subarray(at, at + size));
    at += size;
  }
}

describe('HTTP/2 under random bytes', () => {
  it('property: garbage ends the connection or is waited for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), cuts, (bytes, withPreface, sizes) => {
        const peer = new RawPeer();
        if (withPreface) peer.greet();
        sendInPieces(peer, Buffer.from(bytes), sizes);
        settle(peer);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('property: a valid session with some bytes changed, left out or put in twice', () => {
    const valid = session();
    const mutation = fc.record({
      at: fc.nat(valid.length - 1),
      kind: fc.constantFrom('set', 'drop', 'repeat'),
      value: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.array(mutation, { maxLength: 4 }), cuts, (mutations, sizes) => {
        let bytes = Buffer.from(valid);
        for (const { at, kind, value } of mutations) {
          const place = at % bytes.length;
          if (kind === 'set') bytes[place] = value;
          else if (kind === 'drop')
            bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)]);
          else bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(Math.max(0, place - 30))]);
        }
        const peer = new RawPeer();
        sendInPieces(peer, bytes, sizes);
        if (mutations.length === 0) assert.equal(peer.streams.length, 4);
        settle(peer);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('property: valid frames in any order', () => {
    const streamId = fc.integer({ min: 0, max: 7 });
    const anyFrame = fc
      .tuple(fc.nat(10), fc.nat(255), streamId, fc.uint8Array({ maxLength: 40 }))
      .map(([type, flags, id, payload]) => frame(type, flags, id, payload));
    const goodFrame = fc.oneof(
      streamId.map((id) => request(id, 0)),
      streamId.map((id) => request(id, FLAG.endStream)),
      fc.tuple(streamId, fc.boolean()).map(([id, ends]) => data(id, 'abc', ends ? FLAG.endStream : 0)),
      streamId.map((id) => rstStream(id, 8)),
      fc.tuple(streamId, fc.nat(2 ** 31 - 1)).map(([id, increment]) => windowUpdate(id, increment)),
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: goodFrame }, anyFrame), { maxLength: 30 }),
        fc.nat(3),
        (frames, answerEvery) => {
          const peer = new RawPeer().greet();
          frames.forEach((bytes, i) => {
            peer.send(bytes);
            if (answerEvery > 0 && i % answerEvery === 0)
              peer.streams.at(-1)?.stream.sendHeadersAndEnd(ANSWER);
          });
          settle(peer);
        },
      ),
      { seed: 1, numRuns: 1500 },
    );
  });

  it('property: a client bears any server', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (bytes, sizes) => {
        const peer = new RawPeer({ role: 'client' });
        peer.connection.open(encodeStateless([[':method', 'GET']]), {
          onHeaders: () => undefined,
          onData: () => undefined,
          onEnd: () => undefined,
          onReset: () => undefined,
          onWritable: () => undefined,
        });
        peer.send(settingsFrame([]));
        sendInPieces(peer, Buffer.from(bytes), sizes);
        settle(peer);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
