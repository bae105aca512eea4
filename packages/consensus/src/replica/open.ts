/**
 * Brings a replica to life: opens the journal, puts a newer snapshot file in force, makes sure that state and log
 * meet, then lets the owner make the core from what was recovered.
 */
import type { ConsensusCore, RecoveredLog } from '../core/core.ts';
import type { JournalError } from '../journal/journal-error.ts';
import { type JournalOpenResult, type JournalOptions, openJournal } from '../journal/open.ts';
import { restoreFromFile } from './machine-driver.ts';
import { Replica, type ReplicaOptions } from './replica.ts';
import { isPartName, SNAPSHOT_DIRECTORY, snapshotNameIndex, snapshotPath } from './snapshot-names.ts';
import { readWholeFile } from './snapshot-seal.ts';

export interface ReplicaOpenOptions extends ReplicaOptions, Omit<JournalOptions, 'clock' | 'disk'> {
  /** Makes the core of this member's protocol. */
  readonly makeCore: (recovered: RecoveredLog, incarnation: number) => ConsensusCore;
}

export type ReplicaOpenResult =
  | {
      readonly ok: true;
      readonly replica: Replica;
      readonly recovered: RecoveredLog;
      readonly incarnation: number;
    }
  | { readonly ok: false; readonly error: JournalError };

type OpenedJournal = Extract<JournalOpenResult, { ok: true }>;

export function openReplica(options: ReplicaOpenOptions, done: (result: ReplicaOpenResult) => void): void {
  const startedMs = options.clock.nowMs();
  openJournal(options, (opened) => {
    if (!opened.ok) return done(opened);
    removeParts(options, (partsError) => {
      if (partsError !== undefined) return done({ ok: false, error: partsError });
      restoreIfNeeded(options, opened.recovered, (restoreError) => {
        if (restoreError !== undefined) return done({ ok: false, error: restoreError });
        begin(options, opened, startedMs, done);
      });
    });
  });
}

function begin(
  options: ReplicaOpenOptions,
  opened: OpenedJournal,
  startedMs: number,
  done: (result: ReplicaOpenResult) => void,
): void {
  const { journal, recovered, incarnation, tornBytes } = opened;
  const stateIndex = options.machine.appliedIndex;
  const logBeginsAfter = recovered.snapshot.index;
  if (stateIndex < logBeginsAfter) {
    done({ ok: false, error: { kind: 'stateBehindLog', stateIndex, logBeginsAfter } });
    return;
  }
  options.observer.observe({
    kind: 'recovered',
    entries: recovered.entries.length,
    lastIndex: highestIndex(recovered),
    tornBytes,
    milliseconds: options.clock.nowMs() - startedMs,
  });
  const core = options.makeCore({ ...recovered, stateIndex }, incarnation);
  done({ ok: true, replica: new Replica(core, journal, options), recovered, incarnation });
}

/** Slots of Paxos come in any order: the last entry need not be the highest. */
function highestIndex({ snapshot, entries }: RecoveredLog): number {
  return entries.reduce((highest, { index }) => Math.max(highest, index), snapshot.index as number);
}

/** Files that an earlier life did not finish. */
function removeParts(options: ReplicaOpenOptions, done: (error: JournalError | undefined) => void): void {
  const parts = options.disk.list(SNAPSHOT_DIRECTORY).filter(isPartName);
  const removeNext = (): void => {
    const name = parts.pop();
    if (name === undefined) {
      done(undefined);
      return;
    }
    options.disk.remove(`${SNAPSHOT_DIRECTORY}/${name}`, (error) => {
      if (error !== undefined) done({ kind: 'disk', error });
      else removeNext();
    });
  };
  removeNext();
}

/**
 * Puts the newest sound snapshot file in force, if it holds what neither the state nor the log does: one was received
 * whole, and the member stopped before or while it was restored. A file that the log reaches past was made here for
 * others; applying the log is cheaper than restoring it.
 */
function restoreIfNeeded(
  options: ReplicaOpenOptions,
  recovered: RecoveredLog,
  done: (error: JournalError | undefined) => void,
): void {
  const logBeginsAfter = recovered.snapshot.index;
  const logEnds = highestIndex(recovered);
  const { appliedIndex } = options.machine;
  const isNeeded = (index: number): boolean =>
    logBeginsAfter > appliedIndex ? index >= logBeginsAfter : index > Math.max(logEnds, appliedIndex);
  const indexes = options.disk
    .list(SNAPSHOT_DIRECTORY)
    .map(snapshotNameIndex)
    .filter((index) => index !== undefined)
    .filter(isNeeded)
    .sort((a, b) => a - b);
  const tryNewest = (): void => {
    const index = indexes.pop();
    if (index === undefined) {
      done(undefined);
      return;
    }
    const path = snapshotPath(index);
    // Verified before the state is touched: a rotten file must not cost the state that is there.
    readWholeFile(options, path, {
      piece: () => {},
      end: () => restore(path),
      failed: (result) => {
        if (result.kind === 'malformed') tryNewest();
        else done({ kind: 'disk', error: result.error });
      },
    });
  };
  const restore = (path: string): void =>
    restoreFromFile(options, path, (failure) => {
      if (failure === undefined) done(undefined);
      else
        done({
          kind: 'damaged',
          path,
          offset: 0,
          detail: `${failure} (the log begins after ${logBeginsAfter})`,
        });
    });
  tryNewest();
}
