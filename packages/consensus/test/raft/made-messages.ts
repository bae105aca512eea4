/** Messages that tests send to one Raft core, in as few words as they need. */
import type { Effect } from '../../src/core/effects.ts';
import { epoch, logIndex } from '../../src/core/numbers.ts';
import type { Append, RaftMessage } from '../../src/raft/messages.ts';
import { entry } from './single-core.ts';

export const term = epoch;
export const at = logIndex;

export function append(of: {
  term: number;
  prev: [number, number];
  entries?: [number, number][];
  commit?: number;
}): Append {
  return {
    kind: 'append',
    term: term(of.term),
    prevIndex: at(of.prev[0]),
    prevEpoch: term(of.prev[1]),
    commitIndex: at(of.commit ?? 0),
    entries: (of.entries ?? []).map(([index, entryTerm]) => entry(index, entryTerm)),
  };
}

export const acknowledge = (inTerm: number, match: number): RaftMessage => ({
  kind: 'appendResponse',
  term: term(inTerm),
  matchIndex: at(match),
});

export const kinds = (effects: readonly Effect[]): string[] => effects.map((effect) => effect.kind);

/** Entries `first` to `last` of one term, for `append`. */
export const row = (inTerm: number, first: number, last: number): [number, number][] =>
  Array.from({ length: last - first + 1 }, (_, i) => [first + i, inTerm]);
