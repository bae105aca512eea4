/**
 * `member.json` in the data directory: who this member is. It is there before the journal is, and never changed, so that a
 * member is the same after every restart, whatever its flags say by then of a cluster that has other members now.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../storage/durable-files.ts';
import { isClusterFacts } from '../../transport/cluster-question.ts';
import { StartFailure } from '../start-failure.ts';
import type { MemberIdentity } from './member-identity.ts';

const FILE_NAME = 'member.json';
const VERSION = 1;

/** Undefined: there is none. @throws StartFailure when it cannot be read */
export function readIdentityFile(directory: string): MemberIdentity | undefined {
  const path = join(directory, FILE_NAME);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StartFailure(`${path} cannot be read: ${(error as Error).message}`);
  }
  const identity = parsed(text);
  if (identity === undefined)
    throw new StartFailure(
      `${path} does not say who this member is. Restore this member from the others: stop it, remove it from the cluster, empty its data directory and add it again as a new member.`,
    );
  return identity;
}

/** Durable when it returns. */
export function writeIdentityFile(directory: string, identity: MemberIdentity): void {
  const text = JSON.stringify({ version: VERSION, ...identity }, undefined, 2);
  writeWhole(join(directory, FILE_NAME), `${text}\n`);
}

function parsed(text: string): MemberIdentity | undefined {
  try {
    const { version, memberId, clusterId, founders, acquaintances } = JSON.parse(text);
    const isSound =
      version === VERSION &&
      /^[0-9a-f]{16}$/.test(memberId) &&
      isClusterFacts({ protocol: 'raft', clusterId, founders, members: acquaintances });
    return isSound ? { memberId, clusterId, founders, acquaintances } : undefined;
  } catch {
    return undefined;
  }
}
