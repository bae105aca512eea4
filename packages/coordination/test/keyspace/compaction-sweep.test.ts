/** What a sweep leaves in memory, and how much it does in one step. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryBackend } from '../../src/backend/memory-backend.ts';
import { CompactionSweep } from '../../src/keyspace/compaction-sweep.ts';
import { KeyspaceStore } from '../../src/keyspace/store.ts';
import { key, NO_LEASE, revision } from '../../src/machine/values.ts';

const noLeases = { has: () => false, attach: () => {}, detach: () => {} };

/** Puts every key, deletes it again, and compacts above. */
function compacted(keys: number): KeyspaceStore {
  const store = new KeyspaceStore(new MemoryBackend(), noLeases);
  for (let at = 0; at < keys; at++) {
    const name = key(`k${at}`);
    const created = revision(2 + 2 * at);
    const record = { key: name, value: Uint8Array.of(1), createRevision: created, modRevision: created };
    store.put({ ...record, version: 1, lease: NO_LEASE }, 0);
    store.remove(store.index.get(name)!, revision(created + 1), 0);
  }
  store.revision = revision(2 + 2 * keys);
  store.compactedTo = store.revision;
  return store;
}

test('S4 a key that was deleted below the compact revision leaves nothing behind', () => {
  const store = compacted(10);
  const sweep = new CompactionSweep(store);
  while (sweep.step(3));
  assert.equal(store.index.size, 0);
  assert.equal(store.index.withHistory.size, 0);
});

test('a step does about what it is allowed, and says whether there is more', () => {
  const store = compacted(100);
  const sweep = new CompactionSweep(store);
  assert.equal(sweep.step(30), true);
  assert.equal(store.index.size, 90);
  assert.equal(sweep.step(1000), false);
  assert.equal(sweep.step(1000), false, 'and again nothing');
});
