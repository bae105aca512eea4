import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from './cluster-harness.ts';

test('three replicas elect one leader and apply what any of them is given, in one order', () => {
  const cluster = new Cluster();
  cluster.elect();
  const outcomes = cluster.members.map((member, i) => cluster.propose(member, `from ${i}`));
  cluster.settle();
  cluster.tick(2);
  for (const outcome of outcomes) assert.equal(typeof outcome.position, 'number');
  const [first] = cluster.members;
  assert.deepEqual([...first!.machine.bodies].sort(), ['from 0', 'from 1', 'from 2']);
  for (const { machine } of cluster.members) {
    assert.deepEqual(machine.bodies, first!.machine.bodies);
    assert.equal(machine.gaps, 0);
  }
});

test('proposals made before there is a leader wait for one', () => {
  const cluster = new Cluster();
  const outcomes = cluster.members.map((member, i) => cluster.propose(member, `early ${i}`));
  cluster.settle();
  cluster.elect();
  cluster.tick(3);
  for (const outcome of outcomes) assert.equal(typeof outcome.position, 'number');
  assert.equal(cluster.members[0]!.machine.bodies.length, 3);
});

test('C4 every acknowledged proposal survives the power cut of all members at once', () => {
  const cluster = new Cluster();
  cluster.elect();
  const acknowledged: string[] = [];
  for (let round = 0; round < 10; round++) {
    const made = cluster.members.map((member, i) => {
      const body = `${round}/${i}`;
      return { body, outcome: cluster.propose(member, body) };
    });
    cluster.tick();
    cluster.settle();
    for (const { body, outcome } of made) if (outcome.position !== undefined) acknowledged.push(body);
    for (const member of cluster.members) cluster.crash(member, () => cluster.random() < 0.5);
    for (const member of cluster.members) cluster.start(member);
    cluster.elect();
    cluster.tick(3);
    for (const { machine } of cluster.members)
      for (const body of acknowledged) assert(machine.bodies.includes(body), `${body} survived`);
  }
  assert(acknowledged.length >= 20);
});
