/** Messages, hard states and memberships with quorums as bytes: what goes in comes out, and what never went in is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes } from '../../src/bytes/malformed.ts';
import { ByteReader } from '../../src/bytes/reader.ts';
import { ByteWriter } from '../../src/bytes/writer.ts';
import type { Membership } from '../../src/core/membership.ts';
import { decodeMembership, encodeMembership } from '../../src/core/membership-codec.ts';
import { epoch, logIndex } from '../../src/core/numbers.ts';
import { readMembership, writeMembership } from '../../src/journal/snapshot-meta.ts';
import { createPaxosCodec } from '../../src/paxos/codec.ts';
import { decodeHardState, encodeHardState } from '../../src/paxos/hard-state.ts';
import type { PaxosMessage } from '../../src/paxos/messages.ts';
import { testCodec } from '../harness/codec-suite.ts';
import { idOf } from '../harness/member-names.ts';
import { value } from './single-core.ts';

const membership: Membership = {
  voters: [1, 2, 3].map(idOf),
  outgoingVoters: [],
  learners: [4].map(idOf),
  learnersNext: [],
  quorum: { phase1: 3, phase2: 1 },
};
const ballot = epoch(2 ** 45 + 7);
const big = logIndex(2 ** 50);
const change = { ...value(9, ballot), kind: 'membership' as const, payload: encodeMembership(membership) };

const MESSAGES: { readonly [Kind in PaxosMessage['kind']]: Extract<PaxosMessage, { kind: Kind }> } = {
  poll: { kind: 'poll', round: 2 ** 40 },
  pollReply: { kind: 'pollReply', round: 1, ballot, content: true, chosenUpTo: big },
  prepare: { kind: 'prepare', ballot, from: big },
  promise: {
    kind: 'promise',
    ballot,
    from: logIndex(4),
    upTo: logIndex(30),
    more: true,
    chosenUpTo: logIndex(5),
    trimmedIndex: logIndex(2),
    entries: [value(7, 3), { ...value(8, 4, ''), kind: 'noop' }, change],
    unknown: [{ first: logIndex(11), last: logIndex(12) }],
  },
  refused: { kind: 'refused', ballot: epoch(3), promised: ballot },
  accept: {
    kind: 'accept',
    ballot,
    commitIndex: logIndex(6),
    entries: [value(7, ballot), { ...value(8, ballot, ''), kind: 'noop' }, change],
  },
  accepted: { kind: 'accepted', ballot, first: logIndex(7), last: logIndex(9), chosenUpTo: logIndex(6) },
  heartbeat: { kind: 'heartbeat', ballot, commitIndex: big, readRound: 3 },
  heartbeatReply: { kind: 'heartbeatReply', ballot, readRound: 3, chosenUpTo: big },
  commitNotice: { kind: 'commitNotice', ballot, commitIndex: big },
  learnRequest: { kind: 'learnRequest', from: big },
  learnResponse: { kind: 'learnResponse', entries: [value(7, 3), value(8, 9)], chosenUpTo: big },
  learnTrimmed: { kind: 'learnTrimmed', trimmedIndex: big },
  installSnapshot: { kind: 'installSnapshot', meta: { index: big, epoch: ballot, membership } },
  timeoutNow: { kind: 'timeoutNow', ballot },
  readRequest: { kind: 'readRequest', life: 2 ** 47, request: 4 },
  readResponse: { kind: 'readResponse', life: 2 ** 47, request: 4, readIndex: big },
};

const codec = createPaxosCodec();

testCodec(codec, Object.values(MESSAGES));

test('P12 a membership whose quorums can miss each other is malformed, in an entry and in a snapshot', () => {
  const unsafe = { ...membership, quorum: { phase1: 2, phase2: 1 } };
  const entries = [{ ...change, payload: encodeMembership(unsafe) }];
  const accept: PaxosMessage = { ...MESSAGES.accept, entries };
  assert.throws(() => codec.decode(codec.encode(accept).slice()), MalformedBytes);
  const install: PaxosMessage = {
    kind: 'installSnapshot',
    meta: { ...MESSAGES.installSnapshot.meta, membership: unsafe },
  };
  assert.throws(() => codec.decode(codec.encode(install).slice()), MalformedBytes);
});

test('slots out of order and an Accept of nothing are malformed', () => {
  const backwards: PaxosMessage = { ...MESSAGES.learnResponse, entries: [value(8, 3), value(7, 3)] };
  assert.throws(() => codec.decode(codec.encode(backwards).slice()), MalformedBytes);
  const bytes = codec.encode({ ...MESSAGES.accept, entries: [value(1, ballot, '')] } as PaxosMessage).slice();
  // The count of entries is the third byte from the end: a command without bytes follows it.
  bytes[bytes.length - 3] = 0;
  assert.throws(() => codec.decode(bytes.subarray(0, bytes.length - 2)), MalformedBytes);
});

test('hard states and memberships with quorums survive the journal', () => {
  for (const state of [
    { promised: epoch(0), owner: undefined, chosenUpTo: logIndex(0) },
    { promised: ballot, owner: idOf('abc'), chosenUpTo: big },
  ])
    assert.deepEqual(decodeHardState(encodeHardState(state)), state);
  assert.throws(() => decodeHardState(new Uint8Array([9, 0, 0])), MalformedBytes);
  assert.deepEqual(decodeMembership(encodeMembership(membership)), membership);
  const writer = new ByteWriter();
  writeMembership(writer, membership);
  assert.deepEqual(readMembership(new ByteReader(writer.finish())), membership);
});

test('a membership without quorums of its own has the bytes it always had', () => {
  const { quorum: _, ...plain } = membership;
  assert.equal(encodeMembership(plain)[0], 1);
  const writer = new ByteWriter();
  writeMembership(writer, plain);
  assert.equal(writer.finish()[0], 3, 'the count of voters comes first');
});
