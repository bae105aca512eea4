/** A core that does what a test says: to see what the replica does with each effect, in which order. */
import assert from 'node:assert/strict';
import { MalformedBytes } from '../../src/bytes/malformed.ts';
import { latin1Decode, latin1Encode } from '../../src/bytes/reader.ts';
import { ByteWriter } from '../../src/bytes/writer.ts';
import type { ConsensusCore, CoreStatus, RecoveredLog } from '../../src/core/core.ts';
import type { Effect, SnapshotMeta } from '../../src/core/effects.ts';
import type { Input } from '../../src/core/inputs.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import type { MessageCodec, PeerMessage } from '../../src/core/messages.ts';
import { clusterId, epoch, type LogIndex, logIndex, memberId } from '../../src/core/numbers.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { SnapshotFileEncoder } from '../../src/journal/snapshot-file.ts';
import { openReplica, type ReplicaOpenOptions, type ReplicaOpenResult } from '../../src/replica/open.ts';
import type { Lane, ReplicaEvent } from '../../src/replica/ports.ts';
import type { Replica } from '../../src/replica/replica.ts';
import { snapshotPath } from '../../src/replica/snapshot-names.ts';
import { ToyMachine } from './toy-machine.ts';

export const SELF = memberId('00000000000000a1');
export const PEER = memberId('00000000000000a2');

const MEMBERSHIP = simpleMembership({ voters: [SELF, PEER], learners: [] });

/** A message whose only content is its text. */
export interface TextMessage extends PeerMessage {
  readonly kind: 'text';
  readonly text: string;
}

export const textMessage = (text: string): TextMessage => ({ kind: 'text', text });

const CODEC: MessageCodec = {
  encode: (message) => latin1Encode((message as TextMessage).text),
  decode: (bytes) => {
    if (bytes[0] === 0) throw new MalformedBytes('not a text');
    return textMessage(latin1Decode(bytes));
  },
};

export class ScriptedCore implements ConsensusCore {
  readonly protocol = 'raft';
  readonly id = SELF;
  readonly codec = CODEC;
  readonly inputs: Input[] = [];
  /** What the next steps answer. */
  answer: (input: Input) => readonly Effect[] = () => [];
  commitIndex: LogIndex;
  appliedIndex: LogIndex;
  trimmedIndex: LogIndex;
  private effects: Effect[] = [];

  constructor(recovered: RecoveredLog) {
    this.commitIndex = recovered.snapshot.index;
    this.appliedIndex = recovered.snapshot.index;
    this.trimmedIndex = recovered.snapshot.index;
  }

  step(input: Input): void {
    this.inputs.push(input);
    if (input.kind === 'applied') this.appliedIndex = input.index;
    if (input.kind === 'trim') this.trimmedIndex = input.index;
    this.effects.push(...this.answer(input));
  }

  drain(): Effect[] {
    const effects = this.effects;
    this.effects = [];
    return effects;
  }

  status(): CoreStatus {
    return {
      role: 'follower',
      epoch: epoch(1),
      leader: undefined,
      commitIndex: this.commitIndex,
      appliedIndex: this.appliedIndex,
      lastIndex: this.appliedIndex,
      trimmedIndex: this.trimmedIndex,
      membership: MEMBERSHIP,
      transferring: false,
      changingMembership: false,
      progress: [],
    };
  }

  snapshotMeta(index: LogIndex): SnapshotMeta {
    return { index, epoch: epoch(1), membership: MEMBERSHIP };
  }

  logBytes(): number {
    return 0;
  }
}

export interface Sent {
  readonly to: string;
  readonly lane: Lane;
  readonly bytes: Uint8Array;
}

/** One replica around a scripted core, its jobs run by hand. */
export class ReplicaBench {
  readonly disk: MemoryDisk;
  machine: ToyMachine;
  readonly sent: Sent[] = [];
  readonly events: ReplicaEvent[] = [];
  readonly jobs: (() => void)[] = [];
  nowMs = 0;
  queuedBytes = 0;
  core!: ScriptedCore;
  replica!: Replica;

  constructor(disk = new MemoryDisk(), machine?: ToyMachine) {
    this.disk = disk;
    this.machine = machine ?? new ToyMachine({ schedule: (job) => this.jobs.push(job) });
  }

  open(options: Pick<ReplicaOpenOptions, 'awaitsState'> = {}): ReplicaOpenResult {
    let result: ReplicaOpenResult | undefined;
    openReplica(
      {
        disk: this.disk,
        clock: { nowMs: () => this.nowMs, defer: (job) => this.jobs.push(job) },
        transport: {
          send: (to, lane, bytes) => this.sent.push({ to, lane, bytes }),
          queuedBytes: () => this.queuedBytes,
        },
        machine: this.machine,
        observer: { observe: (event) => this.events.push(event) },
        electionTimeoutTicks: 10,
        tickMs: 100,
        identity: {
          protocol: 'raft',
          clusterId: clusterId('00000000000000c1'),
          memberId: SELF,
          foundingMembership: MEMBERSHIP,
        },
        salt: 1,
        ...options,
        segmentBytes: 64 * 1024,
        makeCore: (recovered) => {
          this.core = new ScriptedCore(recovered);
          return this.core;
        },
      },
      (opened) => {
        result = opened;
        if (opened.ok) this.replica = opened.replica;
      },
    );
    this.settle();
    assert(result !== undefined);
    return result;
  }

  static opened(): ReplicaBench {
    const bench = new ReplicaBench();
    assert(bench.open().ok);
    return bench;
  }

  /** Ends the turn, without the disk. */
  turn(): void {
    for (const job of this.jobs.splice(0)) job();
  }

  /** Lets the disk and all turns run until nothing is left. */
  settle(): void {
    while (this.jobs.length > 0 || !this.disk.isIdle) {
      this.disk.settle();
      this.turn();
    }
  }

  inputKinds(): string[] {
    return this.core.inputs.map(({ kind }) => kind);
  }

  sentTexts(): string[] {
    return this.sent.filter(({ lane }) => lane === 'consensus').map(({ bytes }) => latin1Decode(bytes));
  }
}

export function entries(from: number, to: number) {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    index: logIndex(from + i),
    epoch: epoch(1),
    kind: 'noop' as const,
    payload: new Uint8Array(0),
  }));
}

/** The bytes of a toy state with these bodies, as a snapshot file. */
export function putSnapshot(bench: ReplicaBench, index: number, bodies: readonly string[]): string {
  const path = snapshotPath(logIndex(index));
  const encoder = new SnapshotFileEncoder();
  const state = new ByteWriter();
  state.varint(bodies.length);
  for (const body of bodies) state.latin1(body);
  state.varint(0);
  const { membership } = bench.core.snapshotMeta(logIndex(index));
  const chunks = [
    encoder.header({ index: logIndex(index), epoch: epoch(1), membership }),
    encoder.piece(state.finish()),
    encoder.footer(),
  ];
  bench.disk.create(path, 0, () => {});
  bench.disk.writeDurably(path, 0, chunks, () => {});
  bench.disk.settle();
  return path;
}
