/** Each limit, and what its breach costs. The names are those of limits.ts; the attacks are those of docs/spec/http2.md. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ERROR_CODE, FLAG, FRAME, PREFACE, SETTING } from '../../src/http2/frames.ts';
import { encodeStateless } from '../../src/http2/hpack/encoder.ts';
import type { Http2Limits } from '../../src/http2/limits.ts';
import { data, frame, head, RawPeer, request, rstStream, settingsFrame, windowUpdate } from './raw-peer.ts';

const ANSWER = encodeStateless([[':status', '200']]);
const END = FLAG.endStream;

/** Sends `attack(i)` so often, then once more; the connection must bear the first and end at the last. */
function flood(
  limit: keyof Http2Limits,
  burst: number,
  attack: (i: number) => Buffer[],
  before: Buffer[] = [],
): void {
  const peer = new RawPeer({
    limits: { [limit]: { burst, perSecond: 1 } },
    keepalive: { pingIntervalMsMin: 0, pingWithoutStream: true },
  });
  peer.greet();
  peer.send(...before);
  for (let i = 0; i < burst; i++) peer.send(...attack(i));
  assert.equal(peer.end, undefined, 'the burst is borne');
  peer.nowMs += 3_000;
  for (let i = 0; i < 3; i++) peer.send(...attack(burst + i));
  assert.equal(peer.end, undefined, 'three seconds earned three more');
  peer.send(...attack(burst + 3));
  assert.deepEqual(peer.end, { kind: 'limitReached', limit });
  assert.match(peer.take().at(-1)!, new RegExp(`^GOAWAY \\d+ enhanceYourCalm limit: ${limit}$`));
  assert.equal(peer.connection.openStreams, 0);
}

describe('floods end the connection with ENHANCE_YOUR_CALM', () => {
  it('streamResets: rapid reset (CVE-2023-44487)', () => {
    flood('streamResets', 50, (i) => [request(2 * i + 1), rstStream(2 * i + 1, ERROR_CODE.cancel)]);
  });

  it('streamResets: the peer makes us reset (CVE-2025-8671)', () => {
    flood('streamResets', 50, (i) => [request(2 * i + 1), windowUpdate(2 * i + 1, 0)]);
  });

  it('streamResets: requests that are malformed', () => {
    flood('streamResets', 50, (i) => [head(2 * i + 1, FLAG.endHeaders, [[':method', 'GET']])]);
  });

  it('settingsFrames', () => {
    // The greeting has spent one.
    const attack = () => [settingsFrame([[SETTING.initialWindowSize, 1000]])];
    const peer = new RawPeer({ limits: { settingsFrames: { burst: 10, perSecond: 1 } } }).greet();
    for (let i = 0; i < 9; i++) peer.send(...attack());
    assert.equal(peer.end, undefined);
    peer.send(...attack());
    assert.deepEqual(peer.end, { kind: 'limitReached', limit: 'settingsFrames' });
  });

  it('pingFrames', () => {
    flood('pingFrames', 50, () => [frame(FRAME.ping, 0, 0, 'attack!!')]);
  });

  it('emptyDataFrames', () => {
    flood('emptyDataFrames', 50, () => [data(1, '')], [request(1)]);
  });

  it('emptyDataFrames: padding makes a frame no fuller', () => {
    flood('emptyDataFrames', 50, () => [frame(FRAME.data, FLAG.padded, 1, '\x02\0\0')], [request(1)]);
  });

  it('idleFrames: PRIORITY, unknown types, frames of streams that are over', () => {
    flood('idleFrames', 50, () => [frame(FRAME.priority, 0, 7, Buffer.alloc(5))]);
    flood('idleFrames', 50, () => [frame(99, 0, 7, 'x')]);
    flood('idleFrames', 50, () => [windowUpdate(1, 1)], [request(1), rstStream(1, 8)]);
  });
});

