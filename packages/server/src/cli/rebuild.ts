/**
 * `synod rebuild`: has a stopped member get its whole state from the others at its next start. The journal, with the
 * member's votes and all that it acknowledged, is checked and stays; only the state goes aside.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import {
  allMembers,
  decodeMembership,
  describeJournalError,
  JOURNAL_DIRECTORY,
  type JournalIdentity,
  type Membership,
  type RecoveredState,
  recoverJournal,
} from '@synod/consensus';
import { journalDirectoryOf } from '../storage/journal-place.ts';
import { NodeDisk } from '../storage/node-disk.ts';
import { lockDataDirectory } from '../storage/node-disk-lock.ts';
import { setStateAside } from '../storage/replaced-state.ts';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.ts';

export interface RebuildOptions {
  readonly dataDir: string;
  /** Do not ask. */
  readonly yes?: boolean;
}

/** Why nothing was done, in words for whoever asked. */
class Refusal extends Error {}

/** @returns the exit code */
export async function rebuild(options: RebuildOptions): Promise<number> {
  try {
    await rebuildOrRefuse(resolve(options.dataDir), options.yes === true);
    return EXIT_OK;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`synod rebuild: ${error.message}\n`);
    return EXIT_FAILED;
  }
}

async function rebuildOrRefuse(directory: string, isSure: boolean): Promise<void> {
  if (!existsSync(directory)) throw new Refusal(`there is no directory ${directory}`);
  const locked = lockDataDirectory(directory);
  if (!locked.ok) {
    const { error } = locked;
    throw new Refusal(
      error.kind === 'inUse'
        ? `${directory} is in use by process ${error.processId}. Stop that member first.`
        : `${directory} cannot be used (${error.kind === 'noPlace' ? error.detail : error.error.detail})`,
    );
  }
  try {
    const memberCount = allMembers(membershipIn(directory)).length;
    if (memberCount < 2)
      throw new Refusal(
        'this is the only member of its cluster: there is nobody to get the state from. Use a backup (synod snapshot restore).',
      );
    if (!isSure) await ask(directory, memberCount);
    const replaced = setStateAside(directory);
    process.stdout.write(
      `${replaced === undefined ? 'There was no state to set aside' : `The state is aside, in ${replaced}`}; the journal is as it was.\n` +
        `Start the member: it gets its state from the other ${memberCount - 1}, and serves once it has it. If an alarm was raised,\n` +
        'then look at "synod endpoint hashkv --cluster", and clear it with "synod alarm disarm".\n',
    );
  } finally {
    locked.lock.release();
  }
}

/** The newest that the journal knows. A journal that is damaged is no reason to take the state away from beside it. */
function membershipIn(directory: string): Membership {
  const journal = journalDirectoryOf(directory);
  const disk = new NodeDisk(directory, journal === undefined ? {} : { [JOURNAL_DIRECTORY]: journal });
  try {
    const recovery = recoverJournal(disk);
    if (!recovery.ok) throw new Refusal(describeJournalError(recovery.error));
    const { state } = recovery.journal;
    if (state.identity === undefined) throw new Refusal(`${directory} holds no member: it has no journal`);
    return newestMembership(state, state.identity);
  } finally {
    disk.close();
  }
}

function newestMembership(state: RecoveredState, identity: JournalIdentity): Membership {
  const { snapshot, entries } = state.log(identity);
  const newest = entries.filter(({ kind }) => kind === 'membership').at(-1);
  return newest === undefined ? snapshot.membership : decodeMembership(newest.payload);
}

async function ask(directory: string, memberCount: number): Promise<void> {
  if (process.stdin.isTTY !== true)
    throw new Refusal('add --yes where there is no terminal to ask on. Nothing was changed.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `The state in ${directory} is set aside, and the member gets that of the other ${memberCount - 1} when it is started. Go on? [y/N] `,
  );
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Refusal('nothing was changed');
}
