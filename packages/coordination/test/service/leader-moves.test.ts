/** Handing leadership over on request: who is refused, when it is answered, and when it is given up (V5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MemberId, memberId, type ReplicaStatus, simpleMembership } from '@synod/consensus';
import { LeaderMoves } from '../../src/service/leader-moves.ts';

const SELF = memberId('0000000000000001');
const OTHER = memberId('0000000000000002');
const THIRD = memberId('0000000000000003');
const LEARNER = memberId('0000000000000004');
const TIMEOUT_TICKS = 70;

type Standing = Pick<ReplicaStatus, 'role' | 'leader' | 'transferring'>;

function movesUnderTest() {
  let standing: Standing = { role: 'leader', leader: SELF, transferring: false };
  const asked: MemberId[] = [];
  const membership = simpleMembership({ voters: [SELF, OTHER, THIRD], learners: [LEARNER] });
  const moves = new LeaderMoves({
    self: SELF,
    timeoutTicks: TIMEOUT_TICKS,
    replica: {
      status: () => ({ membership, ...standing }) as ReplicaStatus,
      transferLeadership: (to) => {
        asked.push(to);
        standing = { ...standing, transferring: true };
      },
    },
  });
  const answers: string[] = [];
  return {
    moves,
    asked,
    answers,
    move: (to: string) =>
      moves.move(to, {
        complete: (result) => void answers.push(result.kind === 'serviceFailure' ? result.code : result.kind),
      }),
    stands: (next: Standing) => {
      standing = next;
      moves.roleChanged();
    },
  };
}

test('only the leader hands over, and only to a voter; to itself it has done so already', () => {
  const { move, stands, asked, answers } = movesUnderTest();
  move(SELF);
  move(LEARNER);
  move('00000000000000ff');
  stands({ role: 'follower', leader: OTHER, transferring: false });
  move(THIRD);
  assert.deepEqual(answers, ['leaderMoved', 'badLeaderTransferee', 'badLeaderTransferee', 'notLeader']);
  assert.deepEqual(asked, []);
});

test('answered once the other one leads, not before', () => {
  const { move, moves, stands, asked, answers } = movesUnderTest();
  move(OTHER);
  assert.deepEqual(asked, [OTHER]);
  moves.tick();
  stands({ role: 'follower', leader: undefined, transferring: false });
  assert.deepEqual(answers, []);
  stands({ role: 'follower', leader: OTHER, transferring: false });
  assert.deepEqual(answers, ['leaderMoved']);
});

test('given up when the core gives up, when somebody else leads, when nobody does for long, and at the end', () => {
  const gaveUp = movesUnderTest();
  gaveUp.move(OTHER);
  gaveUp.stands({ role: 'leader', leader: SELF, transferring: false });
  const third = movesUnderTest();
  third.move(OTHER);
  third.stands({ role: 'follower', leader: THIRD, transferring: false });
  const nobody = movesUnderTest();
  nobody.move(OTHER);
  nobody.stands({ role: 'follower', leader: undefined, transferring: false });
  for (let tick = 0; tick < TIMEOUT_TICKS; tick++) nobody.moves.tick();
  assert.deepEqual(nobody.answers, []);
  nobody.moves.tick();
  for (const { answers } of [gaveUp, third, nobody]) assert.deepEqual(answers, ['leaderTransferFailed']);
  const ended = movesUnderTest();
  ended.move(OTHER);
  ended.moves.stop();
  ended.moves.tick();
  assert.deepEqual(ended.answers, ['stopped']);
});
