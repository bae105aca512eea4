/**
 * Raft cores in one process over a network and disks that do only what they are told: nothing is delivered, durable or
 * applied until the test says so. Every step is held to the core's invariants and to god's rules. Knows no schedule.
 */
import assert from 'node:assert/strict';
import type { RecoveredLog } from '../../src/core/core.ts';
import type { Effect, LogRecord, SnapshotMeta } from '../../src/core/effects.ts';
import type { Entry } from '../../src/core/entry.ts';
import type { Input } from '../../src/core/inputs.ts';
import { isVoter, type Membership } from '../../src/core/membership.ts';
import { epoch, logIndex, type MemberId, memberId, type Ticket } from '../../src/core/numbers.ts';
import { assertFullInvariants, assertStep, beforeStep } from '../../src/raft/invariants.ts';
import type { RaftLimits } from '../../src/raft/limits.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import { createRaftCore, type RaftCore } from '../../src/raft/raft-core.ts';
import { extendHash, God, type HashChain, quorumsIntersect } from './god.ts';

export const idOf = (name: number | string): MemberId => memberId(String(name).padStart(16, '0'));
export const nameOf = (id: MemberId): string => id.replace(/^0+/, '');

type SendSnapshot = Extract<Effect, { kind: 'sendSnapshot' }>;

/** Something between two members: a message, or a snapshot that is being carried over. */
export type Parcel =
  | {
      readonly kind: 'message';
      readonly from: MemberId;
      readonly to: MemberId;
      readonly message: RaftMessage;
    }
  | {
      readonly kind: 'snapshot';
      readonly from: MemberId;
      readonly to: MemberId;
      readonly life: number;
      readonly ask: SendSnapshot;
    };

interface PendingWrite {
  readonly ticket: Ticket;
  readonly records: readonly LogRecord[];
}

interface Member {
  readonly id: MemberId;
  core: RaftCore;
  alive: boolean;
  life: number;
  /** What a restart finds. */
  disk: { hardState: Uint8Array | undefined; snapshot: SnapshotMeta; entries: Entry[]; hashes: HashChain };
  writes: PendingWrite[];
  /** Messages that wait for a write. */
  waiting: { readonly after: Ticket; readonly parcel: Parcel }[];
  /** Prefix hashes of the log in memory. */
  hashes: HashChain;
  /** Handed out and not yet reported as applied. */
  handedOut: number;
  lastApplied: number;
  /** The snapshot that arrived last. */
  received: SnapshotMeta | undefined;
  commitSeen: number;
  membershipSeen: Membership;
}

export interface ClusterOptions {
  readonly voters: readonly number[];
  readonly learners?: readonly number[];
  /** Members that exist and are in no membership yet. */
  readonly spares?: readonly number[];
  readonly random: () => number;
  readonly electionTimeoutTicks?: number;
  readonly preVote?: boolean;
  readonly limits?: Partial<RaftLimits>;
  /** Called with every effect, for whoever prints them. */
  readonly onEffect?: (id: MemberId, effect: Effect) => void;
  /** R11 counts copies of what is committed, which makes sense while the voters stay the same. */
  readonly fixedMembership?: boolean;
  /** Sends every message through the codec. */
  readonly encoded?: boolean;
}

export class Cluster {
  readonly god = new God();
  readonly members = new Map<MemberId, Member>();
  /** In the order sent. */
  network: Parcel[] = [];
  private readonly options: ClusterOptions;
  private lastToken = 0;

  constructor(options: ClusterOptions) {
    this.options = options;
    const membership: Membership = {
      voters: options.voters.map(idOf).sort(),
      outgoingVoters: [],
      learners: (options.learners ?? []).map(idOf).sort(),
      learnersNext: [],
    };
    const genesis: SnapshotMeta = { index: logIndex(0), epoch: epoch(0), membership };
    for (const name of [...options.voters, ...(options.learners ?? []), ...(options.spares ?? [])]) {
      const id = idOf(name);
      const disk = { hardState: undefined, snapshot: genesis, entries: [], hashes: [0] };
      this.members.set(id, {
        id,
        core: this.newCore(id, disk),
        alive: true,
        life: 1,
        disk,
        writes: [],
        waiting: [],
        hashes: [0],
        handedOut: 0,
        lastApplied: 0,
        received: undefined,
        commitSeen: 0,
        membershipSeen: membership,
      });
    }
  }

  private newCore(id: MemberId, protocolRecovered: RecoveredLog): RaftCore {
    const { random, electionTimeoutTicks = 10, preVote = true, limits = {} } = this.options;
    return createRaftCore({ id, protocolRecovered, random, electionTimeoutTicks, preVote, limits });
  }

