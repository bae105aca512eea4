/** Random schedules of a small Raft cluster (harness/schedules.ts), with limits so tight that every one of them is met. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  RUNS,
  type ScheduleProtocol,
  SWARM_PROTOCOL_BIT,
  tryQuietWindows,
  trySchedules,
} from '../harness/schedules.ts';
import { Cluster } from './cluster.ts';

/** Small enough that every window fills and every batch is cut. */
const TIGHT_LIMITS = {
  appendBytesMax: 100,
  inflightMessagesMax: 3,
  inflightBytesMax: 220,
  uncommittedBytesMax: 700,
  applyBytesMax: 80,
  readsWaitingMax: 5,
};

const RAFT: ScheduleProtocol<Cluster> = {
  newCluster: (options, { swarm, changes }) =>
    new Cluster({
      ...options,
      preVote: (swarm & (1 << SWARM_PROTOCOL_BIT)) === 0,
      limits: TIGHT_LIMITS,
      fixedMembership: !changes,
    }),
  change: (members) => members,
};

test('R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 R16 R17 R19 R21 hold under random schedules of a fixed membership', () => {
  let commits = 0;
  let reads = 0;
  let elections = 0;
  trySchedules(RAFT, { seed: 1, changes: false }, ({ god }) => {
    commits += god.commitIndex;
    reads += god.reads.served;
    elections += god.elections;
  });
  // A schedule in which nothing happens would prove nothing.
  assert.ok(commits > RUNS * 5, `entries were committed: ${commits}`);
  assert.ok(reads > RUNS, `reads were served: ${reads}`);
  assert.ok(elections > RUNS, `leaders were elected: ${elections}`);
});

test('R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R12 R13 R15 R16 R17 R19 R21 hold while the membership changes', () => {
  let commits = 0;
  trySchedules(RAFT, { seed: 2, changes: true }, ({ god }) => {
    commits += god.commitIndex;
  });
  assert.ok(commits > RUNS * 5, `entries were committed: ${commits}`);
});

test('R20 no leader changes in a window without faults', () => {
  tryQuietWindows((options) => new Cluster(options));
});
