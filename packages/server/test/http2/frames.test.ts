/** What each frame does, as a transcript: what the peer sends, what comes back. Sections are those of RFC 9113. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERROR_CODE, FLAG, FRAME, PREFACE, SETTING } from '../../src/http2/frames.ts';
import { encodeStateless } from '../../src/http2/hpack/encoder.ts';
import {
  data,
  frame,
  head,
  RawPeer,
  request,
  rstStream,
  settingsFrame,
  uint32,
  windowUpdate,
} from './raw-peer.ts';

const ANSWER = encodeStateless([[':status', '200']]);
const TRAILERS = encodeStateless([['grpc-status', '0']]);
const END = FLAG.endStream;

describe('HTTP/2 frames that keep the rules', () => {
  it('3.4 says SETTINGS and its window first, and acknowledges those of the client', () => {
    const peer = new RawPeer();
    assert.deepEqual(peer.take(), ['SETTINGS', 'WINDOW_UPDATE 0 16711681']);
    peer.send(PREFACE, settingsFrame([]));
    assert.deepEqual(peer.take(), ['SETTINGS ack']);
  });

  it('8.1 takes a request and gives an answer with trailers, in one write', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1), data(1, 'hello', END));
    const { stream, headers, events } = peer.streams[0]!;
    assert.equal(headers.path, '/');
    assert.deepEqual(events, ['data 5', 'end']);
    const writesBefore = peer.socket.writes;
    stream.sendHeaders(ANSWER);
    stream.write(Buffer.from('world!'));
    stream.end(TRAILERS);
    assert.deepEqual(peer.take(), ['HEADERS 1 :status=200', 'DATA 1 6', 'HEADERS 1 grpc-status=0 ends']);
    assert.equal(peer.socket.writes, writesBefore + 1);
    assert.equal(peer.connection.openStreams, 0);
  });

  it('writes the answers of many streams of a turn at once', () => {
    const peer = new RawPeer().greet();
    peer.send(Buffer.concat(Array.from({ length: 100 }, (_, i) => request(2 * i + 1, END))));
    const writesBefore = peer.socket.writes;
    for (const { stream } of peer.streams) stream.sendHeadersAndEnd(ANSWER);
    assert.equal(peer.take().length, 100);
    assert.equal(peer.socket.writes, writesBefore + 1);
  });

  it('5.1 a whole request that is answered at its head ends without a reset, and what comes behind it is an error', () => {
    const peer = new RawPeer().greet();
    peer.answerAtHead = ANSWER;
    peer.send(request(1, END));
    assert.deepEqual(peer.take(), ['HEADERS 1 :status=200 ends']);
    peer.send(data(1, 'one word more', END));
    assert.deepEqual(peer.take(), ['GOAWAY 1 streamClosed DATA on closed stream 1']);
  });

  it('8.1 resets, without an error, the rest of a request that was answered early', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1));
    peer.streams[0]!.stream.sendHeadersAndEnd(ANSWER);
    assert.deepEqual(peer.take(), ['HEADERS 1 :status=200 ends', 'RST_STREAM 1 noError']);
    peer.send(data(1, 'still on its way', END));
    assert.deepEqual(peer.take(), []);
    assert.equal(peer.end, undefined);
  });

  it('8.1 takes trailers', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1), data(1, 'x'), head(1, FLAG.endHeaders | END, [['checksum', '7']]));
    assert.deepEqual(peer.streams[0]!.events, ['data 1', 'end 1']);
  });

  it('6.1 and 6.2 strip padding and priority', () => {
    const peer = new RawPeer().greet();
    const block = encodeStateless([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/padded'],
    ]);
    const payload = Buffer.concat([Buffer.from([3]), uint32(0), Buffer.from([16]), block, Buffer.alloc(3)]);
    peer.send(frame(FRAME.headers, FLAG.padded | FLAG.priority | FLAG.endHeaders, 1, payload));
    peer.send(frame(FRAME.data, FLAG.padded | END, 1, Buffer.from('\x02hi\0\0', 'latin1')));
    assert.equal(peer.streams[0]!.headers.path, '/padded');
    assert.deepEqual(peer.streams[0]!.events, ['data 2', 'end']);
  });

  it('6.10 joins a block that comes in pieces, byte for byte', () => {
    const peer = new RawPeer({ limits: { continuationFramesMax: 100 } }).greet();
    const block = encodeStateless([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/in/pieces'],
    ]);
    peer.send(frame(FRAME.headers, END, 1, block.subarray(0, 1)));
    for (let at = 1; at < block.length; at++)
      peer.send(
        frame(
          FRAME.continuation,
          at === block.length - 1 ? FLAG.endHeaders : 0,
          1,
          block.subarray(at, at + 1),
        ),
      );
    assert.equal(peer.streams[0]!.headers.path, '/in/pieces');
    assert.deepEqual(peer.streams[0]!.events, ['end']);
  });

  it('4.1 finds the frames however the bytes are cut', () => {
    const bytes = Buffer.concat([
      PREFACE,
      settingsFrame([]),
      request(1),
      data(1, 'abc'),
      frame(FRAME.ping, 0, 0, '12345678'),
      data(1, 'defg', END),
    ]);
    for (const size of [1, 2, 3, 7, 10, 50]) {
      const peer = new RawPeer();
      peer.take();
      for (let at = 0; at < bytes.length; at += size) peer.send(bytes.subarray(at, at + size));
      assert.deepEqual(peer.streams[0]!.events, ['data 3', 'data 4', 'end']);
      assert.deepEqual(peer.take(), ['SETTINGS ack', 'PING 12345678 ack']);
    }
  });

  it('6.5.3 and 6.7 answers pings, and does not answer answers', () => {
    const peer = new RawPeer().greet();
    peer.send(frame(FRAME.ping, 0, 0, 'howareu?'), frame(FRAME.ping, FLAG.ack, 0, 'fine    '));
    peer.send(frame(FRAME.settings, FLAG.ack, 0, ''));
    assert.deepEqual(peer.take(), ['PING howareu? ack']);
  });

  it('4.1 and 5.5 ignores frames of unknown types, and PRIORITY', () => {
    const peer = new RawPeer().greet();
    peer.send(frame(0xbb, 0xff, 0, 'whatever'), frame(FRAME.priority, 0, 5, Buffer.alloc(5)));
    assert.deepEqual(peer.take(), []);
    assert.equal(peer.end, undefined);
  });

  it('6.4 tells the handler of a reset and sends nothing more', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1), rstStream(1, ERROR_CODE.cancel));
    assert.deepEqual(peer.streams[0]!.events, ['reset cancel']);
    peer.streams[0]!.stream.sendHeadersAndEnd(ANSWER);
    assert.deepEqual(peer.take(), []);
  });

  it('RFC 7541 4.2 confirms with its next block that a smaller table is empty', () => {
    const peer = new RawPeer().greet(settingsFrame([[SETTING.headerTableSize, 0]]));
    peer.send(request(1, END), request(3, END));
    for (const { stream } of peer.streams) stream.sendHeadersAndEnd(ANSWER);
    const bytes = Buffer.concat(peer.socket.written);
    peer.endTurn();
    assert.equal(bytes.length, 0);
    const written = Buffer.concat(peer.socket.written);
    assert.deepEqual([...written.subarray(9, 11)], [0x20, ANSWER[0]]);
    assert.deepEqual([...written.subarray(11 + 9)], [ANSWER[0]]);
  });

  it('6.8 finishes what is open before it goes, and takes what was on its way', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1, END));
    peer.connection.shutDown();
    assert.deepEqual(peer.take(), ['GOAWAY any noError', 'PING draining']);
    peer.send(request(3, END));
    peer.send(frame(FRAME.ping, FLAG.ack, 0, 'draining'));
    assert.deepEqual(peer.take(), ['GOAWAY 3 noError']);
    peer.send(request(5, END));
    assert.equal(peer.streams.length, 2);
    peer.streams[0]!.stream.sendHeadersAndEnd(ANSWER);
    assert.equal(peer.end, undefined);
    peer.streams[1]!.stream.sendHeadersAndEnd(ANSWER);
    assert.deepEqual(peer.take(), ['HEADERS 1 :status=200 ends', 'HEADERS 3 :status=200 ends']);
    assert.deepEqual(peer.end, { kind: 'shutdown' });
  });

  it('6.8 answers what a client still opens behind its GOAWAY, which speaks of our streams alone', () => {
    const peer = new RawPeer().greet();
    peer.send(request(1, END), frame(FRAME.goaway, 0, 0, uint32(0, ERROR_CODE.noError)), request(3, END));
    assert.equal(peer.streams.length, 2);
    for (const { stream } of peer.streams) stream.sendHeadersAndEnd(ANSWER);
    assert.deepEqual(peer.take(), ['HEADERS 1 :status=200 ends', 'HEADERS 3 :status=200 ends']);
    peer.send(request(5, END));
    peer.streams[2]!.stream.sendHeadersAndEnd(ANSWER);
    assert.deepEqual(peer.take(), ['HEADERS 5 :status=200 ends']);
    assert.equal(peer.end, undefined);
  });

  it('6.8 goes after a while from a client that does not answer its ping', () => {
    const peer = new RawPeer().greet();
    peer.connection.shutDown();
    peer.nowMs += 1_000;
    peer.connection.tick();
    assert.deepEqual(peer.take(), ['GOAWAY any noError', 'PING draining', 'GOAWAY 0 noError']);
    assert.deepEqual(peer.end, { kind: 'shutdown' });
  });
});

/** Frames that cost the connection: what is sent behind a greeting, and the code of the GOAWAY. */
const CONNECTION_ERRORS: readonly (readonly [title: string, code: string, sent: Buffer[]])[] = [
  ['6.1 DATA on stream 0', 'protocolError', [data(0, 'x')]],
  ['6.1 DATA that is all padding', 'protocolError', [request(1), frame(FRAME.data, FLAG.padded, 1, '\x09x')]],
  ['5.1 DATA on an idle stream', 'protocolError', [data(1, 'x')]],
  ['5.1 DATA behind both ends', 'streamClosed', [request(1), rstStream(1, 8), data(1, 'x')]],
  ['6.2 HEADERS on stream 0', 'protocolError', [request(0)]],
  [
    '6.2 HEADERS with more padding than frame',
    'protocolError',
    [frame(FRAME.headers, FLAG.padded | FLAG.endHeaders, 1, '\x09\x82')],
  ],
  ['5.1.1 an even stream', 'protocolError', [request(2)]],
  ['5.1.1 a stream below the last', 'protocolError', [request(5), request(3)]],
  ['5.1 HEADERS behind a reset', 'streamClosed', [request(1), rstStream(1, 8), request(1)]],
  ['4.3 a block that is no HPACK', 'compressionError', [frame(FRAME.headers, FLAG.endHeaders, 1, '\x80')]],
  ['6.3 PRIORITY on stream 0', 'protocolError', [frame(FRAME.priority, 0, 0, Buffer.alloc(5))]],
  ['6.4 RST_STREAM on stream 0', 'protocolError', [rstStream(0, 8)]],
  ['6.4 RST_STREAM on an idle stream', 'protocolError', [rstStream(1, 8)]],
  ['6.4 RST_STREAM of three bytes', 'frameSizeError', [request(1), frame(FRAME.rstStream, 0, 1, 'abc')]],
  ['6.5 SETTINGS on a stream', 'protocolError', [frame(FRAME.settings, 0, 1, '')]],
  ['6.5 SETTINGS of five bytes', 'frameSizeError', [frame(FRAME.settings, 0, 0, 'abcde')]],
  ['6.5 an acknowledgement with a payload', 'frameSizeError', [frame(FRAME.settings, FLAG.ack, 0, 'abcdef')]],
  ['6.5.2 push that is neither on nor off', 'protocolError', [settingsFrame([[SETTING.enablePush, 2]])]],
  ['6.5.2 a window past 2^31-1', 'flowControlError', [settingsFrame([[SETTING.initialWindowSize, 2 ** 31]])]],
  ['6.5.2 frames below 16,384', 'protocolError', [settingsFrame([[SETTING.maxFrameSize, 16_383]])]],
  ['6.6 PUSH_PROMISE', 'protocolError', [frame(FRAME.pushPromise, FLAG.endHeaders, 1, '\0\0\0\x02')]],
  ['6.7 PING on a stream', 'protocolError', [frame(FRAME.ping, 0, 1, '12345678')]],
  ['6.7 PING of seven bytes', 'frameSizeError', [frame(FRAME.ping, 0, 0, '1234567')]],
  ['6.8 GOAWAY on a stream', 'protocolError', [frame(FRAME.goaway, 0, 1, uint32(0, 0))]],
  ['6.8 GOAWAY of seven bytes', 'frameSizeError', [frame(FRAME.goaway, 0, 0, '1234567')]],
  ['6.9 WINDOW_UPDATE by 0', 'protocolError', [windowUpdate(0, 0)]],
  ['6.9 WINDOW_UPDATE of three bytes', 'frameSizeError', [frame(FRAME.windowUpdate, 0, 0, 'abc')]],
  ['6.9 WINDOW_UPDATE on an idle stream', 'protocolError', [windowUpdate(1, 1)]],
  ['6.9.1 a connection window past 2^31-1', 'flowControlError', [windowUpdate(0, 2 ** 31 - 1)]],
  ['6.10 CONTINUATION of nothing', 'protocolError', [frame(FRAME.continuation, FLAG.endHeaders, 1, '\x82')]],
  ['6.10 another frame within a block', 'protocolError', [head(1, 0, [[':method', 'GET']]), data(1, 'x')]],
  [
    '6.10 CONTINUATION of another stream',
    'protocolError',
    [head(1, 0, [[':method', 'GET']]), frame(FRAME.continuation, FLAG.endHeaders, 3, '\x82')],
  ],
  ['4.2 a frame past the announced size', 'frameSizeError', [data(1, Buffer.alloc(16_385))]],
];

