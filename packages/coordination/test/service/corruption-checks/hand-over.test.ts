/** Whom a leader that is to lead no more names (K7). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MemberId, memberId, type ReplicaStatus, simpleMembership } from '@synod/consensus';
import { handOver } from '../../../src/service/corruption-checks/hand-over.ts';

const SELF = memberId('0000000000000001');
const A = memberId('000000000000000a');
const B = memberId('000000000000000b');
const LEARNER = memberId('000000000000000c');

function heirOf(status: Partial<ReplicaStatus>, unfit: readonly MemberId[] = []): MemberId | undefined {
  let heir: MemberId | undefined;
  const progress = [
    { id: A, matchIndex: 7, recentlyActive: true },
    { id: B, matchIndex: 9, recentlyActive: true },
    { id: LEARNER, matchIndex: 10, recentlyActive: true },
  ];
  const whole = {
    role: 'leader',
    transferring: false,
    membership: simpleMembership({ voters: [SELF, A, B], learners: [LEARNER] }),
    progress,
    ...status,
  } as unknown as ReplicaStatus;
  handOver(
    {
      status: () => whole,
      transferLeadership: (to) => {
        heir = to;
      },
    },
    (member) => unfit.includes(member),
  );
  return heir;
}

test('K7 the voter of good name whose log is longest', () => {
  assert.equal(heirOf({}), B);
  assert.equal(heirOf({}, [B]), A);
  assert.equal(heirOf({}, [A, B]), undefined);
});

test('K7 nobody while a transfer is under way, or where this member does not lead', () => {
  assert.equal(heirOf({ transferring: true }), undefined);
  assert.equal(heirOf({ role: 'follower' }), undefined);
});
