/**
 * Brings a replica to life: opens the journal, puts the snapshot file in force that the log needs, makes sure that state and log
 * meet, then lets the owner make the core from what was recovered.
 */
import type { ConsensusCore, RecoveredLog } from '../core/core.ts';
import { DiskFailure } from '../journal/disk-failure.ts';
import type { JournalError } from '../journal/journal-error.ts';
import { type JournalOpenResult, type JournalOptions, openJournal } from '../journal/open.ts';
import { JOURNAL_DIRECTORY, segmentFirstSequence } from '../journal/segment-name.ts';
import { restoreFromFile } from './machine-driver.ts';
import { Replica, type ReplicaOptions } from './replica.ts';
import { isPartName, SNAPSHOT_DIRECTORY, snapshotPath } from './snapshot-names.ts';
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
  const missing = missingJournal(options);
  if (missing !== undefined) {
    done({ ok: false, error: missing });
    return;
  }
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

/** Looked at before a journal is made: afterwards nobody could tell. */
function missingJournal({ disk, machine }: ReplicaOpenOptions): JournalError | undefined {
  const stateIndex = machine.appliedIndex;
  if (stateIndex === 0) return undefined;
  try {
    const names = disk.list(JOURNAL_DIRECTORY);
    if (names.some((name) => segmentFirstSequence(name) !== undefined)) return undefined;
    return { kind: 'journalMissing', stateIndex };
  } catch (error) {
    if (!(error instanceof DiskFailure)) throw error;
    return { kind: 'disk', error: error.diskError };
  }
}

function begin(
  options: ReplicaOpenOptions,
  opened: OpenedJournal,
  startedMs: number,
  done: (result: ReplicaOpenResult) => void,
): void {
  const { journal, recovered, incarnation, tornBytes } = opened;
  const logBeginsAfter = recovered.snapshot.index;
  // What is to come will hold all that the log lacks; that much was applied here once, so it is decided.
  const stateIndex = options.awaitsState === true ? logBeginsAfter : options.machine.appliedIndex;
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
 * Puts the snapshot in force that the log begins after, if the state does not reach there: it was received whole, and the
 * member stopped before or while it was restored. Other files are passed over. They were made here for others, or were
 * received a moment before the log could say so, and the state must not get ahead of what the log durably holds (P14);
 * whoever sent such a file sends it again.
 */
function restoreIfNeeded(
  options: ReplicaOpenOptions,
  recovered: RecoveredLog,
  done: (error: JournalError | undefined) => void,
): void {
  const { index } = recovered.snapshot;
  // A file of this member's own may be as wrong as the state that it was made of.
  if (options.awaitsState === true) {
    done(undefined);
    return;
  }
  const path = snapshotPath(index);
  if (index <= options.machine.appliedIndex || options.disk.size(path) === undefined) {
    done(undefined);
    return;
  }
  const restore = (): void =>
    restoreFromFile(options, path, (failure) => {
      if (failure === undefined) done(undefined);
      else done({ kind: 'damaged', path, offset: 0, detail: `${failure} (the log begins after ${index})` });
    });
  // Verified before the state is touched: a rotten file must not cost the state that is there.
  readWholeFile(options, path, {
    piece: () => {},
    end: restore,
    failed: (result) => done(result.kind === 'malformed' ? undefined : { kind: 'disk', error: result.error }),
  });
}
