/**
 * What an omniscient observer knows of a run, and the rules it holds replicas to. Counts on its own: nothing here uses
 * the quorum code under test. Entries are told apart by the hash of their whole prefix, so equal hashes mean equal logs.
 */
import assert from 'node:assert/strict';
import type { Entry } from '../../src/core/entry.ts';
import type { Membership } from '../../src/core/membership.ts';
import type { MemberId } from '../../src/core/numbers.ts';
import { decodeHardState } from '../../src/raft/hard-state.ts';
import { type God, ReadWatch } from '../harness/watch.ts';

/** Prefix hashes by index; hashes[0] is the empty log's. */
export type HashChain = number[];

export function extendHash(before: number, entry: Entry): number {
  let hash = Math.imul(before ^ entry.epoch, 0x9e3779b1) ^ entry.kind.length;
  for (const byte of entry.payload) hash = Math.imul(hash ^ byte, 0x01000193) + 0x7ed55d16;
  return (hash ^ (hash >>> 15)) >>> 0;
}

export class RaftGod implements God {
  /** R7: index → prefix hash of what is committed there. */
  readonly committed: HashChain = [0];
  /** R1: term → its leader. */
  private readonly leaders = new Map<number, MemberId>();
  /** R10: term → the log of its leader, over all of that leadership. */
  private readonly leaderLogs = new Map<number, HashChain>();
  /** R5: index and term → prefix hash. */
  private readonly positions = new Map<string, number>();
  /** R2: replica and term → who was sent a vote. */
  private readonly votes = new Map<string, MemberId>();
  /** R3: replica → durable term. */
  private readonly durableTerms = new Map<MemberId, number>();
  /** R10: replica → the newest term in which it acknowledged anything, and how much. */
  private readonly acknowledged = new Map<MemberId, { readonly term: number; readonly match: number }>();
  readonly reads = new ReadWatch('R12');
  elections = 0;

  get commitIndex(): number {
    return this.committed.length - 1;
  }

  becameLeader(id: MemberId, term: number, log: HashChain): void {
    const other = this.leaders.get(term);
    assert.ok(other === undefined || other === id, `R1: ${id} and ${other} lead term ${term}`);
    if (other === undefined) this.elections++;
    this.leaders.set(term, id);
    this.leaderLogs.set(term, log.slice());
    for (const [index, hash] of this.committed.entries())
      if (log[index] !== undefined)
        assert.equal(log[index], hash, `R6: new leader ${id} lacks committed ${index}`);
    assert.ok(log.length > this.commitIndex, `R6: new leader ${id} ends before commit ${this.commitIndex}`);
  }

  appended(entry: Entry, hash: number, leading: number | undefined): void {
    const key = `${entry.index}@${entry.epoch}`;
    const known = this.positions.get(key);
    assert.ok(known === undefined || known === hash, `R5: two prefixes end in ${key}`);
    this.positions.set(key, hash);
    if (leading === undefined) return;
    const log = this.leaderLogs.get(leading);
    if (log === undefined) return;
    assert.equal(log.length, entry.index, `R4: the leader of ${leading} only appends`);
    log.push(hash);
  }

  commits(id: MemberId, index: number, hash: number | undefined): void {
    if (index > this.commitIndex) {
      assert.equal(index, this.committed.length, `R7: ${id} commits ${index} after ${this.commitIndex}`);
      assert.ok(hash !== undefined, `R7: ${id} holds what it commits`);
      this.committed.push(hash);
    } else if (hash !== undefined)
      assert.equal(hash, this.committed[index], `R7: ${id} commits another ${index}`);
  }

  /** R8: called when a leader moves its commit index by counting. */
  counted(membership: Membership, holds: (id: MemberId) => boolean, what: string): void {
    for (const half of [membership.voters, membership.outgoingVoters]) {
      const holders = half.filter(holds).length;
      assert.ok(
        half.length === 0 || holders * 2 > half.length,
        `R8: ${what}: ${holders} of ${half.length} hold it`,
      );
    }
  }

  sentVote(id: MemberId, term: number, grantee: MemberId, durable: Uint8Array | undefined): void {
    const key = `${id}@${term}`;
    const before = this.votes.get(key);
    assert.ok(
      before === undefined || before === grantee,
      `R2: ${id} votes for ${before} and ${grantee} in ${term}`,
    );
    this.votes.set(key, grantee);
    assert.ok(durable !== undefined, `R2: ${id} votes before anything is durable`);
    const state = decodeHardState(durable);
    assert.ok(
      state.term > term || (state.term === term && state.vote === grantee),
      `R2: ${id} sends its vote in ${term} before it is durable`,
    );
  }

  hardStateDurable(id: MemberId, state: Uint8Array): void {
    const { term } = decodeHardState(state);
    assert.ok(term >= (this.durableTerms.get(id) ?? 0), `R3: the durable term of ${id} falls to ${term}`);
    this.durableTerms.set(id, term);
  }

  /** R10: called when an acknowledgement leaves its sender. */
  acknowledges(id: MemberId, term: number, match: number, durable: HashChain): void {
    const leaderLog = this.leaderLogs.get(term);
    assert.ok(leaderLog !== undefined, `R10: ${id} acknowledges to a leader of ${term} that never was`);
    assert.ok((this.durableTerms.get(id) ?? 0) <= term, `R10: ${id} acknowledges in the past term ${term}`);
    assert.ok(durable.length > match, `R10: ${id} acknowledges ${match}, durable is ${durable.length - 1}`);
    assert.equal(durable[match], leaderLog[match], `R10: ${id} acknowledges ${match} of another log`);
    const before = this.acknowledged.get(id);
    if (before === undefined || before.term < term || before.match < match)
      this.acknowledged.set(id, { term, match });
  }

  /** R10: what was acknowledged stays while its term lasts, for the leader goes on counting on it. */
  writes(id: MemberId, term: number, index: number): void {
    const acknowledged = this.acknowledged.get(id);
    if (acknowledged?.term !== term) return;
    assert.ok(
      index > acknowledged.match,
      `R10: ${id} writes ${index} anew in ${term}, after acknowledging it`,
    );
  }
}

/** R15: every quorum of one membership meets every quorum of the next, by trying all of them. */
export function quorumsIntersect(left: Membership, right: Membership): boolean {
  const everyone = [
    ...new Set([...left.voters, ...left.outgoingVoters, ...right.voters, ...right.outgoingVoters]),
  ];
  const isQuorum = (membership: Membership, group: ReadonlySet<MemberId>): boolean =>
    [membership.voters, membership.outgoingVoters].every(
      (half) => half.length === 0 || half.filter((id) => group.has(id)).length * 2 > half.length,
    );
  // Two disjoint quorums exist exactly if some group and its complement are quorums of the two.
  for (let bits = 0; bits < 2 ** everyone.length; bits++) {
    const inside = new Set(everyone.filter((_, i) => (bits >> i) & 1));
    const outside = new Set(everyone.filter((id) => !inside.has(id)));
    if (isQuorum(left, inside) && isQuorum(right, outside)) return false;
  }
  return true;
}
