/**
 * Raft under every partial partition of a few members: wherever somebody with a fresh log talks both ways with a quorum,
 * commits go on. The one case that plain Raft cannot mend, where only a member with a stale log is so placed (a constrained
 * election, pitfall 10), is told apart here and in docs/simulator.md.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import type { DirectedLink } from '../../src/faults/cut-links.ts';
import {
  everyDirectedCut,
  everyUndirectedCut,
  isQuorumConnected,
  quorumConnected,
  timeToCommit,
} from '../../src/run/connectivity.ts';

/** Four, and room for split votes and for timeouts that are drawn up to twice as long. */
const ELECTION_TIMEOUTS_MAX = 8;

function demandCommits(
  members: number,
  leader: number,
  stale: number | undefined,
  cut: readonly DirectedLink[],
): void {
  const timeouts = timeToCommit({ members, leader, stale, cut }, raftUnderTest, 1, ELECTION_TIMEOUTS_MAX);
  const links = cut.map((link) => link.join('>')).join(' ');
  assert.ok(
    timeouts <= ELECTION_TIMEOUTS_MAX,
    `R21: no commit with leader ${leader}, stale ${stale} and these links cut: ${links}`,
  );
}

test('R21 every directed graph on three members, whoever leads and whoever is stale', () => {
  let cases = 0;
  for (const cut of everyDirectedCut(3)) {
    if (!isQuorumConnected(3, cut)) continue;
    for (let leader = 0; leader < 3; leader++)
      for (const stale of [undefined, 0, 1, 2]) {
        if (stale === leader) continue;
        cases++;
        demandCommits(3, leader, stale, cut);
      }
  }
  assert.equal(cases, 333);
});

test('R21 undirected graphs on five members, where a fresh log is quorum-connected', () => {
  let cases = 0;
  let at = 0;
  for (const cut of everyUndirectedCut(5)) {
    // Every seventh graph: all of them take longer than a test should.
    if (at++ % 7 !== 0) continue;
    for (const stale of [undefined, 1, 2, 3, 4]) {
      if (!quorumConnected(5, cut).some((member) => member !== stale)) continue;
      cases++;
      demandCommits(5, 0, stale, cut);
    }
  }
  assert.ok(cases > 500, `cases were tried: ${cases}`);
});
