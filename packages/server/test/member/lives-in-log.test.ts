/** What a log tells of other members' lives (pitfall 30): whoever proposed in a life has begun it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, encodeEnvelope, epoch, logIndex } from '@synod/consensus';
import { livesInLog } from '../../src/member/lives-in-log.ts';

const A = '000000000000000a';
const B = '000000000000000b';

function proposal(member: string, incarnation: number): Uint8Array {
  return encodeEnvelope({ member, incarnation, sequence: 1, oldestPending: 1, body: new Uint8Array(3) });
}

test('the latest life of each member, in whatever order they stand; what is no proposal tells nothing', () => {
  const payloads = [proposal(A, 3), proposal(B, 7), proposal(A, 5), proposal(A, 4), Uint8Array.of(255)];
  const entries: Entry[] = payloads.map((payload, i) => ({
    index: logIndex(i + 1),
    epoch: epoch(1),
    kind: 'command',
    payload,
  }));
  entries.push({ index: logIndex(9), epoch: epoch(1), kind: 'noop', payload: new Uint8Array() });
  assert.deepEqual([...livesInLog(entries)].sort(), [
    [A, 5],
    [B, 7],
  ]);
});