  member(id: MemberId): Member {
    const member = this.members.get(id);
    assert.ok(member !== undefined, `there is a member ${id}`);
    return member;
  }

  /** One input to a member that is up, with everything that must hold before, across and after it. */
  step(id: MemberId, input: Input): void {
    const member = this.member(id);
    if (!member.alive) return;
    const { state } = member.core;
    const before = beforeStep(state);
    const countedBy = state.memberships.latest.membership;
    const quiet = input.kind === 'message' && input.message.kind === 'preVoteRequest';
    const timers = `${state.electionElapsedTicks}/${state.electionDeadlineTicks}/${state.role.kind}`;
    const tickets = state.outbox.lastTicket;
    member.core.step(input);
    assertFullInvariants(state);
    assertStep(before, state);
    if (quiet) {
      assert.equal(state.term, before.term, 'R13: a pre-vote changes no term');
      assert.equal(state.vote, before.vote, 'R13: a pre-vote changes no vote');
      assert.equal(state.outbox.lastTicket, tickets, 'R13: a pre-vote writes nothing');
      assert.equal(
        `${state.electionElapsedTicks}/${state.electionDeadlineTicks}/${state.role.kind}`,
        timers,
        'R13: a pre-vote changes no timer',
      );
    }
    this.carryOut(member, countedBy);
  }

  private carryOut(member: Member, countedBy: Membership): void {
    for (const effect of member.core.drain()) {
      this.options.onEffect?.(member.id, effect);
      switch (effect.kind) {
        case 'write':
          member.writes.push(effect);
          for (const record of effect.records) this.noteRecord(member, record);
          break;
        case 'send':
          this.post(member, effect.after, {
            kind: 'message',
            from: member.id,
            to: effect.to,
            message: effect.message as RaftMessage,
          });
          break;
        case 'sendSnapshot':
          this.network.push({
            kind: 'snapshot',
            from: member.id,
            to: effect.to,
            life: member.life,
            ask: effect,
          });
          break;
        case 'apply':
          for (const entry of effect.entries) {
            assert.equal(entry.index, member.handedOut + 1, 'applies are contiguous');
            member.handedOut = entry.index;
            this.god.commits(member.id, entry.index, member.hashes[entry.index]);
            // Else a state machine that survives by itself could get ahead of its journal.
            assert.equal(
              member.disk.hashes[entry.index],
              member.hashes[entry.index],
              'S8: what is handed out is durable here',
            );
          }
          break;
        case 'restore':
          assert.deepEqual(effect.meta, member.received, 'R17: what is restored is what arrived last');
          member.handedOut = effect.meta.index;
          break;
        case 'readable':
          for (const token of effect.tokens) this.god.readable(`${member.id}:${token}`, effect.index);
          break;
        case 'readFailed':
          for (const token of effect.tokens) this.god.readFailed(`${member.id}:${token}`);
          break;
        case 'membership':
          if (member.core.state.role.kind === 'leader')
            assert.ok(quorumsIntersect(member.membershipSeen, effect.membership), 'R15: quorums intersect');
          member.membershipSeen = effect.membership;
          break;
        case 'role':
        case 'rejected':
        case 'changeRejected':
          break;
      }
    }
    this.noteState(member, countedBy);
  }

  private noteRecord(member: Member, record: LogRecord): void {
    if (record.kind === 'entry') {
      const { entry } = record;
      const { state } = member.core;
      this.god.writes(member.id, state.term, entry.index);
      const before = member.hashes[entry.index - 1];
      assert.ok(before !== undefined, 'an entry follows one that is there');
      const hash = extendHash(before, entry);
      member.hashes.length = entry.index;
      member.hashes.push(hash);
      // A new leader's own log is noted as a whole when it is seen to lead.
      const leading = state.role.kind === 'leader' && this.leading.get(member.id) === state.term;
      this.god.appended(entry, hash, leading ? state.term : undefined);
    } else if (record.kind === 'snapshot') {
      member.hashes = this.god.committed.slice(0, record.meta.index + 1);
    }
  }

  /** Member → the term whose leader god knows it to be. */
  private readonly leading = new Map<MemberId, number>();