describe('header blocks', () => {
  it('headerListBytesMax: too much is answered with 431, and the connection goes on', () => {
    const peer = new RawPeer({ limits: { headerListBytesMax: 500 } }).greet();
    peer.send(request(1, END, [['big', 'x'.repeat(500)]]));
    assert.deepEqual(peer.take(), ['HEADERS 1 :status=431 ends', 'RST_STREAM 1 noError']);
    peer.send(request(3, END));
    assert.equal(peer.streams[0]!.stream.id, 3);
  });

  it('headerListBytesMax: too long trailers reset their stream', () => {
    const peer = new RawPeer({ limits: { headerListBytesMax: 500 } }).greet();
    peer.send(request(1), head(1, FLAG.endHeaders | END, [['big', 'x'.repeat(500)]]));
    assert.deepEqual(peer.take(), ['RST_STREAM 1 enhanceYourCalm']);
  });

  it('headerBlockBytesMax: a block without end', () => {
    const peer = new RawPeer({ limits: { headerBlockBytesMax: 1000 } }).greet();
    peer.send(frame(FRAME.headers, 0, 1, Buffer.alloc(600)));
    assert.equal(peer.end, undefined);
    peer.send(frame(FRAME.continuation, 0, 1, Buffer.alloc(600)));
    assert.deepEqual(peer.end, { kind: 'limitReached', limit: 'headerBlockBytesMax' });
  });

  it('continuationFramesMax: CONTINUATION flood (CVE-2024-27316), with empty frames too', () => {
    const peer = new RawPeer({ limits: { continuationFramesMax: 5 } }).greet();
    peer.send(frame(FRAME.headers, 0, 1, ''));
    for (let i = 0; i < 5; i++) peer.send(frame(FRAME.continuation, 0, 1, ''));
    assert.equal(peer.end, undefined);
    peer.send(frame(FRAME.continuation, 0, 1, ''));
    assert.deepEqual(peer.end, { kind: 'limitReached', limit: 'continuationFramesMax' });
  });

  it('headerTableBytesMax: an encoder may not take more than was announced', () => {
    const peer = new RawPeer({ limits: { headerTableBytesMax: 100 } }).greet();
    peer.send(frame(FRAME.headers, FLAG.endHeaders | END, 1, Buffer.from('3f46828486', 'hex')));
    assert.match(peer.take().at(-1)!, /^GOAWAY 0 compressionError/);
  });
});

describe('streams', () => {
  it('concurrentStreamsMax: one more is refused, and taken when one has ended', () => {
    const peer = new RawPeer({ limits: { concurrentStreamsMax: 2 } }).greet();
    peer.send(request(1, END), request(3, END), request(5, END));
    assert.deepEqual(peer.take(), ['RST_STREAM 5 refusedStream']);
    peer.streams[0]!.stream.sendHeadersAndEnd(ANSWER);
    peer.send(request(7, END));
    assert.equal(peer.streams.at(-1)!.stream.id, 7);
  });

  it('frameBytesMax: a larger size is announced and taken', () => {
    const peer = new RawPeer({ limits: { frameBytesMax: 20_000 } }).greet();
    peer.send(request(1), data(1, Buffer.alloc(20_000)));
    assert.deepEqual(peer.streams[0]!.events, ['data 20000']);
    peer.send(data(1, Buffer.alloc(20_001)));
    assert.match(peer.take().at(-1)!, /^GOAWAY 1 frameSizeError/);
  });
});

describe('peers that do not read', () => {
  it('connectionQueueBytesMax: what waits for windows is bounded; the stream that comes too much is reset', () => {
    const peer = new RawPeer({ limits: { connectionQueueBytesMax: 10_000 } }).greet(
      settingsFrame([[SETTING.initialWindowSize, 0]]),
    );
    for (let i = 0; i < 4; i++) {
      peer.send(request(2 * i + 1, END));
      peer.streams[i]!.stream.write(Buffer.alloc(6_000));
    }
    assert.deepEqual(peer.take(), ['RST_STREAM 5 enhanceYourCalm', 'RST_STREAM 7 enhanceYourCalm']);
    assert.equal(peer.connection.sender.queuedBytes, 12_000);
    assert.deepEqual(peer.streams[3]!.events.at(-1), 'reset enhanceYourCalm');
  });

  it('TURN_BYTES_MAX: a socket that is full gets no more DATA until it has drained', async () => {
    const peer = new RawPeer({ socketBufferBytes: 1000 }).greet(
      settingsFrame([[SETTING.initialWindowSize, 10_000_000]]),
      windowUpdate(0, 10_000_000),
    );
    peer.socket.stuck = true;
    peer.send(request(1, END));
    const { stream } = peer.streams[0]!;
    stream.write(Buffer.alloc(1_000_000));
    peer.endTurn();
    const heldBytes = peer.socket.writableLength;
    assert.ok(heldBytes < 300_000, `${heldBytes} bytes went to a socket that takes none`);
    assert.equal(peer.connection.sender.queuedBytes + heldBytes >= 1_000_000, true);
    peer.socket.release();
    while (peer.connection.sender.queuedBytes > 0) {
      peer.endTurn();
      await turn();
    }
    const received = peer.take().reduce((sum, line) => sum + Number(line.split(' ')[2]), 0);
    assert.equal(received, 1_000_000);
  });

  it('unreadFrameBytesMax: replies that nobody reads end in the loss of the socket', () => {
    const peer = new RawPeer({
      socketBufferBytes: 100,
      limits: { unreadFrameBytesMax: 10_000, pingFrames: { burst: 1e9, perSecond: 1 } },
      keepalive: { pingIntervalMsMin: 0, pingWithoutStream: true },
    });
    peer.socket.stuck = true;
    peer.greet();
    let sent = 0;
    while (peer.end === undefined && sent < 10_000) {
      peer.send(frame(FRAME.ping, 0, 0, 'attack!!'));
      sent++;
    }
    assert.deepEqual(peer.end, { kind: 'limitReached', limit: 'unreadFrameBytesMax' });
    assert.equal(peer.socket.destroyed, true);
    assert.ok(sent < 1_000);
  });
});

