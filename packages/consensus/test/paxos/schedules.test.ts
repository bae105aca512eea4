/** Random schedules of a small Paxos cluster (harness/schedules.ts), with tight limits and quorums of any safe size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QuorumSizes } from '../../src/core/membership.ts';
import { RUNS, type ScheduleProtocol, tryQuietWindows, trySchedules } from '../harness/schedules.ts';
import { Cluster } from './cluster.ts';

/** Small enough that every window fills and every batch is cut. */
const TIGHT_LIMITS = {
  windowSlotsMax: 12,
  messageBytesMax: 100,
  inflightMessagesMax: 3,
  inflightBytesMax: 220,
  uncommittedBytesMax: 700,
  applyBytesMax: 80,
  readsWaitingMax: 5,
};

/** Quorums of any sizes that meet, phase 1 with itself too. */
function safeQuorum(random: () => number, voters: number): QuorumSizes {
  const smallest = Math.floor(voters / 2) + 1;
  const phase1 = smallest + Math.floor(random() * (voters - smallest + 1));
  return { phase1, phase2: voters + 1 - phase1 + Math.floor(random() * phase1) };
}

const PAXOS: ScheduleProtocol<Cluster> = {
  newCluster: (options) => {
    const { random, voters } = options;
    const quorum = random() < 0.5 ? { quorum: safeQuorum(random, voters.length) } : {};
    return new Cluster({ ...options, ...quorum, limits: TIGHT_LIMITS });
  },
  change: (members, random) =>
    random() < 0.5 || members.voters.length === 0
      ? members
      : { ...members, quorum: safeQuorum(random, members.voters.length) },
};

test('P1 P2 P3 P4 P5 P6 P8 P9 P10 P11 P13 P14 P15 R19 R21 hold under random schedules of a fixed membership', () => {
  let commits = 0;
  let reads = 0;
  let elections = 0;
  let staleLeaders = 0;
  trySchedules(PAXOS, { seed: 1, changes: false }, ({ god }) => {
    commits += god.commitIndex;
    reads += god.reads.served;
    elections += god.elections;
    staleLeaders += god.staleLeaders;
  });
  // A schedule in which nothing happens would prove nothing.
  assert.ok(commits > RUNS * 5, `entries were committed: ${commits}`);
  assert.ok(reads > RUNS, `reads were served: ${reads}`);
  assert.ok(elections > RUNS, `leaders were elected: ${elections}`);
  assert.ok(staleLeaders > RUNS / 20, `leaders were elected that lacked something chosen: ${staleLeaders}`);
});

test('P1 P2 P3 P4 P5 P6 P8 P9 P10 P11 P13 P14 P15 P17 R19 R21 hold while the membership changes', () => {
  let commits = 0;
  trySchedules(PAXOS, { seed: 2, changes: true }, ({ god }) => {
    commits += god.commitIndex;
  });
  assert.ok(commits > RUNS * 5, `entries were committed: ${commits}`);
});

test('R20 no leader changes in a window without faults', () => {
  tryQuietWindows((options) => new Cluster(options));
});
