/** Tells Raft's god what happens in a cluster, and holds every step to the core's own invariants. */
import assert from 'node:assert/strict';
import type { Effect, LogRecord } from '../../src/core/effects.ts';
import type { Input } from '../../src/core/inputs.ts';
import { isVoter, type Membership } from '../../src/core/membership.ts';
import type { PeerMessage } from '../../src/core/messages.ts';
import type { MemberId } from '../../src/core/numbers.ts';
import { assertFullInvariants, assertStep, beforeStep } from '../../src/raft/invariants.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import type { RaftCore } from '../../src/raft/raft-core.ts';
import type { RaftState } from '../../src/raft/state.ts';
import type { Watch, WatchedMember } from '../harness/watch.ts';
import { extendHash, type HashChain, quorumsIntersect, RaftGod } from './god.ts';

type Watched = WatchedMember<RaftCore>;

/** What is known of a member beside what it says itself. */
interface View {
  /** Prefix hashes of the log in memory, and of the one on the disk. */
  hashes: HashChain;
  diskHashes: HashChain;
  commitSeen: number;
  membershipSeen: Membership;
  /** The term whose leader god knows it to be. */
  leading: number | undefined;
}

/** Questions that change nothing at whoever is asked (R13). */
const QUIET: ReadonlySet<string> = new Set(['preVoteRequest', 'pullRequest']);

export class RaftWatch implements Watch<RaftCore, RaftGod> {
  readonly god = new RaftGod();
  private readonly founding: Membership;
  private readonly fixedMembership: boolean;
  private readonly views = new Map<MemberId, View>();

  /** `fixedMembership`: R11 counts copies of what is committed, which makes sense while the voters stay the same. */
  constructor(founding: Membership, fixedMembership: boolean) {
    this.founding = founding;
    this.fixedMembership = fixedMembership;
  }

  private view({ id }: Watched): View {
    let view = this.views.get(id);
    if (view === undefined) {
      const membershipSeen = this.founding;
      view = { hashes: [0], diskHashes: [0], commitSeen: 0, membershipSeen, leading: undefined };
      this.views.set(id, view);
    }
    return view;
  }

  around(member: Watched, input: Input): (effects: readonly Effect[]) => void {
    const { state } = member.core;
    const before = beforeStep(state);
    const countedBy = state.memberships.latest.membership;
    const quiet = input.kind === 'message' && QUIET.has(input.message.kind);
    const timers = timersOf(state);
    const tickets = state.outbox.lastTicket;
    return (effects) => {
      assertFullInvariants(state);
      assertStep(before, state);
      if (quiet) {
        assert.equal(state.term, before.term, 'R13: a question changes no term');
        assert.equal(state.vote, before.vote, 'R13: a question changes no vote');
        assert.equal(state.outbox.lastTicket, tickets, 'R13: a question writes nothing');
        assert.equal(timersOf(state), timers, 'R13: a question changes no timer');
      }
      for (const effect of effects) this.noteEffect(member, effect);
      this.noteState(member, countedBy);
    };
  }

  private noteEffect(member: Watched, effect: Effect): void {
    const view = this.view(member);
    if (effect.kind === 'write') for (const record of effect.records) this.noteRecord(member, record);
    if (effect.kind === 'apply')
      for (const { index } of effect.entries) this.god.commits(member.id, index, view.hashes[index]);
    if (effect.kind !== 'membership') return;
    if (member.core.state.role.kind === 'leader')
      assert.ok(quorumsIntersect(view.membershipSeen, effect.membership), 'R15: quorums intersect');
    view.membershipSeen = effect.membership;
  }

  private noteRecord(member: Watched, record: LogRecord): void {
    const view = this.view(member);
    if (record.kind === 'snapshot') view.hashes = this.god.committed.slice(0, record.meta.index + 1);
    if (record.kind !== 'entry') return;
    const { state } = member.core;
    this.god.writes(member.id, state.term, record.entry.index);
    const hash = extendChain(view.hashes, record.entry);
    // A new leader's own log is noted as a whole when it is seen to lead.
    const leads = state.role.kind === 'leader' && view.leading === state.term;
    this.god.appended(record.entry, hash, leads ? state.term : undefined);
  }