describe('HTTP/2 frames that cost the connection', () => {
  for (const [title, code, sent] of CONNECTION_ERRORS) {
    it(title, () => {
      const peer = new RawPeer().greet();
      peer.send(...sent);
      const last = peer.take().at(-1) ?? '';
      assert.match(last, new RegExp(`^GOAWAY \\d+ ${code} `));
      assert.equal(peer.end?.kind, 'protocolViolation');
      assert.equal(peer.socket.writableEnded, true);
      peer.send(request(101));
      assert.deepEqual(peer.take(), []);
      peer.nowMs += 1_000;
      peer.connection.tick();
      assert.equal(peer.socket.destroyed, true);
    });
  }

  it('3.4 a preface that is not HTTP/2', () => {
    const peer = new RawPeer();
    peer.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n'));
    assert.match(peer.take().at(-1)!, /^GOAWAY 0 protocolError/);
  });

  it('3.4 another frame than SETTINGS behind the preface', () => {
    const peer = new RawPeer();
    peer.send(PREFACE, request(1));
    assert.match(peer.take().at(-1)!, /^GOAWAY 0 protocolError/);
    assert.equal(peer.streams.length, 0);
  });
});

const REQUEST_LESS = (name: string) =>
  (
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
    ] as const
  ).filter(([field]) => field !== name);

