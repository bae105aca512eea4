/** A data directory of etcd's: a member would begin empty beside what is in there, and look as if all were lost. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StartFailure } from './start-failure.ts';

/** @throws StartFailure, before anything is written there */
export function refuseEtcdData(directory: string): void {
  if (!existsSync(join(directory, 'member', 'snap'))) return;
  throw new StartFailure(
    `${directory} holds data of etcd, which Synod cannot read. Give another --data-dir; docs/migration-from-etcd.md says how keys are brought over.`,
  );
}
