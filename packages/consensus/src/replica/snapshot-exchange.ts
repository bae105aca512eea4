/** Everything about snapshot files while a replica runs: sending, receiving, and removing what nobody needs. */
import type { SnapshotMeta } from '../core/effects.ts';
import { type LogIndex, logIndex, type MemberId } from '../core/numbers.ts';
import type { Clock, Disk, DiskError, Observer, StateImage, StateMachine, Transport } from './ports.ts';
import type { ReplicaActivity } from './replica-api.ts';
import { encodeSnapshotMessage, type SnapshotMessage } from './snapshot-messages.ts';
import { SNAPSHOT_DIRECTORY, snapshotNameIndex } from './snapshot-names.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';

const NOTHING_TO_INSTALL = new Uint8Array(0);

export interface SnapshotExchangePorts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly observer: Observer;
  readonly machine: StateMachine;
  readonly electionTimeoutTicks: number;
  readonly incarnation: number;
  capture(): { readonly image: StateImage; readonly meta: SnapshotMeta } | undefined;
  /** A transfer ended at this index, or 0: failed. */
  transferred(to: MemberId, index: LogIndex): void;
  install(from: MemberId, message: Uint8Array): void;
  /** Whether others may have this member's state. */
  mayGiveState(): boolean;
  /** See SnapshotReceiverPorts. */
  wantsState(index: LogIndex): boolean;
  stateArrived(index: LogIndex): void;
  failed(error: DiskError): void;
}

export class SnapshotExchange {
  private readonly ports: SnapshotExchangePorts;
  private readonly sender: SnapshotSender;
  private readonly receiver: SnapshotReceiver;
  /** Paths whose removal is under way. */
  private readonly removing = new Set<string>();
  private stopped = false;

  constructor(ports: SnapshotExchangePorts) {
    this.ports = ports;
    const { disk, clock, observer } = ports;
    const send = (to: MemberId, message: SnapshotMessage) =>
      ports.transport.send(to, 'snapshot', encodeSnapshotMessage(message));
    this.sender = new SnapshotSender({
      disk,
      clock,
      electionTimeoutTicks: ports.electionTimeoutTicks,
      incarnation: ports.incarnation,
      send,
      capture: ports.capture,
      finished: (to, index, bytes, milliseconds) => {
        observer.observe({ kind: 'snapshotSent', to, index, bytes, ok: index > 0, milliseconds });
        ports.transferred(to, index);
        this.removeStale();
      },
      produced: (index, facts) => {
        observer.observe({ kind: 'snapshotWritten', index, ...facts });
        this.removeStale();
      },
      failed: ports.failed,
    });
    this.receiver = new SnapshotReceiver({
      disk,
      clock,
      send,
      appliedIndex: () => ports.machine.appliedIndex,
      install: ports.install,
      wantsState: ports.wantsState,
      stateArrived: ports.stateArrived,
      ended: (facts) => observer.observe({ kind: 'snapshotReceived', ...facts }),
      failed: ports.failed,
    });
  }

  receive(from: MemberId, message: SnapshotMessage): void {
    if (message.kind === 'acknowledgement') this.sender.acknowledged(from, message);
    else if (message.kind === 'request') this.requested(from, logIndex(message.atLeast));
    else if (message.kind === 'offer') this.receiver.offered(from, message);
    else this.receiver.received(from, message);
  }

  send(to: MemberId, atLeast: LogIndex, encodeInstall: (meta: SnapshotMeta) => Uint8Array): void {
    this.sender.start(to, atLeast, encodeInstall);
  }

  /** Asks a member for its state alone; it comes through `stateArrived`, or not at all. */
  request(to: MemberId, atLeast: LogIndex): void {
    const message = encodeSnapshotMessage({ kind: 'request', atLeast });
    this.ports.transport.send(to, 'snapshot', message);
  }

  get transfers(): Pick<ReplicaActivity, 'sendingSnapshotsTo' | 'receivingSnapshotFrom'> {
    return { sendingSnapshotsTo: this.sender.recipients, receivingSnapshotFrom: this.receiver.sender };
  }

  get arrivedBytes(): number | undefined {
    return this.receiver.arrivedBytes;
  }

  /** What is not answered is asked again, here or elsewhere. */
  private requested(from: MemberId, atLeast: LogIndex): void {
    const { machine, mayGiveState } = this.ports;
    // One that is on its way for the core brings the state too.
    if (machine.appliedIndex < atLeast || this.sender.isSendingTo(from) || !mayGiveState()) return;
    this.sender.start(from, atLeast, () => NOTHING_TO_INSTALL);
  }

  get neededAfter(): LogIndex | undefined {
    return this.sender.neededAfter;
  }

  tick(): void {
    this.sender.tick();
  }

  abandonSending(): void {
    this.sender.abandon();
  }

  trimmed(index: LogIndex): void {
    this.sender.forgetBelow(index);
    this.removeStale();
  }

  stop(): void {
    this.stopped = true;
    this.sender.stop();
    this.receiver.stop();
  }

  /**
   * Removes the whole files that neither a transfer nor a restart needs. A file above the durable state stays: it
   * may be what a restore in progress, or the next start, reads (pitfall 27).
   */
  removeStale(): void {
    if (this.stopped) return;
    const { disk, machine } = this.ports;
    const inUse = this.sender.pathsInUse();
    for (const name of disk.list(SNAPSHOT_DIRECTORY)) {
      const index = snapshotNameIndex(name);
      const path = `${SNAPSHOT_DIRECTORY}/${name}`;
      if (index === undefined || index > machine.durableIndex) continue;
      if (inUse.has(path) || this.removing.has(path)) continue;
      this.removing.add(path);
      disk.remove(path, (error) => {
        this.removing.delete(path);
        if (error !== undefined) this.ports.failed(error);
      });
    }
  }
}
