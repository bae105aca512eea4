/**
 * Who leads when only some links work: every undirected graph on three and four members, with each as the leader before. If some member
 * still reaches a quorum, something new is chosen within four election timeouts, however stale that member's slots are.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberId } from '../../src/core/numbers.ts';
import { idOf } from '../harness/member-names.ts';
import { seededRandom } from '../harness/seeded-random.ts';
import { Cluster } from './cluster.ts';

const ELECTION_TIMEOUT_TICKS = 10;

type Links = (from: MemberId, to: MemberId) => boolean;

function tickAll(cluster: Cluster, ticks: number, links: Links): void {
  for (let tick = 0; tick < ticks; tick++)
    for (const id of cluster.members.keys()) {
      cluster.step(id, { kind: 'tick' });
      cluster.settle(links);
      cluster.network = [];
    }
}

/** Lets `leader` lead, with everybody reaching everybody. */
function leadBy(cluster: Cluster, leader: MemberId): void {
  tickAll(cluster, 3 * ELECTION_TIMEOUT_TICKS, () => true);
  for (let tries = 0; cluster.leader() !== leader && tries < 5; tries++) {
    cluster.step(cluster.leader()!, { kind: 'transferLeadership', to: leader });
    cluster.settle();
    tickAll(cluster, ELECTION_TIMEOUT_TICKS, () => true);
  }
  assert.equal(cluster.leader(), leader);
}

/** Whether something new is chosen within the time, if each leader there is gets something to propose. */
function resumes(cluster: Cluster, links: Links, ticksMax: number): boolean {
  const before = cluster.god.commitIndex;
  for (let tick = 0; tick < ticksMax; tick++) {
    tickAll(cluster, 1, links);
    for (const { id, core } of cluster.members.values())
      if (core.state.role.kind === 'leader') {
        cluster.step(id, { kind: 'propose', payloads: [Uint8Array.of(tick)] });
        cluster.settle(links);
        cluster.network = [];
      }
    // What the old leader had under way may be chosen by one that is going: only a later slot shows service.
    if (cluster.god.commitIndex > before && tick > 2 * ELECTION_TIMEOUT_TICKS) return true;
  }
  return false;
}

function tryGraph(count: number, graph: number, leader: number, stale: number): void {
  const voters = Array.from({ length: count }, (_, i) => i + 1);
  const pairs = voters.flatMap((a) => voters.filter((b) => b > a).map((b) => [idOf(a), idOf(b)] as const));
  const works = new Set(
    pairs.filter((_, i) => (graph >> i) & 1).flatMap(([a, b]) => [`${a}>${b}`, `${b}>${a}`]),
  );
  const links: Links = (from, to) => works.has(`${from}>${to}`);
  const ids = voters.map(idOf);
  const phase1 = Math.floor(count / 2) + 1;
  const connected = ids.filter((id) => 1 + ids.filter((other) => links(id, other)).length >= phase1);
  const cluster = new Cluster({
    voters,
    random: seededRandom(1 + graph * 64 + leader * 8 + stale),
    electionTimeoutTicks: ELECTION_TIMEOUT_TICKS,
  });
  leadBy(cluster, idOf(leader));
  // One member misses what is chosen last.
  const withoutStale: Links = (from, to) => from !== idOf(stale) && to !== idOf(stale);
  if (stale !== leader) {
    cluster.step(idOf(leader), { kind: 'propose', payloads: [Uint8Array.of(1), Uint8Array.of(2)] });
    cluster.settle(withoutStale);
    cluster.network = [];
  }
  const name = `graph ${graph} of ${count}, leader ${leader}, stale ${stale}`;
  if (connected.length === 0) return;
  assert.ok(resumes(cluster, links, 4 * ELECTION_TIMEOUT_TICKS), `${name}: commits resume`);
}

for (const count of [3, 4])
  test(`R21 with ${count} members, whichever links work: where one reaches a quorum, commits resume`, () => {
    const links = (count * (count - 1)) / 2;
    for (let graph = 0; graph < 2 ** links; graph++)
      for (let leader = 1; leader <= count; leader++)
        for (let stale = 1; stale <= count; stale++) tryGraph(count, graph, leader, stale);
  });

test('R21 quorum loss among five: everybody reaches one member only, and that one leads', () => {
  for (let center = 1; center <= 5; center++)
    for (let leader = 1; leader <= 5; leader++) {
      const pairs = [1, 2, 3, 4, 5].flatMap((a) => [2, 3, 4, 5].filter((b) => b > a).map((b) => [a, b]));
      const graph = pairs.reduce(
        (bits, [a, b], i) => (a === center || b === center ? bits | (1 << i) : bits),
        0,
      );
      tryGraph(5, graph, leader, center);
    }
});

test('R21 constrained election among five: the only one that reaches a quorum has stale slots, and leads', () => {
  // 1 is cut off from all but 2, and leads; 2 reaches everybody; the others reach 2 only. 2 lacks what was chosen last.
  for (const leader of [1, 3]) {
    const pairs = [1, 2, 3, 4, 5].flatMap((a) => [2, 3, 4, 5].filter((b) => b > a).map((b) => [a, b]));
    const graph = pairs.reduce((bits, [a, b], i) => (a === 2 || b === 2 ? bits | (1 << i) : bits), 0);
    tryGraph(5, graph, leader, 2);
  }
});