  /** `countedBy` is the membership before the step: one that a commit leads to does not count for that commit. */
  private noteState(member: Watched, countedBy: Membership): void {
    const { state } = member.core;
    const view = this.view(member);
    const leads = state.role.kind === 'leader';
    if (leads && view.leading !== state.term) this.god.becameLeader(member.id, state.term, view.hashes);
    view.leading = leads ? state.term : undefined;
    if (state.role.kind !== 'follower' && !leads)
      assert.ok(
        state.memberships.someSince(state.commitIndex, (membership) => isVoter(membership, member.id)),
        'R16: only voters campaign',
      );
    if (state.commitIndex === view.commitSeen) return;
    for (let index = view.commitSeen + 1; index <= state.commitIndex; index++)
      this.god.commits(member.id, index, view.hashes[index]);
    view.commitSeen = state.commitIndex;
    if (!leads) return;
    const hash = view.hashes[state.commitIndex];
    this.god.counted(
      countedBy,
      (id) => this.views.get(id)?.diskHashes[state.commitIndex] === hash,
      `${member.id} commits ${state.commitIndex}`,
    );
  }

  leaves(member: Watched, to: MemberId, sent: PeerMessage): void {
    const message = sent as RaftMessage;
    const { id, life, disk } = member;
    if (message.kind === 'voteResponse' && message.granted)
      this.god.sentVote(id, message.term, to, disk.hardState);
    if (message.kind === 'voteRequest') this.god.sentVote(id, message.term, id, disk.hardState);
    if (message.kind === 'appendResponse')
      this.god.acknowledges(id, message.term, message.matchIndex, this.view(member).diskHashes);
    if (message.kind === 'heartbeat') this.god.reads.sendsRound(`${id}/${life}`, message.readRound);
  }

  durable(member: Watched, records: readonly LogRecord[]): void {
    const view = this.view(member);
    for (const record of records) {
      if (record.kind === 'hardState') this.god.hardStateDurable(member.id, record.state);
      else if (record.kind === 'snapshot')
        view.diskHashes = this.god.committed.slice(0, record.meta.index + 1);
      else extendChain(view.diskHashes, record.entry);
    }
    if (this.fixedMembership) this.assertCopies();
  }

  /** R11: what is committed stays durable at a quorum. */
  private assertCopies(): void {
    const { commitIndex, committed } = this.god;
    const { voters } = this.founding;
    const copies = voters.filter(
      (id) => this.views.get(id)?.diskHashes[commitIndex] === committed[commitIndex],
    );
    assert.ok(
      commitIndex === 0 || copies.length * 2 > voters.length,
      `R11: ${copies.length} durable copies of ${commitIndex}`,
    );
  }

  stopped(member: Watched): void {
    this.view(member).leading = undefined;
  }

  restarted(member: Watched): void {
    const view = this.view(member);
    view.hashes = view.diskHashes.slice();
    view.commitSeen = member.disk.snapshot.index;
    const { lastIndex, membership } = member.core.status();
    view.membershipSeen = membership;
    assertFullInvariants(member.core.state);
    assert.equal(lastIndex, view.diskHashes.length - 1, 'recovery finds what was durable');
  }
}

function timersOf({ electionElapsedTicks, electionDeadlineTicks, role }: RaftState): string {
  return `${electionElapsedTicks}/${electionDeadlineTicks}/${role.kind}`;
}

/** Puts an entry at its place, in place of what was there and above; the hash of the prefix that ends in it. */
function extendChain(chain: HashChain, entry: Parameters<typeof extendHash>[1]): number {
  const before = chain[entry.index - 1];
  assert.ok(before !== undefined, 'an entry follows one that is there');
  const hash = extendHash(before, entry);
  chain.length = entry.index;
  chain.push(hash);
  return hash;
}
