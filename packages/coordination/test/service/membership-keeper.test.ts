/** The leader brings the consensus to the list of members: when it asks, for whom, and whom it retires (G1 to G5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MembershipChange, memberId, type ReplicaStatus, simpleMembership } from '@synod/consensus';
import type { MemberCommand } from '@synod/coordination';
import { MemoryBackend } from '@synod/coordination';
import { MemberDirectory } from '../../src/members/member-directory.ts';
import { MembershipKeeper } from '../../src/service/membership-keeper.ts';

const id = (letter: string) => memberId(`000000000000000${letter}`);
const ids = (letters: string) => [...letters].map(id);
const [A, B, C, D] = [id('a'), id('b'), id('c'), id('d')];
const ELECTION_TICKS = 10;

function keeperUnderTest(founders: string, voters = founders, learners = '') {
  const directory = new MemberDirectory(
    new MemoryBackend(),
    ids(founders).map((one) => ({ id: one, name: one, peerUrls: [one], clientUrls: [], isLearner: false })),
  );
  directory.load();
  const asked: MembershipChange[] = [];
  const retired: string[] = [];
  let status = {
    role: 'leader',
    membership: simpleMembership({ voters: ids(voters), learners: ids(learners) }),
    changingMembership: false,
    transferring: false,
    commitIndex: 100,
    lastIndex: 100,
    progress: [],
  } as unknown as ReplicaStatus;
  const machine = { directory, appliedIndex: 100 as ReplicaStatus['appliedIndex'] };
  const keeper = new MembershipKeeper({
    machine,
    electionTimeoutTicks: ELECTION_TICKS,
    replica: { status: () => status, changeMembership: (change) => void asked.push(change) },
    submit: (command, done) => {
      retired.push(command.id);
      assert.equal(directory.apply(command), undefined);
      done();
    },
  });
  const command = (change: { kind: MemberCommand['kind']; id: string; isLearner?: boolean }): void =>
    assert.equal(
      directory.apply({
        module: 'members',
        peerUrls: [change.id],
        isLearner: false,
        learnersMax: 9,
        name: 'n',
        clientUrls: [],
        ...change,
      } as MemberCommand),
      undefined,
    );
  return {
    keeper,
    machine,
    asked,
    retired,
    command,
    stands: (change: Partial<ReplicaStatus>) => {
      status = { ...status, ...change };
    },
    /** Ticks, and gives what was asked of the core last. */
    ticks: (count = 1) => {
      asked.length = 0;
      for (let i = 0; i < count; i++) keeper.tick();
      const last = asked.at(-1);
      return last && `${last.voters.map(letter).join('')}:${last.learners.map(letter).join('')}`;
    },
  };
}

const letter = (one: string): string => one.slice(-1);

function follower(letterOf: string, matchIndex: number, recentlyActive = true) {
  return { id: id(letterOf), matchIndex, recentlyActive } as ReplicaStatus['progress'][number];
}

test('nothing is asked for while nobody asked for another membership', () => {
  const { ticks } = keeperUnderTest('abc', 'ab');
  assert.equal(ticks(50), undefined);
});

test('a new voter learns first, and votes once it has started and keeps up', () => {
  const { command, ticks, stands } = keeperUnderTest('abc');
  command({ kind: 'add', id: D });
  assert.equal(ticks(), 'abc:d');
  stands({ membership: simpleMembership({ voters: ids('abc'), learners: ids('d') }) });
  stands({ progress: [follower('d', 100)] });
  assert.equal(ticks(3 * ELECTION_TICKS), undefined, 'it has not said who it is');
  command({ kind: 'publish', id: D });
  stands({ progress: [follower('d', 99)], lastIndex: 100 as never });
  assert.equal(ticks(3 * ELECTION_TICKS), undefined, 'it lags');
  stands({ progress: [follower('d', 100, false)] });
  assert.equal(ticks(3 * ELECTION_TICKS), undefined, 'it was not heard of lately');
  stands({ progress: [follower('d', 100)] });
  assert.equal(ticks(), 'abcd:');
});

test('a learner stays one until it is promoted', () => {
  const { command, ticks, stands } = keeperUnderTest('abc', 'abc', 'd');
  command({ kind: 'add', id: D, isLearner: true });
  command({ kind: 'publish', id: D });
  stands({ progress: [follower('d', 100)] });
  assert.equal(ticks(3 * ELECTION_TICKS), undefined);
  command({ kind: 'promote', id: D });
  assert.equal(ticks(), 'abcd:');
});

test('a removed member is asked away, and retired once the consensus does without it', () => {
  const { command, ticks, stands, retired } = keeperUnderTest('abc');
  command({ kind: 'remove', id: C });
  assert.equal(ticks(), 'ab:');
  assert.deepEqual(retired, []);
  stands({ membership: simpleMembership({ voters: ids('ab'), learners: [] }), changingMembership: true });
  assert.equal(ticks(), undefined);
  assert.deepEqual(retired, [], 'the change is not over');
  stands({ changingMembership: false });
  ticks(5);
  assert.deepEqual(retired, [C]);
});

test('nobody is let go while less than a quorum of those who shall vote can', () => {
  const { command, ticks, stands, retired } = keeperUnderTest('a');
  for (const one of [B, C, D]) command({ kind: 'add', id: one });
  command({ kind: 'remove', id: A });
  assert.equal(ticks(), 'a:bcd');
  stands({ membership: simpleMembership({ voters: ids('a'), learners: ids('bcd') }) });
  assert.equal(ticks(), undefined);
  assert.deepEqual(retired, []);
  for (const one of [B, C, D]) command({ kind: 'publish', id: one });
  stands({ progress: [follower('b', 100)] });
  assert.equal(ticks(3 * ELECTION_TICKS), 'ab:cd');
  stands({ progress: [follower('b', 100), follower('c', 100)] });
  assert.equal(ticks(), 'bc:d');
});

test('only a leader asks, and only when it knows all that is committed and nothing is under way', () => {
  const { command, ticks, stands, machine } = keeperUnderTest('abc');
  command({ kind: 'remove', id: C });
  for (const obstacle of [
    { role: 'follower' },
    { changingMembership: true },
    { transferring: true },
  ] as const) {
    stands(obstacle as Partial<ReplicaStatus>);
    assert.equal(ticks(30), undefined, JSON.stringify(obstacle));
    stands({ role: 'leader', changingMembership: false, transferring: false });
  }
  machine.appliedIndex = 99 as never;
  assert.equal(ticks(30), undefined);
  machine.appliedIndex = 100 as never;
  assert.equal(ticks(), 'ab:');
});
