/** `--wal-dir`: where the journal is, if not below the data directory. */
import { join, resolve } from 'node:path';
import { refuse } from './config-problem.ts';
import type { MemberConfig } from './member-config.ts';

/** Where it would be anyway counts as not given. */
export function journalDirectory(
  given: string,
  { workingDirectory, dataDirectory }: Record<'workingDirectory' | 'dataDirectory', string>,
): Pick<MemberConfig, 'journalDirectory'> {
  const directory = resolve(workingDirectory, given);
  if (given === '' || directory === join(dataDirectory, 'journal')) return {};
  if (directory === dataDirectory)
    refuse(`--wal-dir must be another directory than --data-dir (both are ${directory}). Leave it out.`);
  return { journalDirectory: directory };
}
