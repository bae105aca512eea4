/** The LMDB backend keeps the contract. A power cut is a copy of the file as the disk has it, opened anew. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TABLE } from '@synod/coordination';
import { type BackendUnderTest, backendContract } from '../../../coordination/test/backend/contract-suite.ts';
import { LmdbBackend } from '../../src/storage/lmdb-backend.ts';

function subjectIn(directory: string): BackendUnderTest {
  const backend = new LmdbBackend({ directory });
  return {
    backend,
    async powerCut() {
      const survived = mkdtempSync(join(tmpdir(), 'synod-lmdb-'));
      cpSync(directory, survived, { recursive: true });
      await backend.close();
      rmSync(directory, { recursive: true });
      return subjectIn(survived);
    },
    async dispose() {
      await backend.close();
      rmSync(directory, { recursive: true });
    },
  };
}

backendContract('LMDB', async () => subjectIn(mkdtempSync(join(tmpdir(), 'synod-lmdb-'))));

test('a defragmentation gives space back to the disk; one that fails leaves the store as it was', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-lmdb-'));
  const backend = new LmdbBackend({ directory });
  const commit = (): Promise<Error | undefined> => new Promise((resolve) => backend.commit(resolve));
  const key = (i: number): Uint8Array => Uint8Array.of(i >> 8, i & 255);
  for (let i = 0; i < 1000; i++) backend.put(TABLE.revisions, key(i), new Uint8Array(2000));
  await commit();
  for (let i = 1; i < 1000; i++) backend.remove(TABLE.revisions, key(i));
  await commit();
  const before = backend.sizes();
  assert.ok(before.usedBytes < before.totalBytes / 10);

  const obstacle = join(directory, 'state.copy.lmdb');
  const defragment = (): Promise<Error | undefined> => new Promise((resolve) => backend.defragment(resolve));
  const defragmented = defragment();
  // The copy's name is taken by something that cannot be a store.
  mkdirSync(obstacle);
  assert.ok((await defragmented) instanceof Error);
  rmSync(obstacle, { recursive: true, force: true });
  assert.equal(backend.sizes().totalBytes, before.totalBytes);
  assert.equal(backend.get(TABLE.revisions, key(0))?.length, 2000);

  assert.equal(await defragment(), undefined);
  const after = backend.sizes();
  assert.ok(after.totalBytes < before.totalBytes / 10, `${before.totalBytes} → ${after.totalBytes}`);
  assert.equal(statSync(join(directory, 'state.lmdb')).size, after.totalBytes);
  assert.equal(backend.get(TABLE.revisions, key(0))?.length, 2000);
  await backend.close();
  rmSync(directory, { recursive: true });
});

test('a commit under way is counted once: as pending until it has ended, then as used', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-lmdb-'));
  const backend = new LmdbBackend({ directory });
  const stored = (): number => backend.sizes().usedBytes + backend.pendingBytes;
  const value = new Uint8Array(100_000);
  let counted = 0;
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 20; i++) backend.put(TABLE.revisions, Uint8Array.of(round, i), value);
    const expected = stored();
    let isOver = false;
    const committed = new Promise<void>((resolve) =>
      backend.commit(() => {
        isOver = true;
        resolve();
      }),
    );
    // Looked at in every turn that the writing takes. A turn is so long that the file is often written before the next.
    while (!isOver) {
      const turnEndsMs = performance.now() + 20;
      while (performance.now() < turnEndsMs);
      assert.equal(stored(), expected);
      counted++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await committed;
    assert.ok(Math.abs(stored() - expected) < expected / 10);
  }
  assert.ok(counted >= 3, `${counted} turns`);
  await backend.close();
  rmSync(directory, { recursive: true });
});

test('views are counted while they are open, and each tells once for how long it was', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-lmdb-'));
  const held: number[] = [];
  const backend = new LmdbBackend({ directory, viewClosed: (milliseconds) => void held.push(milliseconds) });
  const first = backend.view();
  const second = backend.view();
  assert.equal(backend.openViewCount, 2);
  const openedMs = performance.now();
  while (performance.now() < openedMs + 3);
  first.close();
  first.close();
  assert.equal(backend.openViewCount, 1);
  assert.equal(held.length, 1);
  assert.ok(held[0]! >= 3);
  second.close();
  assert.equal(backend.openViewCount, 0);
  assert.equal(backend.isDefragmenting, false);
  const defragmented = new Promise((resolve) => backend.defragment(resolve));
  assert.equal(backend.isDefragmenting, true);
  await defragmented;
  assert.equal(backend.isDefragmenting, false);
  await backend.close();
  rmSync(directory, { recursive: true });
});
