/** Real replicas of either protocol under losses and power cuts: one order, each proposal once, nothing acknowledged lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProtocolName } from '../../src/core/core.ts';
import { Cluster, ELECTION_TIMEOUT_TICKS, type Member, TICK_MS } from './cluster-harness.ts';

for (const protocol of ['raft', 'paxos'] as const) {
  test(`${protocol}: three replicas elect one leader and apply what any of them is given, in one order`, () => {
    const cluster = new Cluster({ protocol });
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

  test(`${protocol}: proposals made before there is a leader wait for one`, () => {
    const cluster = new Cluster({ protocol });
    const outcomes = cluster.members.map((member, i) => cluster.propose(member, `early ${i}`));
    cluster.settle();
    cluster.elect();
    cluster.tick(3);
    for (const outcome of outcomes) assert.equal(typeof outcome.position, 'number');
    assert.equal(cluster.members[0]!.machine.bodies.length, 3);
  });

  test(`C4 ${protocol}: every acknowledged proposal survives the power cut of all members at once`, () => {
    const cluster = new Cluster({ protocol });
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

  test(`pitfall 35 ${protocol}: proposals that are forwarded, lost, retried and doubled are applied once each`, () => {
    const cluster = new Cluster({ protocol, seed: 5 });
    cluster.elect();
    const followers = cluster.followers();
    cluster.loses = (_from, _to, lane) => lane === 'forward' && cluster.random() < 0.5;
    const outcomes = [];
    for (let i = 0; i < 30; i++) {
      outcomes.push(cluster.propose(followers[i % 2]!, `${i}`));
      cluster.tick();
    }
    cluster.tick(12 * ELECTION_TIMEOUT_TICKS);
    const bodies = followers[0]!.machine.bodies;
    assert.equal(new Set(bodies).size, bodies.length);
    for (const [i, { failure, position }] of outcomes.entries())
      if (failure === undefined) assert.equal(bodies[position! - 1], `${i}`);
    assert(outcomes.filter(({ position }) => position !== undefined).length >= 25);
  });

  test(`C4 ${protocol}: a leader that dies takes nothing acknowledged with it, and its followers go on with what they were asked`, () => {
    const cluster = new Cluster({ protocol, seed: 9 });
    const acknowledged = new Set<string>();
    const waiting: { body: string; outcome: { position?: number } }[] = [];
    for (let round = 0; round < 6; round++) {
      const leader = cluster.elect();
      for (const [i, member] of cluster.members.entries())
        for (let k = 0; k < 5; k++) {
          const body = `${round}/${i}/${k}`;
          waiting.push({ body, outcome: cluster.propose(member, body) });
        }
      cluster.settleSome(10 * round);
      const noted = waiting.filter(({ outcome }) => outcome.position !== undefined).map(({ body }) => body);
      cluster.crash(leader, () => cluster.random() < 0.5);
      cluster.settle();
      for (const body of noted) acknowledged.add(body);
      cluster.elect();
      cluster.tick(5);
      for (const { body, outcome } of waiting) if (outcome.position !== undefined) acknowledged.add(body);
      cluster.start(leader);
      cluster.tick(ELECTION_TIMEOUT_TICKS);
    }
    cluster.tick(3 * ELECTION_TIMEOUT_TICKS);
    const [first] = cluster.members;
    for (const { machine } of cluster.members) assert.deepEqual(machine.bodies, first!.machine.bodies);
    for (const body of acknowledged) assert(first!.machine.bodies.includes(body), `${body} survived`);
    assert(acknowledged.size >= 60);
  });

  test(`C4 ${protocol}: under losses, kills, power cuts, torn writes and failing syncs at any step, nothing acknowledged is lost`, () => {
    for (let seed = 1; seed <= 12; seed++) runRandomWorld(protocol, seed);
  });
}

/** One thing that befalls a member; most often it is asked for something. */
function befall(cluster: Cluster, member: Member, propose: () => void): void {
  const draw = cluster.random();
  const survives = () => cluster.random() < 0.5;
  if (member.replica === undefined) {
    if (draw < 0.2) cluster.start(member);
  } else if (member.events.some(({ kind }) => kind === 'fatal')) cluster.crash(member, survives);
  else if (draw < 0.6) propose();
  else if (draw < 0.62) cluster.crash(member, survives);
  else if (draw < 0.63) cluster.kill(member);
  else if (draw < 0.64) member.disk.failOn('sync', 'failed');
  else if (draw < 0.65) for (const each of cluster.members) cluster.crash(each, survives);
}

/** A random world of one seed: checks after each step what must hold, and in the end that all agree. */
function runRandomWorld(protocol: ProtocolName, seed: number): void {
  const cluster = new Cluster({
    protocol,
    seed,
    members: seed % 2 === 0 ? 5 : 3,
    segmentBytes: 8192,
    trimming: { snapshotCount: 20, catchUpEntries: seed % 7 },
  });
  const { random } = cluster;
  const loss = random() * 0.3;
  cluster.loses = () => random() < loss;
  const made: { body: string; outcome: { position?: number } }[] = [];
  const longest: string[] = [];
  for (let step = 0; step < 250; step++) {
    const member = cluster.members[Math.floor(random() * cluster.members.length)]!;
    const body = `${step}`.padEnd(Math.floor(random() * 300), '.');
    befall(cluster, member, () => made.push({ body, outcome: cluster.propose(member, body) }));
    if (random() < 0.5) cluster.settleSome(Math.floor(random() * 30));
    else cluster.tick();
    growLongest(cluster, longest);
  }
  cluster.loses = () => false;
  for (const member of cluster.members) {
    if (member.replica !== undefined) cluster.crash(member);
    cluster.start(member);
  }
  cluster.elect();
  cluster.tick(6 * ELECTION_TIMEOUT_TICKS);
  growLongest(cluster, longest);
  for (const { machine } of cluster.members) {
    assert.deepEqual(machine.bodies, longest, `seed ${seed}: all agree`);
    assert.equal(new Set(machine.bodies).size, machine.bodies.length, `seed ${seed}: once each`);
  }
  for (const { body, outcome } of made)
    if (outcome.position !== undefined) assert.equal(longest[outcome.position - 1], body);
}

/** R7: the state of each is a prefix of the longest ever seen, which itself only grows. */
function growLongest(cluster: Cluster, longest: string[]): void {
  for (const { machine } of cluster.members) {
    for (let at = longest.length; at < machine.bodies.length; at++) longest.push(machine.bodies[at]!);
    assert(
      machine.bodies.every((body, at) => body === longest[at]),
      'one order',
    );
    assert.equal(machine.gaps, 0);
  }
}

for (const protocol of ['raft', 'paxos'] as const)
  test(`${protocol}: a leader whose process stood still counts a late heartbeat for each follower, and a follower none`, () => {
    const cluster = new Cluster({ protocol });
    const leader = cluster.elect();
    cluster.tick(3);
    const late = () => cluster.members.map(({ replica }) => replica!.activity.lateHeartbeats);
    assert.deepEqual(late(), [0, 0, 0]);
    // Three intervals: too long for heartbeats, and no stall yet.
    cluster.nowMs += 2 * TICK_MS;
    cluster.tick(1);
    assert.deepEqual(
      late(),
      cluster.members.map((member) => (member === leader ? 2 : 0)),
    );
  });
