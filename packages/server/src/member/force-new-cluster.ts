/** `--force-new-cluster`: a member goes on alone with what it has, when the others are gone for good. */
import { describeJournalError, forceAlone, JOURNAL_DIRECTORY, type JournalOptions } from '@synod/consensus';
import type { DirectoryFacts } from '@synod/coordination';
import type { Log } from '../log/log.ts';
import type { MemberIdentity } from './identity/member-identity.ts';
import { FORCED_MEMBERSHIP } from './make-core.ts';
import { StartFailure } from './start-failure.ts';

export interface ForcingParts {
  readonly identity: MemberIdentity;
  readonly machine: { readonly directory: DirectoryFacts };
  readonly awaitsState: boolean;
  readonly log: Log;
}

/** A member without data founds a cluster as its flags say. @throws StartFailure (as a rejection) */
export async function forceNewCluster(parts: ForcingParts, journal: JournalOptions): Promise<void> {
  const { identity, machine, awaitsState, log } = parts;
  if (journal.disk.list(JOURNAL_DIRECTORY).length === 0) return;
  const member = machine.directory.member(identity.memberId);
  const lack = awaitsState
    ? 'its state was set aside and is still to come from the others'
    : member === undefined
      ? 'it was removed from the cluster, or has never got its state'
      : member.isLearner
        ? 'it is a learner'
        : undefined;
  if (lack !== undefined)
    throw new StartFailure(
      `--force-new-cluster cannot make a cluster of this member: ${lack}. Take another member, or restore a backup.`,
    );
  const entries = await new Promise<number>((resolve, reject) => {
    forceAlone(journal, FORCED_MEMBERSHIP[journal.identity.protocol], (result) => {
      if (result.ok) resolve(result.entries);
      else reject(new StartFailure(describeJournalError(result.error)));
    });
  });
  log.warn('forced a new cluster of this member alone: what only the others had is lost', {
    'member-id': identity.memberId,
    entries,
  });
}
