/** A replica whose state is gone and whose journal is not: what it does meanwhile, and how it gets a state again (K9 to K11). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeSnapshotMessage, encodeSnapshotMessage } from '../../src/replica/snapshot-messages.ts';
import { Cluster, ELECTION_TIMEOUT_TICKS, type Member } from './cluster-harness.ts';

const TRIMMING = { snapshotCount: 20, catchUpEntries: 5 };

function run(cluster: Cluster, from: number, to: number, padding = ''): void {
  for (let i = from; i <= to; i++) {
    cluster.propose(cluster.elect(), `${i}${padding}`);
    cluster.settle();
  }
  cluster.tick(3);
}

/** Whether both hold the same, compared without a difference of megabytes in the report. */
function areEqual(a: Member, b: Member): boolean {
  const [one, other] = [a.machine.bodies, b.machine.bodies];
  return one.length === other.length && one.every((body, i) => body === other[i]);
}

/** A member that is down, whose log was trimmed, and whose state is gone. */
function emptied(options: ConstructorParameters<typeof Cluster>[0], entries = 100, padding = '') {
  const cluster = new Cluster({ trimming: TRIMMING, ...options });
  const leader = cluster.elect();
  const victim = cluster.members.find((member) => member !== leader)!;
  run(cluster, 1, entries, padding);
  cluster.crash(victim);
  cluster.loseState(victim);
  const witness = cluster.members.find((member) => member !== leader && member !== victim)!;
  return { cluster, leader, victim, witness };
}

const regained = (member: Member): boolean => member.events.some(({ kind }) => kind === 'stateRegained');

for (const protocol of ['raft', 'paxos'] as const) {
  test(`K9 ${protocol}: it gets the state of another, and goes on from there`, () => {
    const { cluster, leader, victim } = emptied({ protocol });
    cluster.start(victim);
    assert(victim.replica!.status().trimmedIndex > 50, 'its log cannot give it back');
    cluster.tick(ELECTION_TIMEOUT_TICKS);
    assert(regained(victim));
    assert.equal(victim.machine.restores, 1);
    assert(areEqual(victim, leader));
    run(cluster, 101, 160);
    assert(areEqual(victim, leader));
    assert.equal(victim.machine.gaps, 0);
    victim.hasLostState = false;
    cluster.crash(victim);
    cluster.start(victim);
    run(cluster, 161, 170);
    assert(areEqual(victim, leader), 'an ordinary life after that');
    assert.equal(victim.machine.gaps, 0);
  });

  test(`K9 ${protocol}: a log that was never trimmed makes no difference`, () => {
    const { cluster, leader, victim } = emptied({ protocol, trimming: {} }, 10);
    cluster.start(victim);
    assert.equal(victim.replica!.status().trimmedIndex, 0);
    cluster.tick(ELECTION_TIMEOUT_TICKS);
    assert(regained(victim));
    assert.equal(victim.machine.restores, 1);
    assert(areEqual(victim, leader));
  });

  test(`K9 ${protocol}: who lagged so far that the leader sends a snapshot anyway, takes that`, () => {
    const { cluster, leader, victim } = emptied({ protocol });
    run(cluster, 101, 200);
    cluster.start(victim);
    cluster.tick(3 * ELECTION_TIMEOUT_TICKS);
    run(cluster, 201, 230);
    assert(regained(victim));
    assert(areEqual(victim, leader));
    assert.equal(victim.machine.gaps, 0);
  });

  test(`K10 ${protocol}: without a state it applies nothing, and its journal and its vote count`, () => {
    const { cluster, leader, victim, witness } = emptied({ protocol });
    cluster.loses = (_from, to, lane) => lane === 'snapshot' && to === victim;
    cluster.start(victim);
    cluster.tick(ELECTION_TIMEOUT_TICKS);
    cluster.crash(leader);
    // Two are left, one of them without a state: they elect and commit.
    run(cluster, 101, 110);
    assert.equal(witness.machine.bodies.at(-1), '110');
    assert.deepEqual(victim.machine.bodies, []);
    assert.equal(cluster.leader(), witness, 'leadership is nothing for who cannot read');
    cluster.start(leader);
    cluster.loses = () => false;
    cluster.tick(3 * ELECTION_TIMEOUT_TICKS);
    assert(areEqual(victim, witness));
    assert.equal(victim.machine.gaps, 0);
  });

  test(`K10 ${protocol}: a state is put in force only once the log durably holds all of it as committed`, () => {
    const { cluster, leader, victim } = emptied({ protocol });
    run(cluster, 101, 103);
    cluster.loses = (_from, to, lane) => lane !== 'snapshot' && to === victim;
    cluster.start(victim);
    cluster.tick(2 * ELECTION_TIMEOUT_TICKS);
    assert(victim.events.some(({ kind }) => kind === 'snapshotReceived'));
    assert.deepEqual([regained(victim), victim.machine.bodies.length], [false, 0]);
    cluster.loses = () => false;
    cluster.tick(2 * ELECTION_TIMEOUT_TICKS);
    assert(regained(victim));
    assert(areEqual(victim, leader));
  });

  test(`K11 ${protocol}: who lags behind what is asked for gives nothing`, () => {
    const cluster = new Cluster({ protocol, trimming: TRIMMING });
    const leader = cluster.elect();
    const [victim, laggard] = cluster.members.filter((member) => member !== leader) as [Member, Member];
    run(cluster, 1, 10);
    cluster.loses = (_from, to, lane) => to === laggard && lane !== 'snapshot';
    run(cluster, 11, 100);
    cluster.crash(victim);
    cluster.loseState(victim);
    cluster.loses = (from, to, lane) =>
      (to === laggard && lane !== 'snapshot') || (from === leader && lane === 'snapshot');
    cluster.start(victim);
    cluster.tick(3 * ELECTION_TIMEOUT_TICKS);
    assert(!laggard.events.some(({ kind }) => kind === 'snapshotWritten'));
    assert.deepEqual(victim.machine.bodies, []);
    cluster.loses = () => false;
    cluster.tick(3 * ELECTION_TIMEOUT_TICKS);
    assert(areEqual(victim, leader));
  });

  test(`K11 ${protocol}: who must not give its state is passed over`, () => {
    const { cluster, leader, victim, witness } = emptied({ protocol });
    leader.givesState = false;
    cluster.start(victim);
    cluster.tick(5 * ELECTION_TIMEOUT_TICKS);
    assert(regained(victim));
    assert(!leader.events.some(({ kind }) => kind === 'snapshotSent'));
    assert(witness.events.some(({ kind }) => kind === 'snapshotSent'));
    assert(areEqual(victim, leader));
  });

  test(`K9 ${protocol}: losses hold it up and no more; others write on meanwhile`, () => {
    const { cluster, leader, victim } = emptied({ protocol }, 60, 'x'.repeat(9_000));
    cluster.loses = (_from, to, lane) => lane === 'snapshot' && to === victim && cluster.random() < 0.3;
    cluster.start(victim);
    for (let i = 61; i <= 200 && !regained(victim); i++) {
      cluster.propose(cluster.elect(), `${i}`);
      cluster.tick();
    }
    assert(regained(victim));
    cluster.loses = () => false;
    cluster.tick(ELECTION_TIMEOUT_TICKS);
    assert(areEqual(victim, leader));
    assert.equal(victim.machine.gaps, 0);
  });

  test(`K9 ${protocol}: the power may go at any step`, () => {
    for (let jobs = 0; jobs < 400; jobs += 7) {
      const { cluster, leader, victim } = emptied({ protocol }, 60);
      cluster.start(victim);
      cluster.nowMs += 100;
      victim.replica!.tick();
      cluster.settleSome(jobs);
      cluster.crash(victim, () => cluster.random() < 0.5);
      cluster.settle();
      run(cluster, 61, 65);
      cluster.start(victim);
      cluster.tick(3 * ELECTION_TIMEOUT_TICKS);
      assert(areEqual(victim, leader), `after ${jobs} jobs`);
      assert.equal(victim.machine.gaps, 0);
    }
  });
}

