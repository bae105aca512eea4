/** Changes of members on request: what is refused before the log, and when the rest is answered (G2 to G4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberId, type ReplicaStatus, simpleMembership } from '@synod/consensus';
import type { CommandResult, MemberCommand } from '@synod/coordination';
import { MemoryBackend } from '@synod/coordination';
import { MemberDirectory } from '../../src/members/member-directory.ts';
import { LeaderCalls } from '../../src/service/leader-calls.ts';
import { MemberChanges } from '../../src/service/member-changes.ts';
import { PeerCalls } from '../../src/service/peer-calls.ts';
import { HEALTHY_AFTER_MS } from '../../src/service/quorum-care.ts';
import type { ServiceFailure } from '../../src/service/service-api.ts';

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((letter) => memberId(letter.padStart(16, '0'))) as [
  ReturnType<typeof memberId>,
  ReturnType<typeof memberId>,
  ReturnType<typeof memberId>,
  ReturnType<typeof memberId>,
];
const TIMEOUT_TICKS = 5;

/** A leads, with B and C; what is submitted takes effect at once. */
function changesUnderTest(options: { readonly isStrict?: boolean; readonly connectedForMs?: number } = {}) {
  const directory = new MemberDirectory(
    new MemoryBackend(),
    [A, B, C].map((id) => ({ id, name: id, peerUrls: [id], clientUrls: [], isLearner: false })),
  );
  directory.load();
  const submitted: MemberCommand['kind'][] = [];
  const answers: string[] = [];
  let status = {
    role: 'leader',
    membership: simpleMembership({ voters: [A, B, C], learners: [] }),
    lastIndex: 100,
    progress: [],
  } as unknown as ReplicaStatus;
  const calls = new PeerCalls({ incarnation: 1, timeoutTicks: 10, send: () => {} });
  const apply = (command: MemberCommand): CommandResult => {
    submitted.push(command.kind);
    const reason = directory.apply(command);
    const revision = 1 as never;
    return reason === undefined
      ? { kind: 'membersChanged', members: directory.list(), revision }
      : { kind: 'failure', reason, revision };
  };
  const changes = new MemberChanges({
    self: A,
    machine: { directory, revision: 1 as never },
    replica: { status: () => status },
    leaderCalls: new LeaderCalls({ self: A, calls, leader: () => A, timeoutTicks: 10 }),
    peers: () => [B, C].map((peer) => ({ peer, connectedSinceMs: -(options.connectedForMs ?? 60_000) })),
    nowMs: () => 0,
    submit: (command, completion) => completion.complete(apply(command)),
    isStrict: options.isStrict ?? true,
    learnersMax: 1,
    timeoutTicks: TIMEOUT_TICKS,
  });
  const completion = {
    complete: (result: CommandResult | ServiceFailure): void => {
      if (result.kind === 'serviceFailure') answers.push(result.code);
      else answers.push(result.kind === 'failure' ? result.reason.code : 'done');
    },
  };
  return {
    changes,
    directory,
    submitted,
    answers,
    completion,
    apply,
    stands: (change: Partial<ReplicaStatus>) => {
      status = { ...status, ...change };
    },
    ticks: (count: number) => {
      for (let i = 0; i < count; i++) changes.tick();
    },
  };
}

const follower = (id: string, matchIndex: number, recentlyActive = true) =>
  ({ id, matchIndex, recentlyActive }) as unknown as ReplicaStatus['progress'][number];
const learner = { id: D, peerUrls: [D], isLearner: true };

test('a dangerous change is refused and never comes to the log; without the careful rules it does', () => {
  const careful = changesUnderTest({ connectedForMs: HEALTHY_AFTER_MS - 1 });
  careful.changes.add({ ...learner, isLearner: false }, careful.completion);
  careful.changes.add(learner, careful.completion);
  careful.changes.remove(B, careful.completion);
  assert.deepEqual(careful.answers, ['unhealthy', 'unhealthy', 'unhealthy']);
  assert.deepEqual(careful.submitted, []);
  const bold = changesUnderTest({ connectedForMs: HEALTHY_AFTER_MS - 1, isStrict: false });
  bold.changes.add({ ...learner, isLearner: false }, bold.completion);
  assert.deepEqual(bold.answers, ['done']);
});

test('a removal is answered once nobody needs the member; its own at once; in time, or not', () => {
  const { changes, apply, answers, completion, ticks } = changesUnderTest();
  changes.remove(B, completion);
  ticks(TIMEOUT_TICKS);
  assert.deepEqual(answers, []);
  apply({ module: 'members', kind: 'retire', id: B });
  ticks(1);
  assert.deepEqual(answers, ['done']);
  changes.remove(C, completion);
  ticks(TIMEOUT_TICKS + 1);
  assert.deepEqual(answers, ['done', 'timeout']);
  const leaving = changesUnderTest();
  leaving.changes.remove(A, leaving.completion);
  assert.deepEqual(leaving.answers, ['done']);
});

test('a removal of nobody is told by the log; what waits at the end is told that this member stops', () => {
  const { changes, answers, completion } = changesUnderTest();
  changes.remove(D, completion);
  changes.remove(B, completion);
  changes.stop();
  assert.deepEqual(answers, ['memberNotFound', 'stopped']);
});

test('a promotion is for a learner in step with the leader, and is answered once it votes', () => {
  const { changes, answers, completion, stands, ticks } = changesUnderTest();
  changes.promote(D, completion);
  changes.add(learner, completion);
  changes.promote(D, completion);
  stands({ progress: [follower(D, 100, false)] });
  changes.promote(D, completion);
  stands({ progress: [follower(D, 89)] });
  changes.promote(D, completion);
  assert.deepEqual(answers.splice(0), [
    'memberNotFound',
    'done',
    'learnerNotReady',
    'learnerNotReady',
    'learnerNotReady',
  ]);
  stands({ progress: [follower(D, 90)] });
  changes.promote(D, completion);
  ticks(1);
  assert.deepEqual(answers, []);
  stands({ membership: simpleMembership({ voters: [A, B, C, D], learners: [] }) });
  ticks(1);
  changes.promote(D, completion);
  changes.promote(A, completion);
  assert.deepEqual(answers, ['done', 'memberNotLearner', 'memberNotLearner']);
});
