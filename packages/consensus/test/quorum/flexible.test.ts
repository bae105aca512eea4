/** Flexible quorums, by trying every pair of groups of voters: P12. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Membership, type QuorumSizes, simpleMembership } from '../../src/core/membership.ts';
import { type MemberId, memberId } from '../../src/core/numbers.ts';
import {
  defaultQuorum,
  isPhase1Quorum,
  isPhase2Quorum,
  meetsEveryPhase1Quorum,
  quorumIsSafe,
} from '../../src/quorum/flexible.ts';

const VOTERS_MAX = 7;
const ids = Array.from({ length: VOTERS_MAX }, (_, i) => memberId(String(i).padStart(16, '0')));

function membershipOf(count: number, quorum?: QuorumSizes): Membership {
  const simple = simpleMembership({ voters: ids.slice(0, count), learners: [] });
  return quorum === undefined ? simple : { ...simple, quorum };
}

const inGroup =
  (group: number) =>
  (id: MemberId): boolean =>
    ((group >> ids.indexOf(id)) & 1) === 1;

/** Every phase-1 and phase-2 quorum, as sets of bits. */
function quorumsOf(membership: Membership): { phase1: number[]; phase2: number[] } {
  const groups = Array.from({ length: 2 ** membership.voters.length }, (_, group) => group);
  return {
    phase1: groups.filter((group) => isPhase1Quorum(membership, inGroup(group))),
    phase2: groups.filter((group) => isPhase2Quorum(membership, inGroup(group))),
  };
}

const disjoint = (left: readonly number[], right: readonly number[]): boolean =>
  left.some((one) => right.some((other) => (one & other) === 0));

test('P12 of every size that is called safe, each phase-1 quorum meets each phase-2 quorum and each phase-1 quorum', () => {
  let safe = 0;
  for (let count = 1; count <= 6; count++)
    for (let phase1 = 0; phase1 <= count + 1; phase1++)
      for (let phase2 = 0; phase2 <= count + 1; phase2++) {
        const isPossible = phase1 >= 1 && phase2 >= 1 && phase1 <= count && phase2 <= count;
        const quorums = quorumsOf(membershipOf(count, { phase1, phase2 }));
        const meet = !disjoint(quorums.phase1, quorums.phase2) && !disjoint(quorums.phase1, quorums.phase1);
        assert.equal(quorumIsSafe(count, { phase1, phase2 }), isPossible && meet, `${phase1}, ${phase2}`);
        if (isPossible && meet) safe++;
      }
  assert.ok(safe > 20);
});

test('P12 the default is the majority, and for an even number of voters half of them in phase 2', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].map((count) => defaultQuorum(count)),
    [
      { phase1: 1, phase2: 1 },
      { phase1: 2, phase2: 1 },
      { phase1: 2, phase2: 2 },
      { phase1: 3, phase2: 2 },
      { phase1: 3, phase2: 3 },
      { phase1: 4, phase2: 3 },
      { phase1: 4, phase2: 4 },
    ],
  );
  for (let count = 1; count <= VOTERS_MAX; count++)
    assert.ok(quorumIsSafe(count, defaultQuorum(count)), `${count}`);
});

test('P15 a read is confirmed exactly by the groups that no phase-1 quorum misses', () => {
  for (let count = 1; count <= 5; count++)
    for (let phase1 = Math.floor(count / 2) + 1; phase1 <= count; phase1++) {
      const membership = membershipOf(count, { phase1, phase2: count + 1 - phase1 });
      const { phase1: quorums } = quorumsOf(membership);
      for (let group = 0; group < 2 ** count; group++)
        assert.equal(
          meetsEveryPhase1Quorum(membership, inGroup(group)),
          quorums.every((quorum) => (quorum & group) !== 0),
        );
    }
});

test('P12 learners count for nothing', () => {
  const [voter, ...learners] = ids;
  const membership = simpleMembership({ voters: [voter!], learners });
  assert.equal(
    isPhase1Quorum(membership, (id) => id !== voter),
    false,
  );
  assert.equal(
    isPhase2Quorum(membership, (id) => id !== voter),
    false,
  );
  assert.equal(
    isPhase2Quorum(membership, (id) => id === voter),
    true,
  );
});
