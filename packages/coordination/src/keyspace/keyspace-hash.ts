/**
 * What can be seen of the keyspace, as a hash: revisions and every change at or above the compact revision, and the state
 * at it. Rows that a sweep has yet to take are passed over, so that members at different places of a sweep agree (S4).
 */
import { TABLE } from '../backend/backend.ts';
import type { StateHash } from '../machine/state-hash.ts';
import { ALL_AFTER, key } from '../machine/values.ts';
import { rowKey } from './row.ts';
import type { KeyspaceStore } from './store.ts';

export function hashKeyspace(store: KeyspaceStore, hash: StateHash): void {
  const { compactRevision } = store;
  hash.number(store.revision);
  hash.number(store.compactedTo);
  for (const entry of store.index.entries({ from: key(''), to: ALL_AFTER }))
    for (const change of entry.changesFrom(compactRevision)) {
      if (change.version === 0 && change.revision < compactRevision) continue;
      const place = rowKey(change.revision, change.sub);
      const row = store.backend.get(TABLE.revisions, place);
      hash.bytes(place);
      if (row !== undefined) hash.bytes(row);
    }
}
