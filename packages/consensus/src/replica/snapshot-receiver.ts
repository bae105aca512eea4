/**
 * Takes a snapshot file from a leader: written aside, synced, read back, renamed; then the core is told. Whatever is
 * lost on the way is asked for again by acknowledging what is there. One file at a time: another sender's waits until
 * the running one stands still, or two that send would begin again and again in turn.
 */
import type { LogIndex, MemberId } from '../core/numbers.ts';
import { logIndex } from '../core/numbers.ts';
import { SNAPSHOT_BYTES_PER_SYNC } from './limits.ts';
import type { Clock, Disk, DiskError } from './ports.ts';
import {
  type ReceiverState,
  type SnapshotFileId,
  type SnapshotMessage,
  sameFile,
} from './snapshot-messages.ts';
import { snapshotPartPath } from './snapshot-names.ts';
import { sealSnapshotFile } from './snapshot-seal.ts';

type Offer = Extract<SnapshotMessage, { kind: 'offer' }>;
type Chunk = Extract<SnapshotMessage, { kind: 'chunk' }>;

interface Arrival {
  readonly from: MemberId;
  readonly file: SnapshotFileId;
  readonly index: LogIndex;
  readonly sizeBytes: number;
  readonly path: string;
  /** The sender's newest word for the core. */
  install: Uint8Array;
  stage: 'creating' | 'receiving' | 'verifying';
  /** Everything below was handed to the disk. */
  taken: number;
  /** Everything below was written: what is acknowledged. */
  written: number;
  /** Where the file ended when the last sync was asked for. */
  synced: number;
  /** What was taken when another member last offered its file. */
  takenAtRivalOffer: number;
  readonly startedMs: number;
}

export interface ReceptionFacts {
  readonly from: MemberId;
  readonly index: LogIndex;
  readonly bytes: number;
  readonly ok: boolean;
  readonly milliseconds: number;
  readonly syncMs: number | undefined;
}

export interface SnapshotReceiverPorts {
  readonly disk: Disk;
  readonly clock: Clock;
  send(to: MemberId, message: SnapshotMessage): void;
  /** What the state machine holds already. */
  appliedIndex(): number;
  /** The file is durable under its name: hand this to the core. */
  install(from: MemberId, message: Uint8Array): void;
  /** Whether a state that holds everything up to there is wanted for itself, whatever the core makes of it. */
  wantsState(index: LogIndex): boolean;
  /** Such a state is durable under its name. */
  stateArrived(index: LogIndex): void;
  ended(facts: ReceptionFacts): void;
  failed(error: DiskError): void;
}

export class SnapshotReceiver {
  private readonly ports: SnapshotReceiverPorts;
  private arrival: Arrival | undefined;
  /** The last file whose core was told, in case its acknowledgement was lost. */
  private installed: { readonly from: MemberId; readonly file: SnapshotFileId } | undefined;
  private stopped = false;

  constructor(ports: SnapshotReceiverPorts) {
    this.ports = ports;
  }

  stop(): void {
    this.stopped = true;
  }

  /** Whose file is arriving; undefined: none is. */
  get sender(): MemberId | undefined {
    return this.arrival?.from;
  }

  /** Bytes of the file that is arriving; undefined: none is. */
  get arrivedBytes(): number | undefined {
    return this.arrival?.taken;
  }

  offered(from: MemberId, offer: Offer): void {
    // Asked for once, and not wanted any more.
    if (offer.install.length === 0 && !this.ports.wantsState(logIndex(offer.index))) {
      this.answer(from, offer.file, 'refused', 0);
      return;
    }
    if (this.installed?.from === from && sameFile(this.installed.file, offer.file)) {
      // The core may have turned the first one down, for a term that had passed: this one may be newer.
      this.install(from, offer.install);
      this.answer(from, offer.file, 'installed', offer.sizeBytes);
      return;
    }
    const arrival = this.arrival;
    if (arrival !== undefined && arrival.from === from && sameFile(arrival.file, offer.file)) {
      arrival.install = offer.install.slice();
      // Whatever was on its way when the sender began again will not come.
      if (arrival.stage === 'verifying') this.answer(from, offer.file, 'verifying', arrival.written);
      else if (arrival.taken === arrival.written) this.acknowledge(arrival);
      return;
    }
    if (offer.index <= this.ports.appliedIndex()) {
      // The state is there already; only the log needs to learn where it may go on.
      this.ports.install(from, offer.install);
      this.answer(from, offer.file, 'installed', offer.sizeBytes);
      return;
    }
    // A file that is all there is finished first: its name must not be taken from under it.
    if (arrival !== undefined && arrival.stage !== 'receiving') return;
    if (arrival !== undefined && arrival.from !== from && arrival.taken > arrival.takenAtRivalOffer) {
      arrival.takenAtRivalOffer = arrival.taken;
      return;
    }
    this.begin(from, offer);
  }

