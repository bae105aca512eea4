/** Changes of membership end to end: any set after any set, the leader among those who go, and who hears of it last. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epoch, logIndex, type MemberId } from '../../src/core/numbers.ts';
import type { PaxosMessage } from '../../src/paxos/messages.ts';
import { idOf } from '../harness/member-names.ts';
import { seededRandom } from '../harness/seeded-random.ts';
import { Cluster } from './cluster.ts';

const ELECTION_TIMEOUT_TICKS = 10;

function tickAll(cluster: Cluster, ticks: number): void {
  for (let tick = 0; tick < ticks; tick++)
    for (const id of cluster.members.keys()) {
      cluster.step(id, { kind: 'tick' });
      cluster.settle();
    }
}

function electedCluster(voters: readonly number[], spares: readonly number[]): Cluster {
  const random = seededRandom(3);
  const cluster = new Cluster({ voters, spares, random, electionTimeoutTicks: ELECTION_TIMEOUT_TICKS });
  tickAll(cluster, 3 * ELECTION_TIMEOUT_TICKS);
  return cluster;
}

function change(cluster: Cluster, voters: readonly number[]): void {
  const leader = cluster.leader()!;
  const members = { voters: voters.map(idOf), learners: [] as MemberId[] };
  cluster.step(leader, { kind: 'changeMembership', change: members });
}

test('P13 P17 every set of voters follows every other, the leader going or not, and nothing is lost', () => {
  const cluster = electedCluster([1, 2, 3], [4, 5, 6]);
  const sets = [[4, 5, 6], [1], [1, 2, 3, 4, 5, 6], [2, 6], [3, 4, 5], [1, 2, 3]];
  for (const voters of sets) {
    cluster.step(cluster.leader()!, { kind: 'propose', payloads: [Uint8Array.of(voters.length)] });
    change(cluster, voters);
    tickAll(cluster, 4 * ELECTION_TIMEOUT_TICKS);
    const leader = cluster.leader();
    assert.ok(leader !== undefined && voters.map(idOf).includes(leader), `${voters} have a leader`);
    assert.deepEqual(cluster.member(leader).core.status().membership.voters, voters.map(idOf));
    assert.equal(cluster.member(leader).core.status().appliedIndex, cluster.god.commitIndex);
  }
});

test('P17 whoever was let in finds out from those who are gone, if the leader fell before it could say so', () => {
  const cluster = electedCluster([1], [9]);
  change(cluster, [9]);
  const nine = cluster.member(idOf(9));
  // 9 accepts and says so; that the change is chosen it does not hear.
  for (let round = 0; cluster.god.commitIndex < 1 && round < 50; round++) {
    cluster.durable(idOf(1));
    cluster.durable(idOf(9));
    for (let at = cluster.network.length - 1; at >= 0; at--) cluster.deliver(0);
  }
  assert.equal(cluster.god.commitIndex, 1);
  assert.equal(nine.core.state.commitIndex, 0);
  cluster.network = [];
  // The next write says in the journal of 1 that the change is chosen.
  const prepare: PaxosMessage = { kind: 'prepare', ballot: epoch(2 ** 40), from: logIndex(1) };
  cluster.step(idOf(1), { kind: 'message', from: idOf(9), message: prepare });
  cluster.durable(idOf(1));
  cluster.crash(idOf(1));
  cluster.network = [];
  cluster.restart(idOf(1));
  assert.equal(cluster.member(idOf(1)).core.status().role, 'learner');
  tickAll(cluster, 4 * ELECTION_TIMEOUT_TICKS);
  assert.equal(cluster.leader(), idOf(9));
});

test('a transfer moves the lead to any voter, and back', () => {
  const cluster = electedCluster([1, 2, 3, 4], []);
  for (const to of [1, 2, 3, 4, 1]) {
    cluster.step(cluster.leader()!, { kind: 'transferLeadership', to: idOf(to) });
    cluster.settle();
    tickAll(cluster, 3);
    assert.equal(cluster.leader(), idOf(to));
  }
});
