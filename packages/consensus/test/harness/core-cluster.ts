/**
 * Cores of one protocol in one process, over a network and disks that do only what they are told: nothing is delivered,
 * durable or applied until the test says so. Every step is held to the protocol's watch. Knows no protocol and no schedule.
 */
import assert from 'node:assert/strict';
import type { ConsensusCore, RecoveredLog } from '../../src/core/core.ts';
import type { Effect, LogRecord, SnapshotMeta } from '../../src/core/effects.ts';
import type { Input } from '../../src/core/inputs.ts';
import { type Membership, type QuorumSizes, simpleMembership } from '../../src/core/membership.ts';
import type { PeerMessage } from '../../src/core/messages.ts';
import { epoch, logIndex, type MemberId, NO_TICKET, type Ticket } from '../../src/core/numbers.ts';
import { type EntryRule, MemberDisk } from './member-disk.ts';
import { idOf } from './member-names.ts';
import type { God, Watch } from './watch.ts';

/** Something between two members: a message, or a snapshot that is being carried over. */
export type Parcel =
  | {
      readonly kind: 'message';
      readonly from: MemberId;
      readonly to: MemberId;
      readonly message: PeerMessage;
    }
  | {
      readonly kind: 'snapshot';
      readonly from: MemberId;
      readonly to: MemberId;
      readonly life: number;
      readonly ask: Extract<Effect, { kind: 'sendSnapshot' }>;
    };

type MessageParcel = Extract<Parcel, { kind: 'message' }>;
type SnapshotParcel = Extract<Parcel, { kind: 'snapshot' }>;

interface PendingWrite {
  readonly ticket: Ticket;
  readonly records: readonly LogRecord[];
}

export interface Member<Core extends ConsensusCore> {
  readonly id: MemberId;
  core: Core;
  alive: boolean;
  life: number;
  readonly disk: MemberDisk;
  writes: PendingWrite[];
  durableTicket: Ticket;
  /** Messages that wait for a write. */
  waiting: { readonly after: Ticket; readonly parcel: MessageParcel }[];
  /** Handed out and not yet reported as applied. */
  handedOut: number;
  lastApplied: number;
  /** The snapshot that arrived last; another one does not take its place while it is being restored. */
  received: SnapshotMeta | undefined;
  restoring: boolean;
}

export interface ClusterOptions {
  readonly voters: readonly number[];
  readonly learners?: readonly number[];
  /** Members that exist and are in no membership yet. */
  readonly spares?: readonly number[];
  readonly quorum?: QuorumSizes;
  readonly random: () => number;
  readonly electionTimeoutTicks?: number;
  /** Called with every effect, for whoever prints them. */
  readonly onEffect?: (id: MemberId, effect: Effect) => void;
  /** Sends every message through the codec. */
  readonly encoded?: boolean;
}

/** What a protocol brings. */
export interface ClusterProtocol<Core extends ConsensusCore, Seen extends God> {
  readonly entryRule: EntryRule;
  readonly newCore: (id: MemberId, life: number, recovered: RecoveredLog) => Core;
  /** Called once, before there is a member. */
  newWatch(members: ReadonlyMap<MemberId, Member<Core>>, founding: Membership): Watch<Core, Seen>;
}

export class CoreCluster<Core extends ConsensusCore, Seen extends God = God> {
  readonly members = new Map<MemberId, Member<Core>>();
  /** In the order sent. */
  network: Parcel[] = [];
  private readonly options: ClusterOptions;
  private readonly protocol: ClusterProtocol<Core, Seen>;
  private readonly watch: Watch<Core, Seen>;
  private lastToken = 0;

  constructor(options: ClusterOptions, protocol: ClusterProtocol<Core, Seen>) {
    this.options = options;
    this.protocol = protocol;
    const { voters, learners = [], spares = [], quorum } = options;
    const membership: Membership = {
      ...simpleMembership({ voters: voters.map(idOf), learners: learners.map(idOf) }),
      ...(quorum === undefined ? {} : { quorum }),
    };
    const genesis: SnapshotMeta = { index: logIndex(0), epoch: epoch(0), membership };
    this.watch = protocol.newWatch(this.members, membership);
    for (const name of [...voters, ...learners, ...spares]) {
      const id = idOf(name);
      const disk = new MemberDisk(genesis, protocol.entryRule);
      this.members.set(id, {
        id,
        core: protocol.newCore(id, 1, disk.recovered()),
        alive: true,
        life: 1,
        disk,
        writes: [],
        durableTicket: NO_TICKET,
        waiting: [],
        handedOut: 0,
        lastApplied: 0,
        received: undefined,
        restoring: false,
      });
    }
  }

  /** Who knows everything; only tests ask it. */
  get god(): Seen {
    return this.watch.god;
  }

  member(id: MemberId): Member<Core> {
    const member = this.members.get(id);
    assert.ok(member !== undefined, `there is a member ${id}`);
    return member;
  }

  /** One input to a member that is up, with everything that must hold before, across and after it. */
  step(id: MemberId, input: Input): void {
    const member = this.member(id);
    if (!member.alive) return;
    const stepped = this.watch.around(member, input);
    member.core.step(input);
    const effects = member.core.drain();
    stepped(effects);
    this.carryOut(member, effects);
  }