/** Frames that cost their stream: stream 1, whose reset has this code. */
const STREAM_ERRORS: readonly (readonly [title: string, code: string, sent: Buffer[]])[] = [
  ['5.1 DATA behind the end', 'streamClosed', [request(1, END), data(1, 'x')]],
  ['5.1 HEADERS behind the end', 'streamClosed', [request(1, END), request(1, END)]],
  ['6.9 WINDOW_UPDATE by 0', 'protocolError', [request(1), windowUpdate(1, 0)]],
  ['6.9.1 a window past 2^31-1', 'flowControlError', [request(1), windowUpdate(1, 2 ** 31 - 1)]],
  ['6.3 PRIORITY of four bytes', 'frameSizeError', [request(1), frame(FRAME.priority, 0, 1, 'abcd')]],
  ['8.1 trailers that do not end', 'protocolError', [request(1), head(1, FLAG.endHeaders, [['a', 'b']])]],
  [
    '8.1 trailers with a pseudo-field',
    'protocolError',
    [request(1), head(1, FLAG.endHeaders | END, [[':path', '/']])],
  ],
  ['8.3.1 no method', 'protocolError', [head(1, FLAG.endHeaders | END, REQUEST_LESS(':method'))]],
  ['8.3.1 no scheme', 'protocolError', [head(1, FLAG.endHeaders | END, REQUEST_LESS(':scheme'))]],
  ['8.3.1 no path', 'protocolError', [head(1, FLAG.endHeaders | END, REQUEST_LESS(':path'))]],
  ['8.3 a pseudo-field twice', 'protocolError', [request(1, END, [[':path', '/']])]],
  [
    '8.3 a pseudo-field behind another',
    'protocolError',
    [
      request(1, END, [
        ['a', 'b'],
        [':authority', 'x'],
      ]),
    ],
  ],
  ['8.3 an unknown pseudo-field', 'protocolError', [request(1, END, [[':protocol', 'x']])]],
  ['8.3.2 a status in a request', 'protocolError', [request(1, END, [[':status', '200']])]],
  ['8.2.1 upper case in a name', 'protocolError', [request(1, END, [['Upper', 'x']])]],
  ['8.2.1 a line feed in a value', 'protocolError', [request(1, END, [['a', 'x\ny']])]],
  ['8.2.1 a blank before a value', 'protocolError', [request(1, END, [['a', ' x']])]],
  ['8.2.2 a connection field', 'protocolError', [request(1, END, [['connection', 'close']])]],
  ['8.2.2 te other than trailers', 'protocolError', [request(1, END, [['te', 'gzip']])]],
  [
    '8.1.1 less than content-length',
    'protocolError',
    [request(1, 0, [['content-length', '5']]), data(1, 'x', END)],
  ],
  [
    '8.1.1 more than content-length',
    'protocolError',
    [request(1, 0, [['content-length', '1']]), data(1, 'xy')],
  ],
  ['8.1.1 a content-length of nothing', 'protocolError', [request(1, END, [['content-length', '1']])]],
  ['8.1.1 a content-length that is no number', 'protocolError', [request(1, 0, [['content-length', '+1']])]],
];

describe('HTTP/2 frames that cost their stream', () => {
  for (const [title, code, sent] of STREAM_ERRORS) {
    it(title, () => {
      const peer = new RawPeer().greet();
      peer.send(...sent);
      assert.deepEqual(peer.take(), [`RST_STREAM 1 ${code}`]);
      const told = peer.streams[0]?.events.at(-1);
      assert.equal(told ?? `reset ${code}`, `reset ${code}`);
      assert.equal(peer.end, undefined);
      peer.send(request(3, END));
      assert.deepEqual(peer.streams.at(-1)!.events, ['end']);
    });
  }
});
