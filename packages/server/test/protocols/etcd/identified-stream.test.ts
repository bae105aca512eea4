/** A stream whose caller takes a moment to be made out: nothing that the client says meanwhile is lost or reordered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdentifiedStream } from '../../../src/protocols/etcd/identified-stream.ts';
import { ANYBODY } from '../../../src/protocols/etcd/identity.ts';
import { MESSAGES_BEFORE_IDENTITY_MAX } from '../../../src/protocols/etcd/limits.ts';
import type { StreamListener } from '../../../src/protocols/etcd/rpc.ts';
import { FakeStreamCall } from './fake-calls.ts';

function world(refused = false) {
  const told: string[] = [];
  const listener: StreamListener = {
    onMessage: (bytes) => told.push(`message ${bytes[0]}`),
    onHalfClose: () => told.push('half-close'),
    onDrain: () => told.push('drain'),
    onCancel: () => told.push('cancel'),
  };
  const call = new FakeStreamCall({});
  const stream = new IdentifiedStream(call, () => {
    told.push('opened');
    return refused ? undefined : listener;
  });
  return { told, call, stream };
}

test('A4 what comes before the caller is known is told after it, in order', () => {
  const { told, stream } = world();
  stream.onMessage(Uint8Array.of(1));
  stream.onMessage(Uint8Array.of(2));
  stream.onDrain();
  stream.onHalfClose();
  assert.deepEqual(told, []);
  stream.identified(ANYBODY);
  assert.deepEqual(told, ['opened', 'message 1', 'message 2', 'half-close']);
});

test('A4 what comes after is passed on at once', () => {
  const { told, stream } = world();
  stream.identified(ANYBODY);
  stream.onMessage(Uint8Array.of(1));
  stream.onDrain();
  stream.onHalfClose();
  stream.onCancel();
  assert.deepEqual(told, ['opened', 'message 1', 'drain', 'half-close', 'cancel']);
});

test('A4 to a caller who is refused nothing is told', () => {
  const { told, stream } = world(true);
  stream.onMessage(Uint8Array.of(1));
  stream.identified(ANYBODY);
  stream.onMessage(Uint8Array.of(2));
  stream.onHalfClose();
  assert.deepEqual(told, ['opened']);
});

test('a client that goes before it is known is not looked for', () => {
  const { told, stream } = world();
  stream.onMessage(Uint8Array.of(1));
  stream.onCancel();
  stream.identified(ANYBODY);
  assert.deepEqual(told, []);
});

test('a client that says too much before it is known is sent away', () => {
  const { told, call, stream } = world();
  for (let i = 0; i <= MESSAGES_BEFORE_IDENTITY_MAX; i++) stream.onMessage(Uint8Array.of(1));
  assert.equal(call.status, '8 etcdserver: too many requests');
  stream.identified(ANYBODY);
  assert.deepEqual(told, []);
});
