/** Messages, hard states and memberships as bytes: what goes in comes out, and what never went in is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes } from '../../src/bytes/malformed.ts';
import { entryBytes } from '../../src/core/entry.ts';
import type { Membership } from '../../src/core/membership.ts';
import { decodeMembership, encodeMembership } from '../../src/core/membership-codec.ts';
import { epoch, logIndex } from '../../src/core/numbers.ts';
import { createRaftCodec } from '../../src/raft/codec.ts';
import { decodeHardState, encodeHardState } from '../../src/raft/hard-state.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import { testCodec } from '../harness/codec-suite.ts';
import { idOf } from '../harness/member-names.ts';
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

testCodec(codec, Object.values(MESSAGES));

test('payloads of a decoded append are views on the bytes received', () => {
  const bytes = codec.encode(MESSAGES.append).slice();
  const decoded = codec.decode(bytes) as RaftMessage;
  assert.ok(decoded.kind === 'append');
  assert.equal(decoded.entries[0]!.payload.buffer, bytes.buffer);
  assert.equal(entryBytes(decoded.entries[0]!), entryBytes(entry(7, 3)));
});

test('entries whose terms fall are malformed', () => {
  const backwards: RaftMessage = { ...MESSAGES.append, entries: [entry(7, 5), entry(8, 4)] };
  assert.throws(() => codec.decode(codec.encode(backwards).slice()), MalformedBytes);
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
