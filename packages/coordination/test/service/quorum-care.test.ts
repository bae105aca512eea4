/** Which changes of the membership etcd's careful rules refuse (--strict-reconfig-check). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEALTHY_AFTER_MS, QuorumCare } from '../../src/service/quorum-care.ts';

const NOW_MS = 100_000;

/** Members by letter: upper case has started, lower case has not; behind a colon those that are learners. */
function care(letters: string, connected: Readonly<Record<string, number | undefined>> = {}): QuorumCare {
  const [voters = '', learners = ''] = letters.split(':');
  const member = (letter: string, isLearner: boolean) => ({
    id: letter.toLowerCase(),
    name: letter === letter.toUpperCase() ? letter : '',
    peerUrls: [],
    clientUrls: [],
    isLearner,
  });
  return new QuorumCare({
    self: 'a',
    members: [
      ...[...voters].map((one) => member(one, false)),
      ...[...learners].map((one) => member(one, true)),
    ],
    peers: Object.entries(connected).map(([peer, agoMs]) => ({
      peer,
      connectedSinceMs: agoMs === undefined ? undefined : NOW_MS - agoMs,
    })),
    nowMs: NOW_MS,
  });
}

const LONG = HEALTHY_AFTER_MS;
const SHORT = HEALTHY_AFTER_MS - 1;

test('a voter is added where all voters have been connected for a while, and enough have started', () => {
  assert.equal(care('A').addingVoter(), undefined);
  assert.equal(care('ABC', { b: LONG, c: LONG }).addingVoter(), undefined);
  assert.equal(care('ABC', { b: LONG, c: SHORT }).addingVoter(), 'unhealthy');
  assert.equal(care('ABC', { b: LONG }).addingVoter(), 'unhealthy');
  assert.equal(care('Ab', { b: LONG }).addingVoter(), 'notEnoughStarted');
  assert.equal(care('ABc', { b: LONG, c: LONG }).addingVoter(), 'notEnoughStarted');
  assert.equal(care('ABCd', { b: LONG, c: LONG, d: LONG }).addingVoter(), undefined);
  assert.equal(care('ABC', { b: LONG, c: LONG }).addingLearner(), undefined);
  assert.equal(care('ABC', { b: LONG, c: SHORT }).addingLearner(), 'unhealthy');
  // Learners are no part of any quorum.
  assert.equal(care('ABC:d', { b: LONG, c: LONG }).addingVoter(), undefined);
});

test('a voter is removed where the others are a quorum without it', () => {
  assert.equal(care('A').removing('a'), 'notEnoughStarted');
  assert.equal(care('ABC', { b: LONG, c: LONG }).removing('b'), undefined);
  assert.equal(care('ABC', { b: LONG, c: LONG }).removing('a'), undefined);
  assert.equal(care('ABC', { b: LONG, c: SHORT }).removing('b'), 'unhealthy');
  assert.equal(care('ABC', { b: LONG, c: undefined }).removing('a'), 'unhealthy');
  // Who is not there is no part of the quorum that works.
  assert.equal(care('ABC', { b: LONG, c: undefined }).removing('c'), undefined);
  assert.equal(care('Abc', {}).removing('c'), 'notEnoughStarted');
  assert.equal(care('A:b').removing('b'), undefined);
});

test('a learner gets its vote where enough of the others have started', () => {
  assert.equal(care('A:B').promoting(), undefined);
  assert.equal(care('Ab:C').promoting(), undefined);
  assert.equal(care('Abcd:E').promoting(), 'notEnoughStarted');
});