  /** `countedBy` is the membership before the step: one that a commit leads to does not count for that commit. */
  private noteState(member: Member, countedBy: Membership): void {
    const { state } = member.core;
    const led = state.role.kind === 'leader';
    if (led && this.leading.get(member.id) !== state.term) {
      this.leading.set(member.id, state.term);
      this.god.becameLeader(member.id, state.term, member.hashes);
    } else if (!led) this.leading.delete(member.id);
    if (state.role.kind !== 'follower' && !led)
      assert.ok(
        state.memberships.someSince(state.commitIndex, (membership) => isVoter(membership, member.id)),
        'R16: only voters campaign',
      );
    if (state.commitIndex === member.commitSeen) return;
    for (let index = member.commitSeen + 1; index <= state.commitIndex; index++)
      this.god.commits(member.id, index, member.hashes[index]);
    if (led) {
      const hash = member.hashes[state.commitIndex];
      this.god.counted(
        countedBy,
        (id) => this.members.get(id)?.disk.hashes[state.commitIndex] === hash,
        `${member.id} commits ${state.commitIndex}`,
      );
    }
    member.commitSeen = state.commitIndex;
  }

  private post(member: Member, after: Ticket, parcel: Parcel): void {
    if (after > member.core.state.outbox.durableTicket) member.waiting.push({ after, parcel });
    else this.release(member, parcel);
  }

  /** A message leaves its sender: here what it says about durable things must be true. */
  private release(member: Member, parcel: Parcel): void {
    if (parcel.kind === 'message') {
      const { message } = parcel;
      if (message.kind === 'voteResponse' && message.granted)
        this.god.sentVote(member.id, message.term, parcel.to, member.disk.hardState);
      if (message.kind === 'voteRequest')
        this.god.sentVote(member.id, message.term, member.id, member.disk.hardState);
      if (message.kind === 'appendResponse')
        this.god.acknowledges(member.id, message.term, message.matchIndex, member.disk.hashes);
      if (message.kind === 'heartbeat') this.god.sendsRound(`${member.id}/${member.life}`, message.readRound);
    }
    this.network.push(parcel);
  }

  /** Makes the oldest `count` writes durable and tells the core. */
  durable(id: MemberId, count = Number.POSITIVE_INFINITY): void {
    const member = this.member(id);
    if (!member.alive) return;
    const done = member.writes.splice(0, count);
    if (done.length === 0) return;
    for (const write of done) {
      this.persist(member, write);
      // Checked write by write: what a message says was true when the write it waited for became durable.
      const ready = member.waiting.filter(({ after }) => after <= write.ticket);
      member.waiting = member.waiting.filter(({ after }) => after > write.ticket);
      for (const { parcel } of ready) this.release(member, parcel);
    }
    const newest = done[done.length - 1]!.ticket;
    this.step(id, { kind: 'durable', ticket: newest });
  }

  private persist(member: Member, write: PendingWrite): void {
    const { disk } = member;
    for (const record of write.records) {
      if (record.kind === 'hardState') {
        this.god.hardStateDurable(member.id, record.state);
        disk.hardState = record.state;
      } else if (record.kind === 'snapshot') {
        disk.snapshot = record.meta;
        disk.entries = [];
        disk.hashes = this.god.committed.slice(0, record.meta.index + 1);
      } else {
        const { entry } = record;
        disk.entries.push(entry);
        const before = disk.hashes[entry.index - 1];
        assert.ok(before !== undefined, 'a durable entry follows a durable one');
        disk.hashes.length = entry.index;
        disk.hashes.push(extendHash(before, entry));
      }
    }
    if (this.options.fixedMembership === true) this.assertCopies();
  }

  /** R11: what is committed stays durable at a quorum. */
  private assertCopies(): void {
    const index = this.god.commitIndex;
    const voters = this.options.voters.map(idOf);
    const copies = voters.filter((id) => this.member(id).disk.hashes[index] === this.god.committed[index]);
    assert.ok(
      index === 0 || copies.length * 2 > voters.length,
      `R11: ${copies.length} durable copies of ${index}`,
    );
  }

  /** Reports everything that was handed out as applied. */
  applied(id: MemberId): void {
    const member = this.member(id);
    if (!member.alive || member.handedOut === member.lastApplied) return;
    member.lastApplied = member.handedOut;
    this.step(id, { kind: 'applied', index: logIndex(member.handedOut) });
  }

  trim(id: MemberId, index: number): void {
    const member = this.member(id);
    const { core, disk } = member;
    const { appliedIndex, trimmedIndex } = core.status();
    // The journal drops what a snapshot covers only once that snapshot is durable; one in the making is left alone.
    if (!member.alive || index > appliedIndex || index <= trimmedIndex || disk.hashes.length <= index) return;
    disk.snapshot = core.snapshotMeta(logIndex(index));
    const from = disk.entries.findLastIndex((entry) => entry.index <= index);
    disk.entries = disk.entries.slice(from + 1).filter((entry) => entry.index > index);
    this.step(id, { kind: 'trim', index: logIndex(index) });
  }

