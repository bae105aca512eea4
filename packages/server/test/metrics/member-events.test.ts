/** Which happenings inside a member its metrics are told of, beside its log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberId } from '@synod/consensus';
import type { LogFacts } from '../../src/log/log.ts';
import { memberObserver, replicaObserver, transportObserver } from '../../src/member/events.ts';

const PEER = memberId('00000000000000bb');

function recordedLog() {
  const lines: [message: string, facts: LogFacts | undefined][] = [];
  const line = (message: string, facts?: LogFacts): void => void lines.push([message, facts]);
  return { lines, log: { debug: line, info: line, warn: line, error: line } };
}

test('what cannot be read of a peer is told, however it came', () => {
  const { log } = recordedLog();
  const told: string[] = [];
  const onMalformed = (from: string): void => void told.push(from);
  const unexpected = (): void => assert.fail();
  const ignored = { onFatal: unexpected, onSynced: unexpected, onSnapshot: unexpected };
  replicaObserver(log, { ...ignored, onMalformed }).observe({
    kind: 'malformedMessage',
    from: PEER,
    detail: 'cut off',
  });
  const known = { nameOf: () => undefined, describe: () => '' };
  memberObserver(log, known, { onFatal: assert.fail, onMalformed })({
    kind: 'malformedCall',
    from: PEER,
    detail: 'cut off',
  });
  const peers = { roundTrip: unexpected, disconnected: unexpected, receiveFailed: onMalformed };
  transportObserver(log, () => undefined, peers).malformed(PEER);
  assert.deepEqual(told, [PEER, PEER, PEER]);
});

test('snapshots and syncs are told with their times, which the log has in whole milliseconds', () => {
  const { log, lines } = recordedLog();
  const told: unknown[] = [];
  const observer = replicaObserver(log, {
    onFatal: assert.fail,
    onMalformed: assert.fail,
    onSynced: (bytes) => void told.push(bytes),
    onSnapshot: (event) => void told.push(event),
  });
  observer.observe({ kind: 'synced', bytes: 512, milliseconds: 1.5 });
  const sent = {
    kind: 'snapshotSent',
    to: PEER,
    index: 9,
    bytes: 10,
    ok: true,
    milliseconds: 12.75,
  } as const;
  observer.observe(sent);
  assert.deepEqual(told, [512, sent]);
  assert.deepEqual(lines, [
    ['sent a snapshot', { to: PEER, index: 9, bytes: 10, ok: true, milliseconds: 13 }],
  ]);
});

test('a connection that broke and a round trip are told of the peer', () => {
  const { log } = recordedLog();
  const told: unknown[] = [];
  const observer = transportObserver(log, () => 'b', {
    roundTrip: (peer, milliseconds) => void told.push([peer, milliseconds]),
    disconnected: (peer) => void told.push(peer),
    receiveFailed: assert.fail,
  });
  observer.connected(PEER);
  observer.disconnected(PEER);
  observer.roundTrip(PEER, 3);
  assert.deepEqual(told, [PEER, [PEER, 3]]);
});
