/** The parts of the transport that need no socket: frames cut anywhere, first words, back-off, what the log is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes } from '@synod/consensus';
import fc from 'fast-check';
import { decodedOr, type FrameLane, FrameReader, frameHead } from '../../src/transport/frames.ts';
import {
  type Answer,
  decodeAnswer,
  decodeHello,
  encodeAnswer,
  encodeHello,
  HELLO_BYTES,
  mayBeHello,
} from '../../src/transport/handshake.ts';
import { REFUSALS_REMEMBERED_MAX, TRANSPORT_TIMING } from '../../src/transport/limits.ts';
import { reconnectDelayMs } from '../../src/transport/reconnect-delay.ts';
import { RefusalLog } from '../../src/transport/refusal-log.ts';

const SEED = { seed: 1, numRuns: 200 };

test('N1 frames come out as they went in, wherever the stream is cut', () => {
  const lane = fc.constantFrom<FrameLane>('consensus', 'forward', 'snapshot', 'call', 'ping', 'pong');
  const frames = fc.array(fc.tuple(lane, fc.uint8Array({ maxLength: 300 })), { maxLength: 12 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.flatMap(([on, bytes]) => [frameHead(on, bytes), Buffer.from(bytes)]));
      const reader = new FrameReader();
      const received: [FrameLane, number[]][] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const length = cuts[i % cuts.length]!;
        reader.read(stream.subarray(at, at + length), (frame) =>
          received.push([frame.lane, [...frame.bytes]]),
        );
        at += length;
      }
      assert.deepEqual(
        received,
        sent.map(([on, bytes]) => [on, [...bytes]]),
      );
    }),
    SEED,
  );
});

test('N8 no bytes do more than end the connection, and a changed bit is noticed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, at) => {
      decodedOr(() => new FrameReader().read(Buffer.from(bytes), () => {}));
      const frame = Buffer.concat([frameHead('consensus', bytes), Buffer.from(bytes)]);
      const bit = at % (frame.length * 8);
      frame[bit >> 3]! ^= 1 << (bit & 7);
      const reader = new FrameReader();
      const taken: Uint8Array[] = [];
      decodedOr(() => reader.read(frame, (whole) => taken.push(whole.bytes)));
      assert.equal(taken.length, 0);
    }),
    SEED,
  );
});

test('N5 first words are read as they were said; a garbled start is known at its first wrong byte', () => {
  const hello = {
    kind: 'bulk',
    clusterId: 'c0ffee0000000001',
    from: '00000000000000a1',
    to: 'ffffffffffffffff',
    life: 2 ** 52 - 1,
  } as const;
  const bytes = encodeHello(hello);
  assert.equal(bytes.length, HELLO_BYTES);
  assert.deepEqual(decodeHello(bytes), hello);
  assert.deepEqual(decodeHello(encodeHello({ ...hello, kind: 'prompt' })), { ...hello, kind: 'prompt' });
  const answers: readonly Answer[] = [
    { kind: 'welcome' },
    { kind: 'otherLife' },
    { kind: 'wrongCluster', clusterId: 'c0ffee0000000001' },
    { kind: 'wrongMember', memberId: '00000000000000a1' },
    { kind: 'unknownMember' },
    { kind: 'wrongVersion', version: 2 },
  ];
  for (const answer of answers) assert.deepEqual(decodeAnswer(encodeAnswer(answer)), answer);
  for (let length = 0; length <= bytes.length; length++) assert.ok(mayBeHello(bytes.subarray(0, length)));
  assert.equal(mayBeHello(Buffer.from('SYNODX')), false);
  assert.throws(() => decodeHello(new Uint8Array(HELLO_BYTES)), MalformedBytes);
  assert.throws(() => decodeHello(bytes.subarray(0, 20)), MalformedBytes);
});

test('N3 the wait between tries doubles from 50 ms to a second, and chance adds up to a quarter', () => {
  const waits = Array.from({ length: 8 }, (_, failures) => reconnectDelayMs(failures, 0, TRANSPORT_TIMING));
  assert.deepEqual(waits, [50, 100, 200, 400, 800, 1000, 1000, 1000]);
  assert.equal(reconnectDelayMs(0, 1, TRANSPORT_TIMING), 62.5);
  assert.equal(reconnectDelayMs(1_000_000, 1, TRANSPORT_TIMING), 1250);
});

test('N6 a line a source and kind in an interval; the next says how many it stands for', () => {
  let now = 0;
  const lines: string[] = [];
  const log = new RefusalLog({
    intervalMs: 100,
    nowMs: () => now,
    write: (source, reason) => lines.push(`${source} ${reason}`),
  });
  for (let i = 0; i < 5; i++) log.report('host', { kind: 'noMember', reason: 'garbage' });
  log.report('host', { kind: 'wrongCluster', reason: 'mismatch' });
  log.report('other', { kind: 'noMember', reason: 'garbage' });
  assert.deepEqual(lines, ['host garbage', 'host mismatch', 'other garbage']);
  now = 100;
  log.report('host', { kind: 'noMember', reason: 'garbage' });
  assert.equal(lines.at(-1), 'host garbage (4 more of these since the last line)');
});

test('N6 the memory of refusals is bounded, and what is beyond it is not logged', () => {
  let now = 0;
  let lines = 0;
  const log = new RefusalLog({ intervalMs: 100, nowMs: () => now, write: () => lines++ });
  for (let i = 0; i < 10_000; i++) log.report(`host ${i}`, { kind: 'noMember', reason: 'garbage' });
  assert.equal(lines, REFUSALS_REMEMBERED_MAX);
  now = 250;
  log.report('host 9999', { kind: 'noMember', reason: 'garbage' });
  assert.equal(lines, REFUSALS_REMEMBERED_MAX + 1, 'and is freed again');
});
