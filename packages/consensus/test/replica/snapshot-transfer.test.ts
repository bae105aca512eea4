/** Snapshots to a laggard, on either protocol: losses, resumption, power cuts at every step, and what is left on the disk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProtocolName } from '../../src/core/core.ts';
import { decodeSnapshotMessage } from '../../src/replica/snapshot-messages.ts';
import { Cluster, type Member } from './cluster-harness.ts';

const TRIMMING = { snapshotCount: 20, catchUpEntries: 5 };

function run(cluster: Cluster, from: number, to: number, padding = ''): void {
  const leader = cluster.elect();
  for (let i = from; i <= to; i++) {
    cluster.propose(leader, `${i}${padding}`);
    cluster.settle();
  }
  cluster.tick(3);
}

/** A cluster whose third member was down while the log was trimmed past it. */
function laggingCluster(
  protocol: ProtocolName,
  padding = '',
): { cluster: Cluster; leader: Member; laggard: Member } {
  const cluster = new Cluster({ protocol, trimming: TRIMMING });
  const leader = cluster.elect();
  const laggard = cluster.members.find((member) => member !== leader)!;
  run(cluster, 1, 10, padding);
  cluster.crash(laggard);
  run(cluster, 11, 100, padding);
  assert(leader.replica!.status().trimmedIndex > 50);
  return { cluster, leader, laggard };
}

/** Compared without a difference of megabytes in the report. */
function assertSameState(member: Member, other: Member): void {
  assert.equal(member.machine.bodies.length, other.machine.bodies.length);
  assert(member.machine.bodies.every((body, i) => body === other.machine.bodies[i]));
}

function kinds(member: Member): string[] {
  return member.events.map(({ kind }) => kind);
}

for (const protocol of ['raft', 'paxos'] as const) {
  test(`${protocol}: a replica that lags behind the trim gets a snapshot and goes on from there`, () => {
    const { cluster, leader, laggard } = laggingCluster(protocol);
    cluster.start(laggard);
    cluster.tick(10);
    assert.equal(laggard.machine.restores, 1);
    assertSameState(laggard, leader);
    const received = laggard.events.find((event) => event.kind === 'snapshotReceived');
    assert(received?.ok === true && received.syncMs !== undefined);
    assert(kinds(leader).includes('snapshotSent'));
    run(cluster, 101, 110);
    assertSameState(laggard, leader);
    assert.equal(laggard.machine.gaps, 0);
  });

  test(`${protocol}: a transfer that loses messages is resumed where it stopped, not begun again`, () => {
    const padding = 'x'.repeat(9_000);
    const { cluster, leader, laggard } = laggingCluster(protocol, padding);
    const offsets: number[] = [];
    let chunks = 0;
    cluster.loses = (_from, to, lane, bytes) => {
      if (lane !== 'snapshot' || to !== laggard) return false;
      const message = decodeSnapshotMessage(bytes);
      if (message.kind !== 'chunk') return false;
      chunks++;
      if (cluster.random() < 0.3) return true;
      offsets.push(message.offset);
      return false;
    };
    cluster.start(laggard);
    cluster.tick(150);
    assertSameState(laggard, leader);
    assert(chunks > 6, `the state takes several chunks: ${chunks}`);
    assert.equal(offsets.filter((offset) => offset === 0).length, 1, 'the first chunk went once');
  });

  test(`${protocol}: one file serves several receivers`, () => {
    const cluster = new Cluster({ protocol, members: 5, trimming: TRIMMING });
    const leader = cluster.elect();
    const laggards = cluster.members.filter((member) => member !== leader).slice(0, 2);
    for (const laggard of laggards) cluster.crash(laggard);
    run(cluster, 1, 100);
    for (const laggard of laggards) cluster.start(laggard);
    cluster.tick(15);
    for (const laggard of laggards) assertSameState(laggard, leader);
    assert.equal(leader.events.filter(({ kind }) => kind === 'snapshotWritten').length, 1);
  });

  test(`pitfall 27 ${protocol}: a power cut at any step of a transfer and its restore leaves a state that goes on`, () => {
    const { cluster, leader, laggard } = laggingCluster(protocol);
    for (let steps = 1; steps <= 120; steps += 1) {
      cluster.start(laggard);
      cluster.tick(1);
      for (const member of cluster.members) member.replica?.tick();
      cluster.settleSome(steps);
      cluster.crash(laggard, () => cluster.random() < 0.5);
      cluster.settle();
    }
    cluster.start(laggard);
    cluster.tick(30);
    assertSameState(laggard, leader);
    assert.equal(laggard.machine.gaps, 0);
  });

  test(`${protocol}: snapshots in quick succession are restored one after the other, and nothing is applied twice`, () => {
    const { cluster, leader, laggard } = laggingCluster(protocol);
    for (let round = 0; round < 5; round++) {
      cluster.start(laggard);
      cluster.tick(4);
      cluster.crash(laggard);
      run(cluster, 1000 + round * 100, 1060 + round * 100);
    }
    cluster.start(laggard);
    cluster.tick(20);
    assertSameState(laggard, leader);
  });

  test(`${protocol}: no snapshot file outlives its use`, () => {
    const { cluster, leader, laggard } = laggingCluster(protocol);
    cluster.start(laggard);
    cluster.tick(10);
    run(cluster, 101, 200);
    cluster.tick(10);
    assert.deepEqual(laggard.disk.list('snapshot'), []);
    assert.deepEqual(leader.disk.list('snapshot'), []);
  });

  test(`R9 ${protocol}: trim ≤ durable state ≤ applied ≤ commit ≤ last, on every replica and monotone, all the way`, () => {
    const cluster = new Cluster({ protocol, trimming: TRIMMING });
    const leader = cluster.elect();
    const before = new Map<Member, readonly number[]>();
    for (let i = 0; i < 120; i++) {
      cluster.propose(leader, `${i}`);
      cluster.tick();
      for (const member of cluster.members) {
        const { trimmedIndex, appliedIndex, commitIndex, lastIndex } = member.replica!.status();
        const chain = [trimmedIndex, member.machine.durableIndex, appliedIndex, commitIndex, lastIndex];
        assert.deepEqual(
          chain,
          chain.toSorted((a, b) => a - b),
        );
        const earlier = before.get(member) ?? [0, 0, 0, 0, 0];
        for (const [at, value] of chain.entries()) assert(value >= earlier[at]!);
        before.set(member, chain);
      }
    }
    assert(leader.replica!.status().trimmedIndex > 80);
  });
}
