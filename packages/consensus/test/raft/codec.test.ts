/** Messages, hard states and memberships as bytes: what goes in comes out, and what never went in is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MalformedBytes } from '../../src/bytes/malformed.ts';
import { entryBytes } from '../../src/core/entry.ts';
import type { Membership } from '../../src/core/membership.ts';
import { decodeMembership, encodeMembership } from '../../src/core/membership-codec.ts';
import { epoch, logIndex } from '../../src/core/numbers.ts';
import { createRaftCodec } from '../../src/raft/codec.ts';
import { decodeHardState, encodeHardState } from '../../src/raft/hard-state.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import { idOf } from './cluster.ts';
import { entry } from './single-core.ts';

const membership: Membership = {
  voters: [1, 2].map(idOf),
  outgoingVoters: [2, 3].map(idOf),
  learners: [4].map(idOf),
  learnersNext: [3].map(idOf),
};
const term = epoch(2 ** 40);
const big = logIndex(2 ** 50);

const MESSAGES: { readonly [Kind in RaftMessage['kind']]: Extract<RaftMessage, { kind: Kind }> } = {
  preVoteRequest: { kind: 'preVoteRequest', term, campaign: 2 ** 33, lastIndex: big, lastEpoch: epoch(3) },
  preVoteResponse: { kind: 'preVoteResponse', term, campaign: 7, granted: true, fresherLog: undefined },
  voteRequest: { kind: 'voteRequest', term, lastIndex: big, lastEpoch: epoch(3), transfer: true },
  voteResponse: { kind: 'voteResponse', term, granted: false, fresherLog: { index: big, epoch: epoch(3) } },
  pullRequest: { kind: 'pullRequest', term, pull: 2 ** 33, prevIndex: big, prevEpoch: epoch(3) },
  pullResponse: {
    kind: 'pullResponse',
    term,
    pull: 9,
    prevIndex: logIndex(6),
    prevEpoch: epoch(3),
    entries: [entry(7, 3), { ...entry(8, 4, ''), kind: 'noop' }],
    lastIndex: big,
    lastEpoch: epoch(4),
  },
  pullSnapshot: { kind: 'pullSnapshot', term, meta: { index: big, epoch: epoch(3), membership } },
  append: {
    kind: 'append',
    term,
    prevIndex: logIndex(6),
    prevEpoch: epoch(3),
    commitIndex: logIndex(5),
    entries: [
      entry(7, 3),
      { ...entry(8, 4), kind: 'membership', payload: encodeMembership(membership) },
      { ...entry(9, 4, ''), kind: 'noop' },
    ],
  },
  appendResponse: { kind: 'appendResponse', term, matchIndex: big },
  appendRejected: {
    kind: 'appendRejected',
    term,
    rejectedIndex: big,
    hintIndex: logIndex(3),
    hintEpoch: epoch(2),
  },
  heartbeat: { kind: 'heartbeat', term, commitIndex: big, readRound: 9 },
  heartbeatResponse: { kind: 'heartbeatResponse', term, readRound: 9 },
  commitNotice: { kind: 'commitNotice', term, commitIndex: big },
  installSnapshot: { kind: 'installSnapshot', term, meta: { index: big, epoch: epoch(3), membership } },
  timeoutNow: { kind: 'timeoutNow', term },
  readRequest: { kind: 'readRequest', term, life: 2 ** 47, request: 3 },
  readResponse: { kind: 'readResponse', term, life: 2 ** 47, request: 3, readIndex: big },
  newerTerm: { kind: 'newerTerm', term },
};

const codec = createRaftCodec();

for (const message of Object.values(MESSAGES)) {
  test(`${message.kind} survives the wire, and no shorter or longer bytes are taken for it`, () => {
    const bytes = codec.encode(message).slice();
    assert.deepEqual(codec.decode(bytes), message);
    for (let length = 0; length < bytes.length; length++)
      assert.throws(() => codec.decode(bytes.subarray(0, length)), MalformedBytes);
    assert.throws(() => codec.decode(new Uint8Array([...bytes, 0])), MalformedBytes);
  });
}

test('payloads of a decoded append are views on the bytes received', () => {
  const bytes = codec.encode(MESSAGES.append).slice();
  const decoded = codec.decode(bytes) as RaftMessage;
  assert.ok(decoded.kind === 'append');
  assert.equal(decoded.entries[0]!.payload.buffer, bytes.buffer);
  assert.equal(entryBytes(decoded.entries[0]!), entryBytes(entry(7, 3)));
});

test('entries of one message go out as the same bytes to every follower', () => {
  assert.equal(codec.encode(MESSAGES.append), codec.encode(MESSAGES.append));
});

test('a message of another version, group or kind, and entries out of order, are malformed', () => {
  const bytes = codec.encode(MESSAGES.timeoutNow).slice();
  for (const at of [0, 1, 2]) {
    const wrong = bytes.slice();
    wrong[at] = 99;
    assert.throws(() => codec.decode(wrong), MalformedBytes);
  }
  const backwards: RaftMessage = { ...MESSAGES.append, entries: [entry(7, 5), entry(8, 4)] };
  assert.throws(() => codec.decode(codec.encode(backwards).slice()), MalformedBytes);
});

test('whatever bytes arrive, decoding gives a message or says that they are malformed', () => {
  const samples = Object.values(MESSAGES).map((message) => codec.encode(message).slice());
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

test('hard states and memberships survive the journal', () => {
  for (const state of [
    { term: epoch(0), vote: undefined },
    { term: epoch(2 ** 50), vote: idOf('abc') },
  ])
    assert.deepEqual(decodeHardState(encodeHardState(state)), state);
  assert.deepEqual(decodeMembership(encodeMembership(membership)), membership);
  assert.throws(() => decodeHardState(new Uint8Array([9, 0, 0])), MalformedBytes);
  assert.throws(() => decodeMembership(encodeMembership({ ...membership, voters: [] })), MalformedBytes);
  const unsorted = { ...membership, voters: [2, 1].map(idOf) };
  assert.throws(() => decodeMembership(encodeMembership(unsorted)), MalformedBytes);
});
