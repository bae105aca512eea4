/**
 * A range in pieces: as much of it as a caller can take at a time, in key order, and where the next piece begins. Nothing is
 * counted, because that would look at every key for each piece.
 */
import type { PageQuery } from '../machine/commands.ts';
import type { Failure, PageResult } from '../machine/results.ts';
import type { Key, KeyRecord, Revision } from '../machine/values.ts';
import { rangeFailure } from './range.ts';
import type { KeyspaceStore } from './store.ts';

export function rangePage(store: KeyspaceStore, query: PageQuery, current: Revision): PageResult | Failure {
  const failure = rangeFailure(store, query.revision, current);
  if (failure !== undefined) return failure;
  const atRevision = query.revision > 0 ? query.revision : current;
  const records: KeyRecord[] = [];
  let bytes = 0;
  let looked = 0;
  let next: Key | undefined;
  for (const entry of store.index.entries(query.span)) {
    if (records.length >= query.recordsMax || bytes >= query.bytesMax || looked >= query.keysMax) {
      next = entry.key;
      break;
    }
    looked++;
    const place = entry.changeAt(atRevision);
    if (place === undefined || place.version === 0) continue;
    const record = store.row(place);
    if (record === undefined) continue;
    records.push(record);
    bytes += record.key.length + record.value.length;
  }
  return { kind: 'page', revision: current, records, next };
}