  private carryOut(member: Member<Core>, effects: readonly Effect[]): void {
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
            message: effect.message,
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
            assert.equal(entry.index, member.handedOut + 1, 'R9, P10: applies are contiguous');
            member.handedOut = entry.index;
            // Else a state machine that survives by itself could get ahead of its journal.
            assert.equal(member.disk.at(entry.index), entry, 'S8: what is handed out is durable here');
          }
          break;
        case 'restore':
          assert.deepEqual(effect.meta, member.received, 'R17: what is restored is what arrived last');
          member.handedOut = effect.meta.index;
          member.restoring = true;
          break;
        case 'readable':
          for (const token of effect.tokens) this.god.reads.readable(`${member.id}:${token}`, effect.index);
          break;
        case 'readFailed':
          for (const token of effect.tokens) this.god.reads.failed(`${member.id}:${token}`);
          break;
        case 'membership':
        case 'role':
        case 'rejected':
        case 'changeRejected':
          break;
      }
    }
  }

  private post(member: Member<Core>, after: Ticket, parcel: MessageParcel): void {
    if (after > member.durableTicket) member.waiting.push({ after, parcel });
    else this.release(member, parcel);
  }

  private release(member: Member<Core>, parcel: MessageParcel): void {
    this.watch.leaves(member, parcel.to, parcel.message);
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
    this.step(id, { kind: 'durable', ticket: member.durableTicket });
  }

  private persist(member: Member<Core>, { ticket, records }: PendingWrite): void {
    for (const record of records) member.disk.write(record);
    member.durableTicket = ticket;
    this.watch.durable(member, records);
  }

  /** Reports everything that was handed out as applied. */
  applied(id: MemberId): void {
    const member = this.member(id);
    if (!member.alive || member.handedOut === member.lastApplied) return;
    member.lastApplied = member.handedOut;
    member.restoring = false;
    this.step(id, { kind: 'applied', index: logIndex(member.handedOut) });
  }

  trim(id: MemberId, index: number): void {
    const { alive, core, disk } = this.member(id);
    const { appliedIndex, trimmedIndex } = core.status();
    // The journal drops what a snapshot covers only once that snapshot is durable; one in the making is left alone.
    if (!alive || index > appliedIndex || index <= trimmedIndex || disk.at(index) === undefined) return;
    disk.trim(core.snapshotMeta(logIndex(index)));
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

  private reencode({ from, to, message }: MessageParcel): PeerMessage {
    const bytes = this.member(from).core.codec.encode(message);
    return this.member(to).core.codec.decode(bytes.slice());
  }

  private deliverSnapshot(parcel: SnapshotParcel): void {
    const sender = this.member(parcel.from);
    const receiver = this.member(parcel.to);
    if (!sender.alive || sender.life !== parcel.life) return;
    const { appliedIndex, trimmedIndex } = sender.core.status();
    // One that is restoring a snapshot itself has no state to give yet.
    if (!receiver.alive || appliedIndex < parcel.ask.atLeast || appliedIndex < trimmedIndex) {
      this.snapshotEnded(parcel, 0);
      return;
    }
    const meta = sender.core.snapshotMeta(appliedIndex);
    if (!receiver.restoring) receiver.received = meta;
    this.step(parcel.to, { kind: 'message', from: parcel.from, message: parcel.ask.install(meta) });
    this.snapshotEnded(parcel, meta.index);
  }

  private snapshotEnded({ from, to, life }: SnapshotParcel, index: number): void {
    if (this.member(from).life === life)
      this.step(from, { kind: 'snapshotSent', to, index: logIndex(index) });
  }

  drop(at: number): void {
    const [parcel] = this.network.splice(at, 1);
    if (parcel?.kind === 'snapshot') this.snapshotEnded(parcel, 0);
  }

  read(id: MemberId): number {
    const token = ++this.lastToken;
    if (!this.member(id).alive) return token;
    this.god.reads.asked(`${id}:${token}`, this.god.commitIndex);
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
    this.watch.stopped(member);
  }

  restart(id: MemberId): void {
    const member = this.member(id);
    if (member.alive) return;
    member.alive = true;
    member.life++;
    member.core = this.protocol.newCore(id, member.life, member.disk.recovered());
    member.durableTicket = NO_TICKET;
    member.handedOut = member.disk.snapshot.index;
    member.lastApplied = member.disk.snapshot.index;
    member.received = undefined;
    member.restoring = false;
    const effects = member.core.drain();
    this.watch.restarted(member, effects);
    this.carryOut(member, effects);
  }

  /** Everything that can happen without time passing, until nothing can. */
  settle(reachable: (from: MemberId, to: MemberId) => boolean = () => true): void {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      let busy = false;
      for (const member of this.members.values()) {
        if (!member.alive) continue;
        if (member.writes.length > 0 || member.handedOut !== member.lastApplied) busy = true;
        this.durable(member.id);
        this.applied(member.id);
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

  /** The newest of those that lead. */
  leader(): MemberId | undefined {
    let newest: { readonly id: MemberId; readonly epoch: number } | undefined;
    for (const { id, alive, core } of this.members.values()) {
      const { role, epoch } = core.status();
      if (alive && role === 'leader' && (newest === undefined || epoch > newest.epoch))
        newest = { id, epoch };
    }
    return newest?.id;
  }
}
