/** A process that is killed in the middle of its commits leaves one whole commit, and nothing it acknowledged is lost. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TABLE } from '@synod/coordination';
import { LmdbBackend } from '../../src/storage/lmdb-backend.ts';
import { ROWS_A_ROUND } from './lmdb-writer-rounds.ts';

/** Lets the process work until it acknowledged so many rounds, kills it, and says which was the last. */
async function killAfter(directory: string, rounds: number): Promise<number> {
  const script = join(import.meta.dirname, 'lmdb-writer-process.ts');
  const writer = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  writer.stdout.setEncoding('utf8');
  writer.stdout.on('data', (piece: string) => {
    told += piece;
    if (told.split('\n').length > rounds) writer.kill('SIGKILL');
  });
  const [, signal] = await once(writer, 'close');
  assert.equal(signal, 'SIGKILL', 'the process was still at work');
  return Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1));
}

for (const rounds of [1, 4, 9, 23]) {
  test(`S8 LMDB: killed after ${rounds} acknowledged commits, the store holds one whole commit, no older one`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'synod-lmdb-kill-'));
    try {
      const acknowledged = await killAfter(directory, rounds);
      const backend = new LmdbBackend({ directory });
      const values = [...backend.scan(TABLE.revisions, {})].map((row) => Number(Buffer.from(row.value)));
      await backend.close();
      assert.equal(values.length, ROWS_A_ROUND);
      assert.equal(new Set(values).size, 1, 'all rows are of one round');
      assert.ok(values[0]! >= acknowledged, `round ${values[0]} is there, ${acknowledged} was acknowledged`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}
