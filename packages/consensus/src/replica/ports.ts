/**
 * What a replica needs of the world. The server implements these over sockets, files and timers; the simulator over
 * a seed. Callbacks, not promises: the order in which things complete is part of a simulated world's trace.
 */
import type { MembershipChangeFailure } from '../core/effects.ts';
import type { Entry } from '../core/entry.ts';
import type { Membership } from '../core/membership.ts';
import type { LogIndex, MemberId } from '../core/numbers.ts';

/** Monotonic time and the end of a turn. Never the wall clock. */
export interface Clock {
  /** Milliseconds since an arbitrary instant; never goes back. */
  nowMs(): number;
  /** Runs `job` once, after what is already waiting in this turn of the event loop. */
  defer(job: () => void): void;
}

/**
 * Files in one data directory, by relative path. Reads are synchronous: they serve recovery and snapshots. Writes
 * complete by callback, in the order of their calls for one file. An error is final: the member stops (pitfall 26).
 */
export interface Disk {
  /** Names in a directory, sorted; empty if there is no such directory. */
  list(directory: string): string[];
  /** Bytes in the file, or undefined if there is none. */
  size(path: string): number | undefined;
  /** Up to `length` bytes at `offset`; fewer only at the end of the file. */
  read(path: string, offset: number, length: number): Uint8Array;
  /** Makes a file of `sizeBytes` zeros (and its directory), its name durable when done. Fails if it exists. */
  create(path: string, sizeBytes: number, done: DiskCallback): void;
  /** Writes at an offset and makes it durable (write, then fdatasync) before `done`. */
  writeDurably(path: string, offset: number, chunks: readonly Uint8Array[], done: DiskCallback): void;
  /** Writes at an offset; durable only after a later `sync`. */
  write(path: string, offset: number, chunks: readonly Uint8Array[], done: DiskCallback): void;
  /** Makes everything written to the file durable. */
  sync(path: string, done: DiskCallback): void;
  /** Renames, replacing what is there, and makes the names durable. */
  rename(from: string, to: string, done: DiskCallback): void;
  /** Cuts the file to `sizeBytes` or removes it (undefined), durably. Removing what is not there is not an error. */
  truncate(path: string, sizeBytes: number, done: DiskCallback): void;
  remove(path: string, done: DiskCallback): void;
}

export type DiskCallback = (error: DiskError | undefined) => void;

export interface DiskError {
  readonly kind: 'full' | 'denied' | 'failed' | 'exists';
  readonly path: string;
  /** What the operating system said, for the log. */
  readonly detail: string;
}

/** Bytes to and from peers. Anything may be lost, doubled or late; nothing is altered. */
export interface Transport {
  /**
   * Queues one message. A full queue drops it: a core expects losses. `lane` keeps snapshots from delaying
   * heartbeats; lanes are not ordered among each other.
   */
  send(to: MemberId, lane: Lane, bytes: Uint8Array): void;
  /** Bytes queued for the peer on the lane, for whoever paces itself. */
  queuedBytes(to: MemberId, lane: Lane): number;
}

/** `consensus`: a core's messages. `forward`: commands on their way to the leader. `snapshot`: chunks. `call`: questions between services. */
export type Lane = 'consensus' | 'forward' | 'snapshot' | 'call';

/**
 * The replicated state machine, as the replica sees it. `apply` is total: it never throws and has no input but the
 * entries (S7, S10).
 */
export interface StateMachine {
  /** The last entry the state holds. After opening: the last one that survived. */
  readonly appliedIndex: LogIndex;
  /** Up to here the state survives a power cut without the journal. */
  readonly durableIndex: LogIndex;
  /**
   * Applies entries, the first of which is the next, or one that is half applied. May end early, even amid an entry, so
   * that nothing else waits long: `appliedIndex` tells how far it came, and the rest is given again in a later turn.
   */
  apply(entries: readonly Entry[]): void;
  /** Makes everything applied so far durable in the backend, without stopping the world; never a part of an entry. */
  persist(done: (error: Error | undefined) => void): void;
  /** A consistent image of the state as of now, not amid an entry, unharmed by later applies. Its owner closes it. */
  capture(): StateImage;
  /** Starts to replace the whole state. The old state is in force until `finish`. */
  beginRestore(index: LogIndex): StateRestore;
}

export interface StateImage {
  readonly index: LogIndex;
  /** The next piece, at most about 64 KiB, or undefined at the end. */
  next(): Uint8Array | undefined;
  close(): void;
}

export interface StateRestore {
  /** The pieces of an image, in order, cut anywhere. @throws MalformedBytes */
  write(piece: Uint8Array): void;
  /** Puts the new state in force at once; durable when `done` is called. */
  finish(done: (error: Error | undefined) => void): void;
  abort(): void;
}

/** Facts for whoever runs the member: the server turns them into log lines and metrics, the simulator into its trace. */
export interface Observer {
  observe(event: ReplicaEvent): void;
}

export type ReplicaEvent =
  | {
      readonly kind: 'recovered';
      readonly entries: number;
      readonly lastIndex: number;
      readonly tornBytes: number;
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'roleChanged';
      readonly role: string;
      readonly epoch: number;
      readonly leader: MemberId | undefined;
    }
  /** The membership in force here changed: whom the transport should hold links to. */
  | { readonly kind: 'membershipChanged'; readonly membership: Membership; readonly index: number }
  | { readonly kind: 'membershipChangeRejected'; readonly reason: MembershipChangeFailure }
  | { readonly kind: 'synced'; readonly bytes: number; readonly milliseconds: number }
  | { readonly kind: 'trimmed'; readonly index: number }
  | {
      readonly kind: 'snapshotWritten';
      readonly index: number;
      readonly bytes: number;
      readonly milliseconds: number;
      /** Of these: reading the state and encoding it, and the last sync of the file. */
      readonly encodingMs: number;
      readonly syncMs: number;
    }
  | {
      readonly kind: 'snapshotSent';
      readonly to: MemberId;
      readonly index: number;
      readonly bytes: number;
      readonly ok: boolean;
      /** Since it was first offered. */
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'snapshotReceived';
      readonly from: MemberId;
      readonly index: number;
      readonly bytes: number;
      readonly ok: boolean;
      /** Since the offer that was taken. */
      readonly milliseconds: number;
      /** Of these: the last sync of the file; undefined: it was not a whole one. */
      readonly syncMs: number | undefined;
    }
  /** A state machine that had lost its state has one again: all that was decided up to here. */
  | { readonly kind: 'stateRegained'; readonly index: number }
  | { readonly kind: 'malformedMessage'; readonly from: MemberId; readonly detail: string }
  /** The member cannot go on; its owner must end the process with this reason. */
  | { readonly kind: 'fatal'; readonly reason: string };
