/**
 * Opens a journal: makes it if there is none, else recovers it, checks whose it is, cuts a torn tail, and makes this
 * life's number durable. Nothing is handed out before that is done.
 */
import { assert } from '../core/assert.ts';
import type { RecoveredLog } from '../core/core.ts';
import type { Clock, Disk, DiskError } from '../replica/ports.ts';
import { DiskFailure } from './disk-failure.ts';
import type { JournalIdentity } from './identity.ts';
import { Journal, type JournalStart } from './journal.ts';
import type { JournalError } from './journal-error.ts';
import { SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MIN } from './limits.ts';
import { type RecoveredJournal, type RecoveryResult, recoverJournal } from './recovery.ts';
import { SegmentFiles } from './segment-files.ts';
import { PREPARED_SEGMENT_PATH } from './segment-name.ts';

export interface JournalOptions {
  readonly disk: Disk;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Who this member is. The founding membership counts only while there is no journal. */
  readonly identity: JournalIdentity;
  /** 32 bits that nobody outside can guess; used only when a journal is made. See frame.ts. */
  readonly salt: number;
  readonly segmentBytes?: number;
}

export type JournalOpenResult =
  | {
      readonly ok: true;
      readonly journal: Journal;
      readonly recovered: RecoveredLog;
      /** The number of this life of the member, from 1; durable. */
      readonly incarnation: number;
      /** Bytes of an unfinished last write that were cut; 0 after a clean stop. */
      readonly tornBytes: number;
    }
  | { readonly ok: false; readonly error: JournalError };

export function openJournal(options: JournalOptions, done: (result: JournalOpenResult) => void): void {
  const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT;
  assert(segmentBytes >= SEGMENT_BYTES_MIN, `a segment has at least ${SEGMENT_BYTES_MIN} bytes`);
  const recovery = readBack(options.disk);
  if (!recovery.ok) {
    done(recovery);
    return;
  }
  const found = recovery.journal;
  const mismatch = found.state.identity && compareIdentities(found.state.identity, options.identity);
  if (mismatch === undefined) new JournalOpening(options, found, segmentBytes, done).run();
  else done({ ok: false, error: mismatch });
}

function readBack(disk: Disk): RecoveryResult {
  try {
    return recoverJournal(disk);
  } catch (error) {
    if (!(error instanceof DiskFailure)) throw error;
    return { ok: false, error: { kind: 'disk', error: error.diskError } };
  }
}

function compareIdentities(found: JournalIdentity, expected: JournalIdentity): JournalError | undefined {
  if (found.protocol !== expected.protocol)
    return { kind: 'wrongProtocol', found: found.protocol, expected: expected.protocol };
  if (found.clusterId !== expected.clusterId)
    return { kind: 'wrongCluster', found: found.clusterId, expected: expected.clusterId };
  if (found.memberId !== expected.memberId)
    return { kind: 'wrongMember', found: found.memberId, expected: expected.memberId };
  return undefined;
}

/** The writes of an opening, one after the other. */
class JournalOpening {
  private readonly disk: Disk;
  private readonly found: RecoveredJournal;
  private readonly isNew: boolean;
  private readonly start: JournalStart;
  private readonly files: SegmentFiles;
  private readonly journal: Journal;
  private readonly done: (result: JournalOpenResult) => void;
  private ended = false;

  constructor(
    options: JournalOptions,
    found: RecoveredJournal,
    segmentBytes: number,
    done: (result: JournalOpenResult) => void,
  ) {
    this.disk = options.disk;
    this.found = found;
    this.isNew = found.segments.length === 0;
    this.done = done;
    this.start = {
      identity: found.state.identity ?? options.identity,
      incarnation: found.state.incarnation + 1,
      salt: this.isNew ? options.salt >>> 0 : found.salt,
      nextSequence: found.nextSequence,
      hardState: found.state.hardState,
      base: found.state.base,
    };
    this.files = new SegmentFiles({
      disk: options.disk,
      segmentBytes,
      segments: found.segments,
      endOffset: found.endOffset,
      failed: (error) => {
        if (this.ended) this.journal.fail(error);
        else this.fail(error);
      },
    });
    this.journal = new Journal(this.start, this.files, () => options.clock.nowMs());
  }

  run(): void {
    // A half-made next segment of an earlier life; nothing in it ever counted.
    this.disk.remove(PREPARED_SEGMENT_PATH, (error) => {
      if (error !== undefined) return this.fail(error);
      if (this.isNew) this.journal.rotate(0, () => this.succeed());
      else this.makeWhatWasReadDurable();
    });
  }

  /**
   * What was read may lie only in the operating system's memory: a process that was killed between write and sync
   * leaves it so, and a power cut would take back what this life already vouched for. So: sync the file, and its
   * name, before anything is promised on the strength of it.
   */
  private makeWhatWasReadDurable(): void {
    const { path } = this.found.segments.at(-1)!;
    this.disk.sync(path, (syncError) => {
      if (syncError !== undefined) return this.fail(syncError);
      this.disk.rename(path, path, (renameError) => {
        if (renameError !== undefined) return this.fail(renameError);
        this.cutTornTail(path);
      });
    });
  }

  private cutTornTail(path: string): void {
    const recordBoot = () => this.journal.recordBoot(() => this.succeed());
    if (this.found.tornBytes === 0) {
      recordBoot();
      return;
    }
    const zeros = new Uint8Array(this.found.tornBytes);
    this.disk.writeDurably(path, this.found.endOffset, [zeros], (error) => {
      if (error !== undefined) return this.fail(error);
      recordBoot();
    });
  }

  private succeed(): void {
    if (this.ended) return;
    this.ended = true;
    this.done({
      ok: true,
      journal: this.journal,
      recovered: this.found.state.log(this.start.identity),
      incarnation: this.start.incarnation,
      tornBytes: this.found.tornBytes,
    });
  }

  private fail(error: DiskError): void {
    if (this.ended) return;
    this.ended = true;
    this.done({ ok: false, error: { kind: 'disk', error } });
  }
}
