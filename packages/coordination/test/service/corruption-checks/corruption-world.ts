/**
 * Members that hold state machines of their own and compare them, over a network and a clock that stand still until the
 * test moves them.
 */
import { type MemberId, memberId } from '@synod/consensus';
import {
  type Alarm,
  type Command,
  type CorruptionCheckPlan,
  type CorruptionEvent,
  key,
  NO_CORRUPTION_CHECKS,
  NO_LEASE,
  revision,
  TABLE,
} from '@synod/coordination';
import { CorruptionChecks } from '../../../src/service/corruption-checks/corruption-checks.ts';
import { KeyspaceHashCalls } from '../../../src/service/corruption-checks/keyspace-hash-calls.ts';
import { NOTHING_MEASURED } from '../../../src/service/member-measurements.ts';
import { PeerCalls } from '../../../src/service/peer-calls.ts';
import { PieceQueue } from '../../../src/service/piece-queue.ts';
import { StateHashes } from '../../../src/service/state-hashes.ts';
import { MachineUnderTest } from '../../machine/machine-under-test.ts';

export const TIMEOUT_TICKS = 20;

export interface WorldMember {
  readonly id: MemberId;
  readonly subject: MachineUnderTest;
  readonly calls: PeerCalls;
  readonly hashes: KeyspaceHashCalls;
  readonly checks: CorruptionChecks;
  readonly events: CorruptionEvent[];
  /** What it raised, by its own resolve. */
  readonly raised: Alarm[];
  /** Once for each time that it wanted to lead no more. */
  readonly handedOver: number[];
  /** Its reads after a quorum round that wait. */
  readonly reads: ((failure: string | undefined) => void)[];
}

export class CorruptionWorld {
  nowMs = 0;
  readonly members: WorldMember[] = [];
  /** Who leads. */
  leader = 0;
  holdsReads = false;
  /** Members whose links are broken. */
  readonly cut = new Set<MemberId>();
  /** Members that nothing reaches, though their links look whole. */
  readonly deaf = new Set<MemberId>();
  private readonly turns: (() => void)[] = [];
  private readonly messages: {
    readonly from: MemberId;
    readonly to: MemberId;
    readonly bytes: Uint8Array;
  }[] = [];

  constructor(size: number, plan: Partial<CorruptionCheckPlan> = {}) {
    for (let i = 0; i < size; i++) this.members.push(this.member(i, { ...NO_CORRUPTION_CHECKS, ...plan }));
  }

  get first(): WorldMember {
    return this.members[0]!;
  }

  id(i: number): MemberId {
    return memberId((0xa0 + i).toString(16).padStart(16, '0'));
  }

  /** On all members, as the log has it. */
  put(name: string, value: string): void {
    const command: Command = {
      module: 'keyspace',
      kind: 'put',
      key: key(name),
      value: new TextEncoder().encode(value),
      lease: NO_LEASE,
      previous: false,
      keepValue: false,
      keepLease: false,
    };
    for (const { subject } of this.members) subject.run(command);
  }

  compact(at: number): void {
    for (const member of this.members) {
      member.subject.run({ module: 'keyspace', kind: 'compact', revision: revision(at) });
      member.checks.compacted(revision(at));
    }
  }

  /** Something else than what was written is in the newest row of one member's store. */
  corrupt(i: number, byte = 0x21): void {
    const { backend } = this.members[i]!.subject;
    const [row] = [...backend.scan(TABLE.revisions, { reverse: true, limit: 1 })];
    const value = row!.value.slice();
    value[value.length - 1] = byte;
    backend.put(TABLE.revisions, row!.key, value);
  }

  /** Everything that is under way comes to its end; reads are confirmed, but where they are held. */
  settle(): void {
    for (let step = this.nextStep(); step !== undefined; step = this.nextStep()) step();
  }

  tick(afterMs: number): void {
    this.nowMs += afterMs;
    for (const { calls, checks } of this.members) {
      calls.tick();
      checks.tick();
    }
  }

  private nextStep(): (() => void) | undefined {
    const turn = this.turns.shift();
    if (turn !== undefined) return turn;
    const message = this.messages.shift();
    if (message !== undefined) return () => this.deliver(message);
    if (this.holdsReads) return undefined;
    const read = this.members.find(({ reads }) => reads.length > 0)?.reads.shift();
    return read && (() => read(undefined));
  }

  private deliver(message: { from: MemberId; to: MemberId; bytes: Uint8Array }): void {
    if (this.cut.has(message.from) || this.cut.has(message.to) || this.deaf.has(message.to)) return;
    this.members.find(({ id }) => id === message.to)!.calls.receive(message.from, message.bytes);
  }

  private member(i: number, plan: CorruptionCheckPlan): WorldMember {
    const id = this.id(i);
    const subject = new MachineUnderTest();
    const calls = new PeerCalls({
      incarnation: 1,
      timeoutTicks: 5,
      send: (to, bytes) => void this.messages.push({ from: id, to, bytes }),
    });
    const events: CorruptionEvent[] = [];
    const raised: Alarm[] = [];
    const handedOver: number[] = [];
    const reads: WorldMember['reads'] = [];
    const hashes = new KeyspaceHashCalls({
      calls,
      hashes: new StateHashes({
        machine: subject.machine,
        pieces: new PieceQueue((job) => void this.turns.push(job)),
        nowMs: () => 0,
        measurements: NOTHING_MEASURED,
      }),
      kept: (at) => checks.kept(at),
      others: () => this.members.map((member) => member.id).filter((other) => other !== id),
      isConnected: (other) => !this.cut.has(other),
      timeoutTicks: TIMEOUT_TICKS,
    });
    const checks: CorruptionChecks = new CorruptionChecks({
      plan,
      self: id,
      machine: subject.machine,
      hashes,
      nowMs: () => this.nowMs,
      leads: () => this.leader === i,
      read: (done) => void reads.push(done),
      submit: ({ alarm }) => {
        raised.push(alarm);
        for (const member of this.members) member.subject.run({ module: 'alarms', kind: 'raise', alarm });
      },
      handOver: () => void handedOver.push(this.leader),
      observe: (event) => void events.push(event),
    });
    return { id, subject, calls, hashes, checks, events, raised, handedOver, reads };
  }
}
