/**
 * Feeds the state machine what was committed, strictly in the order the core said it: entries and snapshots pass
 * through one queue, so that no apply can race a restore (pitfall 27). The state never gets ahead of what the log durably
 * knows. Bounded work a turn.
 */
import type { SnapshotMeta } from '../core/effects.ts';
import type { Entry } from '../core/entry.ts';
import type { LogIndex, Ticket } from '../core/numbers.ts';
import { APPLY_ENTRIES_PER_TURN } from './limits.ts';
import type { Clock, Disk, StateMachine } from './ports.ts';
import { snapshotPath } from './snapshot-names.ts';
import { readWholeFile } from './snapshot-seal.ts';

type Task =
  | { readonly kind: 'apply'; readonly entries: readonly Entry[]; next: number }
  | { readonly kind: 'restore'; readonly meta: SnapshotMeta; readonly after: Ticket };

export interface MachineDriverPorts {
  readonly machine: StateMachine;
  readonly disk: Disk;
  readonly clock: Clock;
  /** The newest write of the log that is durable. */
  durableTicket(): Ticket;
  /** The state machine holds everything up to here. */
  applied(index: LogIndex): void;
  restored(meta: SnapshotMeta): void;
  /** The state that was awaited is in force: everything up to here. */
  regained(index: LogIndex): void;
  failed(reason: string): void;
}

export interface MachineDriverStart {
  /** The state machine lost its state: nothing is applied before one came that holds this much or more. */
  readonly awaitsState: boolean;
  /** What the core takes for applied. */
  readonly appliedIndex: LogIndex;
}

export class MachineDriver {
  private readonly ports: MachineDriverPorts;
  private readonly tasks: Task[] = [];
  /** Whether the first task goes on by itself: in a later turn, or when a restore ends. */
  private busy = false;
  private stopped = false;

  /** Undefined: the state machine has its state. `arrived`: the file of one that is to be put in force. */
  private awaited: { arrived: LogIndex | undefined } | undefined;
  /** The last entry that is committed and durable here. Monotonic. */
  private reachedIndex: LogIndex;

  constructor(ports: MachineDriverPorts, { awaitsState, appliedIndex }: MachineDriverStart) {
    this.ports = ports;
    this.awaited = awaitsState ? { arrived: undefined } : undefined;
    this.reachedIndex = appliedIndex;
  }

  /** Whether the state is that of the last index told by `applied`. */
  get isIdle(): boolean {
    return this.tasks.length === 0 && this.awaited === undefined;
  }

  /** A snapshot is being put in force. */
  get isRestoring(): boolean {
    return this.busy && (this.tasks[0]?.kind === 'restore' || this.awaited?.arrived !== undefined);
  }

  get awaitsState(): boolean {
    return this.awaited !== undefined;
  }

  /** Whether a file may still be of use: one that is there already will be, once the log is long enough. */
  wantsState(): boolean {
    return this.awaited !== undefined && this.awaited.arrived === undefined;
  }

  /** The file of a state at or above what the log begins after is there. */
  stateArrived(index: LogIndex): void {
    if (this.awaited === undefined) return;
    this.awaited.arrived = index;
    this.pump();
  }

  apply(entries: readonly Entry[]): void {
    const last = entries.at(-1);
    if (last !== undefined) this.reachedIndex = last.index;
    this.tasks.push({ kind: 'apply', entries, next: 0 });
    this.pump();
  }

  /**
   * Puts a snapshot in force once the write `after` is durable: the one that has the log begin after it. Otherwise a
   * power cut could leave a state above log entries that were never committed.
   */
  restore(meta: SnapshotMeta, after: Ticket): void {
    this.tasks.push({ kind: 'restore', meta, after });
    this.pump();
  }

  /** More of the log is durable: what waited for that goes on. */
  logReached(): void {
    this.pump();
  }

  stop(): void {
    this.stopped = true;
    this.tasks.length = 0;
  }

