/** The Node disk keeps the contract of a disk; one process has a data directory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DiskError } from '@synod/consensus';
import { diskContractSuite } from '../../../consensus/test/journal/disk-contract-suite.ts';
import { NodeDisk, toDiskError } from '../../src/storage/node-disk.ts';
import { lockDataDirectory, PROCESS_ID_FILE } from '../../src/storage/node-disk-lock.ts';

function withDirectory(body: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'synod-disk-'));
  try {
    body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

diskContractSuite('node disk', () => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-disk-'));
  const disk = new NodeDisk(directory);
  return {
    disk,
    settle: () => {},
    close: () => {
      disk.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});

diskContractSuite('node disk with a directory elsewhere', () => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-disk-'));
  const elsewhere = mkdtempSync(join(tmpdir(), 'synod-disk-elsewhere-'));
  const disk = new NodeDisk(directory, { journal: elsewhere });
  return {
    disk,
    settle: () => {},
    close: () => {
      disk.close();
      assert.deepEqual(readdirSync(directory).includes('journal'), false);
      for (const one of [directory, elsewhere]) rmSync(one, { recursive: true, force: true });
    },
  };
});

test('what the operating system says becomes one of four kinds', () => {
  const kind = (code: string) => toDiskError('a', Object.assign(new Error('text'), { code })).kind;
  assert.deepEqual(['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EEXIST', 'EIO'].map(kind), [
    'full',
    'full',
    'denied',
    'denied',
    'exists',
    'failed',
  ]);
});

test('a data directory is taken once, and again after it was given up', () => {
  withDirectory((root) => {
    const directory = join(root, 'm1');
    const first = lockDataDirectory(directory);
    assert(first.ok);
    assert.equal(readFileSync(join(directory, PROCESS_ID_FILE), 'utf8'), `${process.pid}\n`);
    assert.deepEqual(lockDataDirectory(directory), {
      ok: false,
      error: { kind: 'inUse', directory, processId: process.pid },
    });
    first.lock.release();
    const second = lockDataDirectory(directory);
    assert(second.ok);
    second.lock.release();
    assert.deepEqual(readdirSync(directory), []);
  });
});

test('a directory held by another living process is refused', () => {
  withDirectory((directory) => {
    writeFileSync(join(directory, PROCESS_ID_FILE), `${process.ppid}\n`);
    assert.deepEqual(lockDataDirectory(directory), {
      ok: false,
      error: { kind: 'inUse', directory, processId: process.ppid },
    });
  });
});

test('a process id file of a dead process, of an earlier life with the same id, or of garbage is taken over', () => {
  const { pid: deadProcess } = spawnSync(process.execPath, ['-e', '']);
  for (const left of [`${deadProcess}\n`, `${process.pid}\n`, 'garbage'])
    withDirectory((directory) => {
      writeFileSync(join(directory, PROCESS_ID_FILE), left);
      const result = lockDataDirectory(directory);
      assert(result.ok);
      result.lock.release();
    });
});

test('a directory that cannot be made gives the reason', () => {
  withDirectory((root) => {
    writeFileSync(join(root, 'file'), '');
    for (const path of ['file', 'file/below', 'x'.repeat(300)]) {
      const result = lockDataDirectory(join(root, path));
      assert(!result.ok && result.error.kind === 'noPlace', path);
    }
  });
});

test('a directory is made with those above it', () => {
  withDirectory((root) => {
    const result = lockDataDirectory(join(root, 'a/b/c'));
    assert(result.ok);
    result.lock.release();
  });
});

test('where nothing can be made there is an answer, not an endless search', {
  skip: !existsSync('/proc/self'),
}, () => {
  const result = lockDataDirectory('/proc/no-such-place');
  assert(!result.ok && result.error.kind === 'noPlace');
});

test('a durable write tells how long its halves took; other writes and what failed tell nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-disk-'));
  const told: string[] = [];
  const disk = new NodeDisk(directory, {}, (path, writeMs, syncMs) => {
    assert.ok(writeMs > 0 && syncMs > 0);
    told.push(path);
  });
  const done = (begin: (done: (error: DiskError | undefined) => void) => void) =>
    new Promise<DiskError | undefined>((resolve) => begin(resolve));
  try {
    await done((end) => disk.create('journal/a', 0, end));
    await done((end) => disk.writeDurably('journal/a', 0, [Uint8Array.of(1)], end));
    await done((end) => disk.write('journal/a', 1, [Uint8Array.of(2)], end));
    await done((end) => disk.sync('journal/a', end));
    assert.ok(
      (await done((end) => disk.writeDurably('journal/none', 0, [Uint8Array.of(3)], end))) !== undefined,
    );
    assert.deepEqual(told, ['journal/a']);
  } finally {
    disk.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
