/** The quorum arithmetic against brute force, and what must be true of any quorum. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Membership } from '../../src/core/membership.ts';
import { type MemberId, memberId } from '../../src/core/numbers.ts';
import { majoritySize, quorumValue, voteOutcome } from '../../src/quorum/majority.ts';
import { electionOutcome, isQuorum, valueHeldByQuorum } from '../../src/quorum/membership-quorum.ts';

const id = (n: number): MemberId => memberId(n.toString(16).padStart(16, '0'));

/** Some members, each with a value. */
const values = fc.array(fc.nat(20), { maxLength: 7 });
/** A joint or simple membership over members 0 to 6, and a value for each. */
const memberships = fc.tuple(
  fc.uniqueArray(fc.nat(6), { minLength: 1 }),
  fc.uniqueArray(fc.nat(6)),
  fc.array(fc.nat(20), { minLength: 7, maxLength: 7 }),
);

const membershipOf = (voters: readonly number[], outgoing: readonly number[]): Membership => ({
  voters: voters.map(id).sort(),
  outgoingVoters: outgoing.map(id).sort(),
  learners: [],
  learnersNext: [],
});

test('R8 the value held by a quorum is the highest that enough voters have reached', () => {
  fc.assert(
    fc.property(values, (reached) => {
      const voters = reached.map((_, i) => id(i));
      const size = majoritySize(voters.length);
      const held = quorumValue(voters, (voter) => reached[voters.indexOf(voter)]!, size);
      if (voters.length === 0) return assert.equal(held, Number.POSITIVE_INFINITY);
      assert.ok(reached.filter((value) => value >= held).length >= size);
      assert.ok(reached.filter((value) => value > held).length < size);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('R8 R16 in a joint membership both halves hold it, whatever anybody else has reached', () => {
  fc.assert(
    fc.property(memberships, ([voters, outgoing, reached]) => {
      const valueAt = (member: MemberId): number => reached[Number.parseInt(member, 16)]!;
      const held = valueHeldByQuorum(membershipOf(voters, outgoing), valueAt);
      const enough = (half: readonly number[], value: number): boolean =>
        half.length === 0 || half.filter((n) => reached[n]! >= value).length * 2 > half.length;
      assert.ok(enough(voters, held) && enough(outgoing, held));
      assert.ok(!(enough(voters, held + 1) && enough(outgoing, held + 1)));
    }),
    { seed: 2, numRuns: 500 },
  );
});

test('R1 two elections over one membership cannot both be won when nobody votes twice', () => {
  fc.assert(
    fc.property(memberships, ([voters, outgoing, draws]) => {
      const membership = membershipOf(voters, outgoing);
      const everyone = [...new Set([...voters, ...outgoing])];
      const votesFor = (parity: number): Map<MemberId, boolean> =>
        new Map(everyone.map((n) => [id(n), draws[n]! % 2 === parity]));
      const outcomes = [electionOutcome(membership, votesFor(0)), electionOutcome(membership, votesFor(1))];
      assert.ok(!(outcomes[0] === 'won' && outcomes[1] === 'won'));
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('R1 an election is pending exactly while the silent could still decide it either way', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(true, false, undefined), { minLength: 1, maxLength: 7 }),
      (drawn) => {
        const voters = drawn.map((_, i) => id(i));
        const votes = new Map<MemberId, boolean>();
        for (const [i, vote] of drawn.entries()) if (vote !== undefined) votes.set(id(i), vote);
        const size = majoritySize(voters.length);
        const complete = (rest: boolean): Map<MemberId, boolean> =>
          new Map(voters.map((voter) => [voter, votes.get(voter) ?? rest]));
        const best = voteOutcome(voters, complete(true), size);
        const worst = voteOutcome(voters, complete(false), size);
        assert.equal(voteOutcome(voters, votes, size), best === worst ? best : 'pending');
      },
    ),
    { seed: 4, numRuns: 500 },
  );
});

test('pitfall 4 a quorum of one half alone is none', () => {
  const joint = membershipOf([1, 2, 3], [4, 5, 6]);
  const among = (group: readonly number[]) => (member: MemberId) => group.map(id).includes(member);
  assert.ok(!isQuorum(joint, among([1, 2, 3])));
  assert.ok(!isQuorum(joint, among([4, 5, 6])));
  assert.ok(!isQuorum(joint, among([1, 2, 3, 4])));
  assert.ok(isQuorum(joint, among([1, 2, 4, 5])));
  assert.equal(electionOutcome(joint, new Map([1, 2, 3].map((n) => [id(n), true]))), 'pending');
  assert.equal(electionOutcome(joint, new Map([4, 5].map((n) => [id(n), false]))), 'lost');
});