  /** Delivers a parcel. It stays in the network if `keep`, so that it can come twice. */
  deliver(at: number, keep = false): void {
    const parcel = this.network[at];
    if (parcel === undefined) return;
    if (!keep || parcel.kind === 'snapshot') this.network.splice(at, 1);
    if (parcel.kind === 'snapshot') {
      this.deliverSnapshot(parcel);
      return;
    }
    const message = this.options.encoded === true ? this.reencode(parcel) : parcel.message;
    this.step(parcel.to, { kind: 'message', from: parcel.from, message });
  }

  private reencode(parcel: Extract<Parcel, { kind: 'message' }>): RaftMessage {
    const bytes = this.member(parcel.from).core.codec.encode(parcel.message);
    return this.member(parcel.to).core.codec.decode(bytes.slice()) as RaftMessage;
  }

  private deliverSnapshot(parcel: Extract<Parcel, { kind: 'snapshot' }>): void {
    const sender = this.member(parcel.from);
    const receiver = this.member(parcel.to);
    if (!sender.alive || sender.life !== parcel.life) return;
    const { appliedIndex } = sender.core.status();
    if (!receiver.alive || appliedIndex < parcel.ask.atLeast) {
      this.snapshotFailed(parcel);
      return;
    }
    const meta = sender.core.snapshotMeta(appliedIndex);
    if (receiver.core.state.restoringIndex === undefined) receiver.received = meta;
    this.step(parcel.to, { kind: 'message', from: parcel.from, message: parcel.ask.install(meta) });
    this.step(parcel.from, { kind: 'snapshotSent', to: parcel.to, index: meta.index });
  }

  private snapshotFailed(parcel: Extract<Parcel, { kind: 'snapshot' }>): void {
    const sender = this.member(parcel.from);
    if (sender.life === parcel.life)
      this.step(parcel.from, { kind: 'snapshotSent', to: parcel.to, index: logIndex(0) });
  }

  drop(at: number): void {
    const [parcel] = this.network.splice(at, 1);
    if (parcel?.kind === 'snapshot') this.snapshotFailed(parcel);
  }

  read(id: MemberId): number {
    const token = ++this.lastToken;
    if (!this.member(id).alive) return token;
    this.god.asked(`${id}:${token}`);
    this.step(id, { kind: 'read', token });
    return token;
  }

  /** Power goes. Of the writes under way the oldest `survive` happen to have reached the disk. */
  crash(id: MemberId, survive = 0): void {
    const member = this.member(id);
    if (!member.alive) return;
    member.alive = false;
    for (const write of member.writes.splice(0, survive)) this.persist(member, write);
    member.writes = [];
    member.waiting = [];
    this.leading.delete(id);
  }

  restart(id: MemberId): void {
    const member = this.member(id);
    if (member.alive) return;
    const { disk } = member;
    member.core = this.newCore(id, {
      hardState: disk.hardState,
      snapshot: disk.snapshot,
      entries: disk.entries.slice(),
    });
    member.alive = true;
    member.life++;
    member.hashes = disk.hashes.slice();
    member.handedOut = disk.snapshot.index;
    member.lastApplied = disk.snapshot.index;
    member.commitSeen = disk.snapshot.index;
    member.membershipSeen = member.core.status().membership;
    member.received = undefined;
    assertFullInvariants(member.core.state);
    assert.equal(member.core.status().lastIndex, disk.hashes.length - 1, 'recovery finds what was durable');
  }

  /** Everything that can happen without time passing, until nothing can. */
  settle(reachable: (from: MemberId, to: MemberId) => boolean = () => true): void {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      let busy = false;
      for (const id of this.members.keys()) {
        const member = this.member(id);
        if (!member.alive) continue;
        if (member.writes.length > 0 || member.handedOut !== member.lastApplied) busy = true;
        this.durable(id);
        this.applied(id);
      }
      const at = this.network.findIndex((parcel) => reachable(parcel.from, parcel.to));
      if (at >= 0) {
        busy = true;
        this.deliver(at);
      }
      if (!busy) return;
    }
    assert.fail('the cluster does not come to rest');
  }

  leader(): MemberId | undefined {
    let newest: Member | undefined;
    for (const member of this.members.values())
      if (member.alive && member.core.state.role.kind === 'leader')
        if (newest === undefined || member.core.state.term > newest.core.state.term) newest = member;
    return newest?.id;
  }
}
