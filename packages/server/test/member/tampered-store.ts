/** What nobody should do to the store of a member that does not run. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { TABLE } from '@synod/coordination';
import { LmdbBackend } from '../../src/storage/lmdb-backend.ts';
import type { TestMember } from './test-cluster.ts';

/** Changes the value of whatever was written last. */
export async function tamperWith({ config }: TestMember): Promise<void> {
  const backend = new LmdbBackend({ directory: config.dataDirectory });
  const [row] = [...backend.scan(TABLE.revisions, { reverse: true, limit: 1 })];
  const value = row!.value.slice();
  value[value.length - 1] = value.at(-1)! ^ 0x20;
  backend.put(TABLE.revisions, row!.key, value);
  await new Promise<void>((resolve, reject) =>
    backend.commit((error) => (error === undefined ? resolve() : reject(error))),
  );
  await backend.close();
}

export function loseStore({ config }: TestMember): void {
  for (const name of ['state.lmdb', 'state.lmdb-lock'])
    rmSync(join(config.dataDirectory, name), { force: true });
}