/** What a member answers to the offer of a state alone. */
function answersToOffer(cluster: Cluster, member: Member, index: number): string[] {
  const states: string[] = [];
  const { loses } = cluster;
  cluster.loses = (from, to, lane, bytes) => {
    if (lane === 'snapshot' && from === member) {
      const message = decodeSnapshotMessage(bytes);
      if (message.kind === 'acknowledgement') states.push(message.state);
    }
    return loses(from, to, lane, bytes);
  };
  const [sender] = cluster.members.filter((other) => other !== member);
  const file = { incarnation: 1_000, number: 1 };
  const offer = { kind: 'offer', file, index, sizeBytes: 100, install: new Uint8Array() } as const;
  member.replica!.receive(sender!.id, 'snapshot', encodeSnapshotMessage(offer));
  cluster.settle();
  return states;
}

test('K11 a state that nobody asked for is refused, and so is one from before the log begins', () => {
  const { cluster, witness } = emptied({ protocol: 'raft' });
  assert.deepEqual(answersToOffer(cluster, witness, witness.replica!.status().appliedIndex + 5), ['refused']);

  const waiting = emptied({ protocol: 'raft' });
  waiting.cluster.loses = (_from, to, lane) => lane === 'snapshot' && to === waiting.victim;
  waiting.cluster.start(waiting.victim);
  const { trimmedIndex } = waiting.victim.replica!.status();
  assert.deepEqual(answersToOffer(waiting.cluster, waiting.victim, trimmedIndex - 1), ['refused']);
  assert.deepEqual(answersToOffer(waiting.cluster, waiting.victim, trimmedIndex), ['receiving']);
});