describe('deadlines', () => {
  it('prefaceTimeoutMs', () => {
    const peer = new RawPeer();
    peer.send(PREFACE);
    peer.nowMs += 9_999;
    peer.connection.tick();
    assert.equal(peer.end, undefined);
    peer.nowMs += 1;
    peer.connection.tick();
    assert.deepEqual(peer.end, { kind: 'deadlineMissed', deadline: 'prefaceTimeoutMs' });
  });

  it('headerBlockTimeoutMs', () => {
    const peer = new RawPeer().greet();
    peer.send(head(1, 0, [[':method', 'GET']]));
    peer.nowMs += 10_000;
    peer.connection.tick();
    assert.deepEqual(peer.end, { kind: 'deadlineMissed', deadline: 'headerBlockTimeoutMs' });
  });

  it('idleBeforePingMs and pingTimeoutMs: a silent peer is pinged, and given up', () => {
    const keepalive = { idleBeforePingMs: 5_000, pingTimeoutMs: 1_000 };
    const peer = new RawPeer({ keepalive }).greet();
    peer.nowMs += 5_000;
    peer.connection.tick();
    assert.deepEqual(peer.take(), ['PING keepaliv']);
    peer.nowMs += 999;
    peer.connection.tick();
    peer.send(frame(FRAME.ping, FLAG.ack, 0, 'keepaliv'));
    peer.nowMs += 4_999;
    peer.connection.tick();
    assert.deepEqual(peer.take(), []);
    peer.nowMs += 1;
    peer.connection.tick();
    peer.nowMs += 1_000;
    peer.connection.tick();
    assert.deepEqual(peer.end, { kind: 'deadlineMissed', deadline: 'pingTimeoutMs' });
  });
});

describe('pings, as gRPC counts them', () => {
  const ping = frame(FRAME.ping, 0, 0, 'keepaliv');

  it('pingIntervalMsMin: two that come too early are forgiven, the third is not', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1));
    for (let i = 0; i < 3; i++) peer.send(ping);
    assert.equal(peer.end, undefined);
    peer.send(ping);
    assert.equal(peer.take().at(-1), 'GOAWAY 1 enhanceYourCalm too_many_pings');
    assert.deepEqual(peer.end, { kind: 'limitReached', limit: 'pingIntervalMsMin' });
  });

  it('pingIntervalMsMin: pings at the interval are welcome for as long as a stream is open', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1));
    for (let i = 0; i < 20; i++) {
      peer.send(ping);
      peer.nowMs += 5_000;
    }
    assert.equal(peer.end, undefined);
  });

  it('pingWithoutStream: without an open stream they are not', () => {
    const peer = new RawPeer().greet();
    for (let i = 0; i < 4; i++) {
      peer.send(ping);
      peer.nowMs += 5_000;
    }
    assert.deepEqual(peer.end, { kind: 'limitReached', limit: 'pingIntervalMsMin' });
    const allowed = new RawPeer({ keepalive: { pingWithoutStream: true } }).greet();
    for (let i = 0; i < 4; i++) {
      allowed.send(ping);
      allowed.nowMs += 5_000;
    }
    assert.equal(allowed.end, undefined);
  });

  it('an answer excuses the pings before it: clients measure bandwidth while data comes', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1));
    for (let i = 0; i < 20; i++) {
      peer.send(ping);
      peer.streams[0]!.stream.write(Buffer.from('x'));
    }
    assert.equal(peer.end, undefined);
  });
});