  private pump(): void {
    while (!this.busy && !this.stopped) {
      if (this.awaited !== undefined && !this.mayGoOnWithout(this.awaited)) return;
      const task = this.tasks[0];
      if (task === undefined) return;
      if (task.kind === 'apply') this.applySome(task);
      else if (task.after <= this.ports.durableTicket()) this.restoreAll(task.meta);
      else return;
    }
  }

  /**
   * Only a snapshot that the core wants in force may be put in force where there is no state: it covers what was to be
   * applied before. A state that came by itself waits until the log durably holds, as committed, all that it holds:
   * otherwise a power cut could leave it above entries that were never committed here (P14).
   */
  private mayGoOnWithout(awaited: { readonly arrived: LogIndex | undefined }): boolean {
    const restore = this.tasks.findIndex(({ kind }) => kind === 'restore');
    if (restore >= 0) {
      this.tasks.splice(0, restore);
      return true;
    }
    const { arrived } = awaited;
    if (arrived === undefined || arrived > this.reachedIndex) return false;
    this.busy = true;
    restoreFromFile(this.ports, snapshotPath(arrived), (failure) => {
      if (this.stopped) return;
      if (failure !== undefined) {
        this.ports.failed(failure);
        return;
      }
      this.busy = false;
      this.regain(arrived);
      this.pump();
    });
    return false;
  }

  private regain(index: LogIndex): void {
    if (this.awaited === undefined) return;
    this.awaited = undefined;
    this.ports.regained(index);
  }

  /** The machine may end early, amid an entry even, which then goes on in the next turn. */
  private applySome(task: Extract<Task, { kind: 'apply' }>): void {
    const slice = task.entries.slice(task.next, task.next + APPLY_ENTRIES_PER_TURN);
    const { machine, clock } = this.ports;
    // After a restart the state may already hold the first of them.
    const before = machine.appliedIndex;
    const isFresh = slice.every((entry) => entry.index > before);
    const fresh = isFresh ? slice : slice.filter((entry) => entry.index > before);
    if (fresh.length > 0) machine.apply(fresh);
    const held = slice.findLast((entry) => entry.index <= machine.appliedIndex);
    if (held !== undefined) task.next += held.index - slice[0]!.index + 1;
    if (task.next >= task.entries.length) this.tasks.shift();
    else {
      this.busy = true;
      clock.defer(() => {
        this.busy = false;
        this.pump();
      });
    }
    if (held !== undefined) this.ports.applied(held.index);
  }

  private restoreAll(meta: SnapshotMeta): void {
    const { machine } = this.ports;
    this.busy = true;
    if (machine.appliedIndex >= meta.index) {
      this.restored(meta);
      return;
    }
    restoreFromFile(this.ports, snapshotPath(meta.index), (failure) => {
      if (this.stopped) return;
      if (failure === undefined) this.restored(meta);
      else this.ports.failed(failure);
    });
  }

  private restored(meta: SnapshotMeta): void {
    this.busy = false;
    this.tasks.shift();
    this.reachedIndex = meta.index;
    this.regain(meta.index);
    this.ports.restored(meta);
    this.ports.applied(meta.index);
    this.pump();
  }
}

/** Puts the state of a whole snapshot file in force. Calls back with what went wrong, if anything did. */
export function restoreFromFile(
  ports: { readonly machine: StateMachine; readonly disk: Disk; readonly clock: Clock },
  path: string,
  done: (failure: string | undefined) => void,
): void {
  let restore: ReturnType<StateMachine['beginRestore']> | undefined;
  const index = Number.parseInt(path.slice(path.lastIndexOf('/') + 1), 16) as LogIndex;
  readWholeFile(ports, path, {
    piece: (bytes) => {
      restore ??= ports.machine.beginRestore(index);
      restore.write(bytes);
    },
    end: () => {
      restore ??= ports.machine.beginRestore(index);
      restore.finish((error) =>
        done(error && `the state of ${path} could not be made durable: ${error.message}`),
      );
    },
    failed: (result) => {
      restore?.abort();
      const detail = result.kind === 'malformed' ? result.detail : result.error.detail;
      done(`the snapshot file ${path} cannot be restored: ${detail}`);
    },
  });
}
