/**
 * Both protocols under partial partitions: wherever some member talks both ways with a quorum, commits go on within four
 * election timeouts, whoever led and whoever's log is stale. All graphs on three members; those on five up to the
 * numbering of the members (`npm run sim -- --connectivity` plays all of them, in minutes).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paxosUnderTest } from '../../src/checkers/paxos/paxos-under-test.ts';
import type { ProtocolUnderTest } from '../../src/checkers/protocol-under-test.ts';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import {
  type ConnectivityCase,
  describeCase,
  everyDirectedCase,
  everyUndirectedCase,
  quorumConnected,
  upToSymmetry,
} from '../../src/run/connectivity-cases.ts';
import { surveyConnectivity } from '../../src/run/connectivity-survey.ts';

const THREE = everyDirectedCase(3);
const FIVE = upToSymmetry(everyUndirectedCase(5));

/** The stale member reaches the three others but the leader, and nobody else reaches anybody else. */
function isConstrainedElection({ leader, stale, cut }: ConnectivityCase): boolean {
  return (
    stale !== undefined &&
    cut.length === 2 * 7 &&
    quorumConnected(5, cut).join() === `${stale}` &&
    !cut.some(([from, to]) => to === stale && from !== leader)
  );
}

for (const protocol of [raftUnderTest, paxosUnderTest])
  for (const [title, cases] of [
    ['every directed graph on three members', THREE],
    ['every undirected graph on five members, up to their numbering', FIVE],
  ] as const)
    test(`R21 pitfall 10 ${protocol.name}: ${title}, whoever leads and whoever is stale`, () => {
      const { late } = surveyConnectivity(cases, protocol, 1, () => {});
      const told = late.map(({ of, electionTimeouts }) => `${describeCase(of)}: ${electionTimeouts}`);
      assert.deepEqual(told, [], 'commits go on within four election timeouts');
    });

/** Its world writes snapshots every few entries and keeps none of the log below: twenty stale entries are gone everywhere. */
const SEED_THAT_TRIMS = 36;

test('R21 R17 pitfall 10 raft: constrained elections where what the stale log lacks was trimmed', () => {
  let snapshots = 0;
  const counted: ProtocolUnderTest = {
    ...raftUnderTest,
    createCore: (options) => {
      const core = raftUnderTest.createCore(options);
      const step = core.step.bind(core);
      core.step = (input) => {
        if (input.kind === 'message' && input.message.kind === 'pullSnapshot') snapshots++;
        step(input);
      };
      return core;
    },
  };
  const stars = FIVE.filter(isConstrainedElection);
  const { late } = surveyConnectivity(stars, counted, SEED_THAT_TRIMS, () => {});
  assert.deepEqual(late, []);
  assert.ok(snapshots >= stars.length, `snapshots were pulled: ${snapshots}`);
});

test('quorum-connected is who hears and is heard by a majority, itself counted', () => {
  assert.deepEqual(quorumConnected(3, []), [0, 1, 2]);
  assert.deepEqual(quorumConnected(3, [[0, 1]]), [0, 1, 2], 'each has the third member');
  assert.deepEqual(
    quorumConnected(3, [
      [0, 1],
      [2, 0],
    ]),
    [1, 2],
    'who is heard by one and hears another hears no answer',
  );
});

test('the cases are all there are, and those up to numbering stand for all of them', () => {
  assert.equal(THREE.length, 333);
  const all = everyUndirectedCase(5);
  assert.equal(all.length, 24_950);
  assert.equal(all.filter(isConstrainedElection).length, 20);
  assert.equal(FIVE.filter(isConstrainedElection).length, 5, 'one up to numbering, shifted five times');
});
