/** Snapshot files by name: whole ones, and those still being written. */
import type { LogIndex } from '../core/numbers.ts';
import { logIndex } from '../core/numbers.ts';

export const SNAPSHOT_DIRECTORY = 'snapshot';

const WHOLE = /^([0-9a-f]{16})\.snap$/;

const PART_SUFFIX = '.part';

export function snapshotPath(index: LogIndex): string {
  return `${SNAPSHOT_DIRECTORY}/${index.toString(16).padStart(16, '0')}.snap`;
}

/** Where a file lies until it is proved whole. `writer` keeps one that is made here apart from one that arrives. */
export function snapshotPartPath(index: LogIndex, writer: 'own' | 'received'): string {
  return `${snapshotPath(index)}.${writer}${PART_SUFFIX}`;
}

/** The index of a whole file, or undefined for any other name. */
export function snapshotNameIndex(name: string): LogIndex | undefined {
  const match = WHOLE.exec(name);
  return match === null ? undefined : logIndex(Number.parseInt(match[1]!, 16));
}

export function isPartName(name: string): boolean {
  return name.endsWith(PART_SUFFIX);
}
