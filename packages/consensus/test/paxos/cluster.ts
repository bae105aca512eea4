/**
 * Paxos cores in one process over a network and disks that do only what they are told: nothing is delivered, durable or
 * applied until the test says so. Every step is held to the core's invariants and to god's rules. Knows no schedule.
 */
import assert from 'node:assert/strict';
import type { Effect, LogRecord, SnapshotMeta } from '../../src/core/effects.ts';
import type { Entry } from '../../src/core/entry.ts';
import type { Input } from '../../src/core/inputs.ts';
import type { Membership, QuorumSizes } from '../../src/core/membership.ts';
import { epoch, logIndex, type MemberId, memberId, type Ticket } from '../../src/core/numbers.ts';
import { decodeHardState } from '../../src/paxos/hard-state.ts';
import { assertFullInvariants, assertStep, beforeStep } from '../../src/paxos/invariants.ts';
import { DEFAULT_PAXOS_LIMITS, type PaxosLimits } from '../../src/paxos/limits.ts';
import type { PaxosMessage } from '../../src/paxos/messages.ts';
import { createPaxosCore, type PaxosCore } from '../../src/paxos/paxos-core.ts';
import { type DiskView, God } from './god.ts';

export const idOf = (name: number | string): MemberId => memberId(String(name).padStart(16, '0'));
export const nameOf = (id: MemberId): string => id.replace(/^0+/, '');

type SendSnapshot = Extract<Effect, { kind: 'sendSnapshot' }>;

