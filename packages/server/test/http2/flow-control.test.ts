/** Windows in both directions, and what waits for them (RFC 9113 sections 5.2 and 6.9). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FLAG, SETTING } from '../../src/http2/frames.ts';
import { encodeStateless } from '../../src/http2/hpack/encoder.ts';
import { data, RawPeer, request, settingsFrame, windowUpdate } from './raw-peer.ts';

const ANSWER = encodeStateless([[':status', '200']]);
const TRAILERS = encodeStateless([['grpc-status', '0']]);
const END = FLAG.endStream;

function dataBytes(lines: readonly string[], streamId: number): number {
  let bytes = 0;
  for (const line of lines) {
    const [type, id, length] = line.split(' ');
    if (type === 'DATA' && Number(id) === streamId) bytes += Number(length);
  }
  return bytes;
}

describe('what we send', () => {
  it('keeps to the stream window, and the trailers wait for the data', () => {
    const peer = new RawPeer().greet(settingsFrame([[SETTING.initialWindowSize, 10]]));
    peer.send(request(1, END));
    const { stream } = peer.streams[0]!;
    stream.sendHeaders(ANSWER);
    assert.equal(stream.write(Buffer.alloc(25)), true);
    stream.end(TRAILERS);
    assert.deepEqual(peer.take(), ['HEADERS 1 :status=200', 'DATA 1 10']);
    peer.send(windowUpdate(1, 10));
    assert.deepEqual(peer.take(), ['DATA 1 10']);
    peer.send(windowUpdate(1, 10));
    assert.deepEqual(peer.take(), ['DATA 1 5', 'HEADERS 1 grpc-status=0 ends']);
    assert.equal(peer.connection.openStreams, 0);
    assert.equal(peer.connection.sender.queuedBytes, 0);
  });

  it('keeps to the connection window, and serves the streams in turn', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1, END), request(3, END));
    for (const { stream } of peer.streams) {
      stream.sendHeaders(ANSWER);
      stream.write(Buffer.alloc(65_000));
      stream.end(undefined);
    }
    const first = peer.take();
    assert.equal(dataBytes(first, 1) + dataBytes(first, 3), 65_535);
    peer.send(windowUpdate(0, 32_768));
    const second = peer.take();
    assert.deepEqual(second, ['DATA 3 16384', 'DATA 3 16384']);
    peer.send(windowUpdate(0, 100_000));
    const third = peer.take();
    assert.equal(dataBytes(third, 3), 65_000 - 535 - 32_768);
    assert.equal(third.at(-1)!.endsWith('ends'), true);
  });

  it('6.9.2 counts a new initial window for open streams, below zero too', () => {
    const peer = new RawPeer().greet(settingsFrame([[SETTING.initialWindowSize, 100]]));
    peer.send(request(1, END));
    const { stream } = peer.streams[0]!;
    stream.write(Buffer.alloc(150));
    assert.deepEqual(peer.take(), ['DATA 1 100']);
    peer.send(settingsFrame([[SETTING.initialWindowSize, 20]]));
    peer.send(windowUpdate(1, 80));
    assert.deepEqual(peer.take(), ['SETTINGS ack']);
    peer.send(settingsFrame([[SETTING.initialWindowSize, 1000]]));
    assert.deepEqual(peer.take(), ['SETTINGS ack', 'DATA 1 50']);
  });

  it('4.2 keeps to the size of frame that the peer takes', () => {
    const peer = new RawPeer().greet(
      settingsFrame([
        [SETTING.maxFrameSize, 20_000],
        [SETTING.initialWindowSize, 1_000_000],
      ]),
    );
    peer.send(request(1, END));
    peer.streams[0]!.stream.write(Buffer.alloc(50_000));
    assert.deepEqual(peer.take(), ['DATA 1 20000', 'DATA 1 20000', 'DATA 1 10000']);
  });

  it('writes in place where it fits, and with one copy where it does not', () => {
    const peer = new RawPeer().greet(settingsFrame([[SETTING.initialWindowSize, 10]]));
    peer.send(request(1, END));
    const { stream } = peer.streams[0]!;
    const write = (into: Buffer, offset: number) => offset + into.write('abcdef', offset, 'latin1');
    stream.writeInPlace(8, write);
    stream.writeInPlace(8, write);
    assert.deepEqual(peer.take(), ['DATA 1 6', 'DATA 1 4']);
    peer.send(windowUpdate(1, 10));
    assert.deepEqual(peer.take(), ['DATA 1 2']);
  });

  it('limit streamQueueBytes: says that there is no room, and when there is again', () => {
    const peer = new RawPeer({ limits: { streamQueueBytes: 1000 } }).greet(
      settingsFrame([[SETTING.initialWindowSize, 0]]),
    );
    peer.send(request(1));
    const { stream, events } = peer.streams[0]!;
    assert.equal(stream.write(Buffer.alloc(1000)), true);
    assert.equal(stream.write(Buffer.alloc(1000)), false);
    peer.send(windowUpdate(1, 1400));
    assert.deepEqual(events, []);
    peer.send(windowUpdate(1, 100));
    assert.deepEqual(events, ['writable']);
  });

  it('property: every byte arrives once and in order, whatever the windows do', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), stream: fc.nat(2), bytes: fc.nat(40_000) }),
      fc.record({
        kind: fc.constant('stream' as const),
        stream: fc.nat(2),
        bytes: fc.integer({ min: 1, max: 30_000 }),
      }),
      fc.record({
        kind: fc.constant('connection' as const),
        stream: fc.constant(0),
        bytes: fc.integer({ min: 1, max: 30_000 }),
      }),
      fc.record({ kind: fc.constant('settings' as const), stream: fc.constant(0), bytes: fc.nat(60_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const peer = new RawPeer({ limits: { settingsFrames: { burst: 1000, perSecond: 1 } } }).greet();
        peer.send(request(1, END), request(3, END), request(5, END));
        const written = [0, 0, 0];
        const received = [0, 0, 0];
        let connectionWindow = 65_535;
        const windows = [65_535, 65_535, 65_535];
        let initial = 65_535;
        const settle = () => {
          const lines = peer.take();
          for (let i = 0; i < 3; i++) {
            const bytes = dataBytes(lines, 2 * i + 1);
            received[i]! += bytes;
            windows[i]! -= bytes;
            connectionWindow -= bytes;
            if (bytes > 0) assert.ok(windows[i]! >= 0 && connectionWindow >= 0, 'windows are kept');
          }
        };
        for (const { kind, stream, bytes } of steps) {
          if (kind === 'write') {
            peer.streams[stream]!.stream.write(Buffer.alloc(bytes));
            written[stream]! += bytes;
          } else if (kind === 'stream') {
            peer.send(windowUpdate(2 * stream + 1, bytes));
            windows[stream]! += bytes;
          } else if (kind === 'connection') {
            peer.send(windowUpdate(0, bytes));
            connectionWindow += bytes;
          } else {
            peer.send(settingsFrame([[SETTING.initialWindowSize, bytes]]));
            for (let i = 0; i < 3; i++) windows[i]! += bytes - initial;
            initial = bytes;
          }
          settle();
        }
        for (let round = 0; round < 40; round++) {
          peer.send(
            windowUpdate(0, 100_000),
            windowUpdate(1, 100_000),
            windowUpdate(3, 100_000),
            windowUpdate(5, 100_000),
          );
          connectionWindow += 100_000;
          for (let i = 0; i < 3; i++) windows[i]! += 100_000;
          settle();
        }
        assert.deepEqual(received, written);
        assert.equal(peer.connection.sender.queuedBytes, 0);
      }),
      { seed: 1, numRuns: 150 },
    );
  });
});

describe('what we receive', () => {
  it('gives the window back in halves', () => {
    const peer = new RawPeer({ limits: { streamWindowBytes: 1000, connectionWindowBytes: 65_535 } }).greet();
    peer.send(request(1), data(1, Buffer.alloc(499)));
    assert.deepEqual(peer.take(), []);
    peer.send(data(1, Buffer.alloc(1)));
    assert.deepEqual(peer.take(), ['WINDOW_UPDATE 1 500']);
    for (let i = 0; i < 65; i++) peer.send(data(1, Buffer.alloc(500)));
    const updates = peer.take();
    assert.equal(updates.filter((line) => line === 'WINDOW_UPDATE 1 500').length, 65);
    assert.deepEqual(
      updates.filter((line) => line.startsWith('WINDOW_UPDATE 0')),
      ['WINDOW_UPDATE 0 33000'],
    );
  });

  it('limit streamWindowBytes: a stream that sends more than it may is reset', () => {
    const peer = new RawPeer({ limits: { streamWindowBytes: 1000 } }).greet();
    peer.send(request(1), data(1, Buffer.alloc(1001)));
    assert.deepEqual(peer.take(), ['RST_STREAM 1 flowControlError']);
    assert.deepEqual(peer.streams[0]!.events, ['reset flowControlError']);
  });

  it('limit connectionWindowBytes: streams that together send more than they may cost the connection', () => {
    const limits = { streamWindowBytes: 60_000, connectionWindowBytes: 65_535 };
    const peer = new RawPeer({ limits }).greet();
    peer.connection.receiveWindow.take(65_000);
    peer.send(request(1), data(1, Buffer.alloc(1000)));
    assert.match(peer.take().at(-1)!, /^GOAWAY 1 flowControlError/);
  });

  it('counts padding and data of closed streams against the connection', () => {
    const limits = { connectionWindowBytes: 65_535 };
    const peer = new RawPeer({ limits }).greet();
    peer.send(request(1));
    peer.streams[0]!.stream.sendHeadersAndEnd(ANSWER);
    peer.take();
    for (let i = 0; i < 4; i++) peer.send(data(1, Buffer.alloc(10_000)));
    assert.deepEqual(peer.take(), ['WINDOW_UPDATE 0 40000']);
  });
});
