/**
 * A member's state set aside, and the mark that says why there is none: its next start waits for one from the others. The
 * journal stays where it is: what was voted for and acknowledged must not be forgotten.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncNames, writeWhole } from './durable-files.ts';
import { STATE_FILE } from './lmdb-backend.ts';

/** In the data directory while its state is awaited. */
const MARK = 'synod.rebuild';
/** Where the state goes that was there; the one before it goes for good. */
const REPLACED_FILE = 'state.replaced.lmdb';
const SNAPSHOT_DIRECTORY = 'snapshot';

/**
 * In an order that can stop anywhere. Without a state and without the mark, a start says what is missing or replays the whole
 * log; the mark beside a state would be taken for one that has come already.
 * @returns where the state is now; undefined: there was none
 */
export function setStateAside(directory: string): string | undefined {
  // Snapshots that were made here are of that state.
  const snapshots = join(directory, SNAPSHOT_DIRECTORY);
  if (existsSync(snapshots)) for (const name of readdirSync(snapshots)) rmSync(join(snapshots, name));
  const state = join(directory, STATE_FILE);
  const replaced = join(directory, REPLACED_FILE);
  const wasThere = existsSync(state);
  if (wasThere) renameSync(state, replaced);
  rmSync(`${state}-lock`, { force: true });
  syncNames(directory);
  writeWhole(
    join(directory, MARK),
    'The state of this member was set aside by "synod rebuild"; its next start gets it from the others.\n',
  );
  return wasThere ? replaced : undefined;
}

export function isStateAwaited(directory: string): boolean {
  return existsSync(join(directory, MARK));
}

/** The state has come, and lasts. */
export function forgetAwaitedState(directory: string): void {
  rmSync(join(directory, MARK), { force: true });
  syncNames(directory);
}
