/** Kinds of entries as numbers, in the messages of both protocols. Never reused for something else. */
import type { EntryKind } from './entry.ts';

export const ENTRY_KIND_CODES: Readonly<Record<EntryKind, number>> = { command: 0, noop: 1, membership: 2 };

/** By code. */
export const ENTRY_KINDS: readonly EntryKind[] = ['command', 'noop', 'membership'];
