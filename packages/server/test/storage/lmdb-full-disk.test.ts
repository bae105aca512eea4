/**
 * A commit that fails in the operating system, as on a full disk: a process whose files may not grow past a limit. The
 * failure is told, is final, takes nothing away that was visible, and loses nothing that was acknowledged.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TABLE } from '@synod/coordination';
import { LmdbBackend } from '../../src/storage/lmdb-backend.ts';

/** In the shell's unit of 512 bytes, or 1,024 in some: a few megabytes. Without the trap the process would be killed. */
const LIMITED = 'trap "" XFSZ; ulimit -f 8192; exec "$0" "$@"';

interface Told {
  readonly acknowledged: number;
  readonly failure: string;
  readonly later: string;
  readonly visible: number;
}

test('S8 LMDB: a commit that fails is told and final; the store holds what was acknowledged', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-lmdb-full-'));
  try {
    const script = join(import.meta.dirname, 'lmdb-full-disk-process.ts');
    const told = JSON.parse(
      execFileSync('sh', ['-c', LIMITED, process.execPath, script, directory], {
        encoding: 'utf8',
        // The binding says it too, in its own way.
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as Told;
    assert.ok(told.acknowledged > 0);
    assert.match(told.failure, /error|large|space/i, 'the reason is the operating system’s');
    assert.equal(told.later, told.failure, 'nothing is tried after a failure');
    assert.equal(told.visible, told.acknowledged + 1, 'what was written stays visible');
    const backend = new LmdbBackend({ directory });
    const last = Buffer.from(backend.get(TABLE.meta, Uint8Array.of(0))!).readUInt16BE();
    const rows = [...backend.scan(TABLE.revisions, {})];
    await backend.close();
    assert.equal(last, told.acknowledged);
    assert.equal(rows.length, 50 * told.acknowledged);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
