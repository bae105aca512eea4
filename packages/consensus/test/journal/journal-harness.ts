/** Opens journals on memory disks and drives them by hand. */
import assert from 'node:assert/strict';
import type { RecoveredLog } from '../../src/core/core.ts';
import type { LogRecord } from '../../src/core/effects.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import { clusterId, epoch, logIndex, memberId, type Ticket, ticket } from '../../src/core/numbers.ts';
import type { JournalIdentity } from '../../src/journal/identity.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { JournalError } from '../../src/journal/journal-error.ts';
import type { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { type JournalOpenResult, openJournal } from '../../src/journal/open.ts';
import type { DiskError } from '../../src/replica/ports.ts';

export const MEMBER = memberId('00000000000000a1');

export const IDENTITY: JournalIdentity = {
  protocol: 'raft',
  clusterId: clusterId('00000000000000c1'),
  memberId: MEMBER,
  foundingMembership: simpleMembership({ voters: [MEMBER], learners: [] }),
};

export const SALT = 0xdecade42;

export interface OpenedJournal {
  readonly journal: Journal;
  readonly recovered: RecoveredLog;
  readonly incarnation: number;
  readonly tornBytes: number;
  /** Tickets in the order in which they were reported. */
  readonly durable: Ticket[];
  readonly failures: DiskError[];
  readonly frames: number[];
}

export interface HarnessOptions {
  readonly identity?: JournalIdentity;
  readonly segmentBytes?: number;
}

function openResult(disk: MemoryDisk, options: HarnessOptions): JournalOpenResult {
  let result: JournalOpenResult | undefined;
  openJournal(
    {
      disk,
      clock: { nowMs: () => 0 },
      identity: options.identity ?? IDENTITY,
      salt: SALT,
      segmentBytes: options.segmentBytes ?? 64 * 1024,
    },
    (done) => {
      result = done;
    },
  );
  disk.settle();
  assert(result !== undefined, 'opening ended');
  return result;
}

export function open(disk: MemoryDisk, options: HarnessOptions = {}): OpenedJournal {
  const result = openResult(disk, options);
  assert(result.ok, `opened: ${JSON.stringify(result)}`);
  const opened: OpenedJournal = { ...result, durable: [], failures: [], frames: [] };
  result.journal.attach({
    durable: (reached) => opened.durable.push(reached),
    failed: (error) => opened.failures.push(error),
    synced: (bytes) => opened.frames.push(bytes),
  });
  return opened;
}

export function openError(disk: MemoryDisk, options: HarnessOptions = {}): JournalError {
  const result = openResult(disk, options);
  assert(!result.ok, 'refused to open');
  return result.error;
}

export function entryRecord(
  index: number,
  term: number,
  payload: Uint8Array = Uint8Array.of(index),
): LogRecord {
  return { kind: 'entry', entry: { index: logIndex(index), epoch: epoch(term), kind: 'command', payload } };
}

/** Appends entries `from` to `to` under one ticket each, and starts the write. */
export function appendEntries(opened: OpenedJournal, from: number, to: number, payloadBytes = 1): void {
  for (let index = from; index <= to; index++)
    opened.journal.append(ticket(index), [entryRecord(index, 1, new Uint8Array(payloadBytes).fill(index))]);
  opened.journal.flush();
}

export function indexes(log: RecoveredLog): number[] {
  return log.entries.map((entry) => entry.index);
}
