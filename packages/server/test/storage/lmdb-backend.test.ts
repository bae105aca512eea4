/** The LMDB backend keeps the contract. A power cut is a copy of the file as the disk has it, opened anew. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