  received(from: MemberId, chunk: Chunk): void {
    const arrival = this.arrival;
    if (arrival === undefined || arrival.from !== from || !sameFile(arrival.file, chunk.file)) return;
    if (arrival.stage !== 'receiving' || chunk.offset !== arrival.taken || chunk.bytes.length === 0) return;
    if (chunk.offset + chunk.bytes.length > arrival.sizeBytes) return;
    arrival.taken += chunk.bytes.length;
    this.ports.disk.write(arrival.path, chunk.offset, [chunk.bytes.slice()], (error) => {
      if (this.stopped || this.arrival !== arrival) return;
      if (error !== undefined) return this.ports.failed(error);
      arrival.written += chunk.bytes.length;
      if (arrival.written < arrival.sizeBytes) this.acknowledge(arrival);
      else this.verify(arrival);
    });
    if (arrival.taken - arrival.synced >= SNAPSHOT_BYTES_PER_SYNC) this.sync(arrival);
  }

  private sync(arrival: Arrival): void {
    arrival.synced = arrival.taken;
    this.ports.disk.sync(arrival.path, (error) => {
      if (this.stopped || this.arrival !== arrival) return;
      if (error !== undefined) this.ports.failed(error);
    });
  }

  private begin(from: MemberId, offer: Offer): void {
    const old = this.arrival;
    const index = logIndex(offer.index);
    const arrival: Arrival = {
      from,
      file: offer.file,
      index,
      sizeBytes: offer.sizeBytes,
      path: snapshotPartPath(index, 'received'),
      install: offer.install.slice(),
      stage: 'creating',
      taken: 0,
      written: 0,
      synced: 0,
      takenAtRivalOffer: 0,
      startedMs: this.ports.clock.nowMs(),
    };
    this.arrival = arrival;
    const then = (step: () => void) => (error: DiskError | undefined) => {
      if (this.stopped || this.arrival !== arrival) return;
      if (error !== undefined) this.ports.failed(error);
      else step();
    };
    const { disk } = this.ports;
    const create = () =>
      disk.create(
        arrival.path,
        0,
        then(() => {
          arrival.stage = 'receiving';
          this.acknowledge(arrival);
        }),
      );
    const removeOwn = () => disk.remove(arrival.path, then(create));
    if (old === undefined || old.path === arrival.path) removeOwn();
    else disk.remove(old.path, then(removeOwn));
  }

  private verify(arrival: Arrival): void {
    arrival.stage = 'verifying';
    this.answer(arrival.from, arrival.file, 'verifying', arrival.written);
    sealSnapshotFile(this.ports, arrival.path, (result) => {
      if (this.stopped) return;
      this.arrival = undefined;
      switch (result.kind) {
        case 'disk':
          this.ports.failed(result.error);
          return;
        case 'malformed':
          this.tellEnded(arrival, undefined);
          this.answer(arrival.from, arrival.file, 'refused', 0);
          return;
        case 'sealed':
          this.installed = { from: arrival.from, file: arrival.file };
          this.tellEnded(arrival, result.syncMs);
          this.install(arrival.from, arrival.install);
          if (this.ports.wantsState(arrival.index)) this.ports.stateArrived(arrival.index);
          this.answer(arrival.from, arrival.file, 'installed', arrival.written);
          return;
      }
    });
  }

  private tellEnded({ from, index, written, startedMs }: Arrival, syncMs: number | undefined): void {
    const milliseconds = this.ports.clock.nowMs() - startedMs;
    this.ports.ended({ from, index, bytes: written, ok: syncMs !== undefined, milliseconds, syncMs });
  }

  private install(from: MemberId, message: Uint8Array): void {
    if (message.length > 0) this.ports.install(from, message);
  }

  private acknowledge(arrival: Arrival): void {
    this.answer(arrival.from, arrival.file, 'receiving', arrival.written);
  }

  private answer(to: MemberId, file: SnapshotFileId, state: ReceiverState, offset: number): void {
    this.ports.send(to, { kind: 'acknowledgement', file, state, offset });
  }
}