/** Something between two members: a message, or a snapshot that is being carried over. */
export type Parcel =
  | {
      readonly kind: 'message';
      readonly from: MemberId;
      readonly to: MemberId;
      readonly message: PaxosMessage;
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

/** What a restart finds. */
interface MemberDisk {
  hardState: Uint8Array | undefined;
  snapshot: SnapshotMeta;
  /** By slot, the last that was written. */
  readonly entries: Map<number, Entry>;
}

interface Member {
  readonly id: MemberId;
  core: PaxosCore;
  alive: boolean;
  life: number;
  readonly disk: MemberDisk;
  writes: PendingWrite[];
  /** Messages that wait for a write. */
  waiting: { readonly after: Ticket; readonly parcel: Parcel }[];
  /** Handed out and not yet reported as applied. */
  handedOut: number;
  lastApplied: number;
  /** The snapshot that arrived last. */
  received: SnapshotMeta | undefined;
  commitSeen: number;
  /** The ballot that god knows it to lead at. */
  leading: number | undefined;
}

export interface ClusterOptions {
  readonly voters: readonly number[];
  readonly learners?: readonly number[];
  /** Members that exist and are in no membership yet. */
  readonly spares?: readonly number[];
  readonly quorum?: QuorumSizes;
  readonly random: () => number;
  readonly electionTimeoutTicks?: number;
  readonly limits?: Partial<PaxosLimits>;
  /** Called with every effect, for whoever prints them. */
  readonly onEffect?: (id: MemberId, effect: Effect) => void;
  /** Sends every message through the codec. */
  readonly encoded?: boolean;
}

export class Cluster {
  readonly god: God;
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
      ...(options.quorum === undefined ? {} : { quorum: options.quorum }),
    };
    this.god = new God(membership);
    const genesis: SnapshotMeta = { index: logIndex(0), epoch: epoch(0), membership };
    for (const name of [...options.voters, ...(options.learners ?? []), ...(options.spares ?? [])]) {
      const id = idOf(name);
      const disk: MemberDisk = { hardState: undefined, snapshot: genesis, entries: new Map() };
      this.members.set(id, {
        id,
        core: this.newCore(id, disk, 1),
        alive: true,
        life: 1,
        disk,
        writes: [],
        waiting: [],
        handedOut: 0,
        lastApplied: 0,
        received: undefined,
        commitSeen: 0,
        leading: undefined,
      });
    }
  }

  private newCore(id: MemberId, disk: MemberDisk, incarnation: number): PaxosCore {
    const { random, electionTimeoutTicks = 10, limits = {} } = this.options;
    const { hardState, snapshot } = disk;
    const entries = [...disk.entries.values()];
    const protocolRecovered = { hardState, snapshot, entries };
    return createPaxosCore({ id, incarnation, protocolRecovered, random, electionTimeoutTicks, limits });
  }

  member(id: MemberId): Member {
    const member = this.members.get(id);
    assert.ok(member !== undefined, `there is a member ${id}`);
    return member;
  }

  /** One input to a member that is up, with everything that must hold across and after it. */
  step(id: MemberId, input: Input): void {
    const member = this.member(id);
    if (!member.alive) return;
    const { state } = member.core;
    const before = beforeStep(state);
    member.core.step(input);
    assertFullInvariants(state);
    assertStep(before, state);
    this.carryOut(member);
  }

  private carryOut(member: Member): void {
    const effects = member.core.drain();
    this.noteState(member);
    for (const effect of effects) {
      this.options.onEffect?.(member.id, effect);
      switch (effect.kind) {
        case 'write':
          member.writes.push(effect);
          break;
        case 'send':
          this.post(member, effect.after, {
            kind: 'message',
            from: member.id,
            to: effect.to,
            message: effect.message as PaxosMessage,
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
            assert.equal(entry.index, member.handedOut + 1, 'P10: applies are contiguous');
            member.handedOut = entry.index;
            this.god.applies(member.id, entry);
            // Else a state machine that survives by itself could get ahead of its journal.
            assert.equal(
              member.disk.entries.get(entry.index),
              entry,
              'S8: what is handed out is durable here',
            );
          }
          break;
        case 'restore':
          assert.deepEqual(effect.meta, member.received, 'what is restored is what arrived last');
          member.handedOut = effect.meta.index;
          break;
        case 'readable':
          for (const token of effect.tokens) this.god.readable(`${member.id}:${token}`, effect.index);
          break;
        case 'readFailed':
          for (const token of effect.tokens) this.god.readFailed(`${member.id}:${token}`);
          break;
        case 'membership':
        case 'role':
        case 'rejected':
        case 'changeRejected':
          break;
      }
    }
  }

  private noteState(member: Member): void {
    const { state } = member.core;
    for (let slot = member.commitSeen + 1; slot <= state.commitIndex; slot++) {
      const entry = state.slots.at(slot);
      if (entry === undefined) assert.ok(slot <= this.god.commitIndex, 'a snapshot covers what is chosen');
      else this.god.marks(member.id, entry, (id, upTo) => this.holdsPrefix(id, upTo));
    }
    member.commitSeen = state.commitIndex;
    const ballot = state.role.kind === 'leader' ? state.promised : undefined;
    if (ballot !== undefined && member.leading !== ballot) this.god.becameLeader(ballot);
    member.leading = ballot;
    if (state.owner === member.id && state.role.kind === 'candidate')
      this.god.opens(`${member.id}/${member.life}`, state.promised, state.commitIndex);
  }

  /** P17: the disk of a member holds a value in every slot, and so cannot lose what is chosen there. */
  private holdsPrefix(id: MemberId, upTo: number): boolean {
    const { disk } = this.member(id);
    for (let slot = disk.snapshot.index + 1; slot <= upTo; slot++) if (!disk.entries.has(slot)) return false;
    return true;
  }

  private viewOf({ disk }: Member): DiskView {
    return {
      promised: disk.hardState === undefined ? 0 : decodeHardState(disk.hardState).promised,
      valueAt: (slot) => disk.entries.get(slot),
      trimmedIndex: disk.snapshot.index,
    };
  }

  private post(member: Member, after: Ticket, parcel: Parcel): void {
    if (after > member.core.state.outbox.durableTicket) member.waiting.push({ after, parcel });
    else this.release(member, parcel);
  }

  /** A message leaves its sender: here what it says about durable things must be true. */
  private release(member: Member, parcel: Parcel): void {
    if (parcel.kind === 'message') {
      const { message } = parcel;
      const disk = this.viewOf(member);
      if (message.kind === 'prepare')
        assert.ok(disk.promised >= message.ballot, 'P3: a ballot is opened when it is durable');
      if (message.kind === 'promise')
        this.god.releasesPromise(member.id, message.ballot, message.chosenUpTo, disk);
      if (message.kind === 'accepted') this.god.acknowledges(member.id, message, disk);
      if (message.kind === 'accept')
        for (const entry of message.entries)
          this.god.proposes(
            entry,
            (id) => this.viewOf(this.member(id)).promised,
            this.options.limits?.windowSlotsMax ?? DEFAULT_PAXOS_LIMITS.windowSlotsMax,
          );
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
    this.step(id, { kind: 'durable', ticket: done[done.length - 1]!.ticket });
  }

  private persist(member: Member, write: PendingWrite): void {
    const { disk } = member;
    for (const record of write.records) {
      if (record.kind === 'hardState') {
        this.god.promiseDurable(member.id, record.state);
        disk.hardState = record.state;
      } else if (record.kind === 'snapshot') this.dropUpTo(disk, record.meta);
      else {
        disk.entries.set(record.entry.index, record.entry);
        this.god.acceptDurable(member.id, record.entry);
      }
    }
  }

  private dropUpTo(disk: MemberDisk, meta: SnapshotMeta): void {
    disk.snapshot = meta;
    for (const slot of [...disk.entries.keys()]) if (slot <= meta.index) disk.entries.delete(slot);
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
    if (!member.alive || index > appliedIndex || index <= trimmedIndex || !disk.entries.has(index)) return;
    this.dropUpTo(disk, core.snapshotMeta(logIndex(index)));
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

  private reencode(parcel: Extract<Parcel, { kind: 'message' }>): PaxosMessage {
    const bytes = this.member(parcel.from).core.codec.encode(parcel.message);
    return this.member(parcel.to).core.codec.decode(bytes.slice()) as PaxosMessage;
  }

  private deliverSnapshot(parcel: Extract<Parcel, { kind: 'snapshot' }>): void {
    const sender = this.member(parcel.from);
    const receiver = this.member(parcel.to);
    if (!sender.alive || sender.life !== parcel.life || !receiver.alive) return;
    const { appliedIndex, trimmedIndex } = sender.core.status();
    // One that is restoring a snapshot itself has no state to give yet.
    if (appliedIndex < parcel.ask.atLeast || appliedIndex < trimmedIndex) return;
    const meta = sender.core.snapshotMeta(appliedIndex);
    if (receiver.core.state.restoringIndex === undefined) receiver.received = meta;
    this.step(parcel.to, { kind: 'message', from: parcel.from, message: parcel.ask.install(meta) });
    this.step(parcel.from, { kind: 'snapshotSent', to: parcel.to, index: meta.index });
  }

  drop(at: number): void {
    this.network.splice(at, 1);
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
    member.leading = undefined;
  }

  restart(id: MemberId): void {
    const member = this.member(id);
    if (member.alive) return;
    member.alive = true;
    member.life++;
    member.core = this.newCore(id, member.disk, member.life);
    member.handedOut = member.disk.snapshot.index;
    member.lastApplied = member.disk.snapshot.index;
    member.commitSeen = member.disk.snapshot.index;
    member.received = undefined;
    assertFullInvariants(member.core.state);
    this.carryOut(member);
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
        if (newest === undefined || member.core.state.promised > newest.core.state.promised) newest = member;
    return newest?.id;
  }
}
