/** Every way in which a journal refuses to open, with its facts; and the words for whoever runs the member. */
import { unreachable } from '../core/assert.ts';
import type { DiskError } from '../replica/ports.ts';

export type JournalError =
  /** Something that was durable cannot be read, and what came after it can: not a torn tail (pitfall 29). */
  | {
      readonly kind: 'damaged';
      readonly path: string;
      /** Where the first unsound byte run begins. */
      readonly offset: number;
      readonly detail: string;
    }
  | { readonly kind: 'wrongCluster'; readonly found: string; readonly expected: string }
  | { readonly kind: 'wrongMember'; readonly found: string; readonly expected: string }
  | { readonly kind: 'wrongProtocol'; readonly found: string; readonly expected: string }
  | { readonly kind: 'unsupportedVersion'; readonly path: string; readonly version: number }
  /** The log begins above what the state machine and every snapshot file hold. */
  | { readonly kind: 'stateBehindLog'; readonly stateIndex: number; readonly logBeginsAfter: number }
  /** The state machine holds entries, and there is no journal at all. */
  | { readonly kind: 'journalMissing'; readonly stateIndex: number }
  | { readonly kind: 'disk'; readonly error: DiskError };

const RESTORE_FROM_OTHERS =
  'Restore this member from the others: stop it, remove it from the cluster, empty its data directory and add it ' +
  'again as a new member. Do not delete single files';

/** One sentence on what is wrong, one on what to do. */
export function describeJournalError(error: JournalError): string {
  switch (error.kind) {
    case 'damaged':
      return `the journal is damaged in ${error.path} at offset ${error.offset}: ${error.detail}. ${RESTORE_FROM_OTHERS}.`;
    case 'wrongCluster':
      return `the data directory belongs to cluster ${error.found}, not ${error.expected}. Give this member its own data directory, or the initial cluster and token that the directory was made with.`;
    case 'wrongMember':
      return `the data directory belongs to member ${error.found}, not ${error.expected}. Each member needs a data directory of its own; start it with the name and peer URLs that the directory was made with.`;
    case 'wrongProtocol':
      return `the data directory was made with --consensus ${error.found}, not ${error.expected}. Start with --consensus ${error.found}, or use another data directory.`;
    case 'unsupportedVersion':
      return `${error.path} has format version ${error.version}, which this version cannot read. Start the newer version that wrote it.`;
    case 'stateBehindLog':
      return `the state ends at entry ${error.stateIndex} but the log begins after entry ${error.logBeginsAfter}, and no sound snapshot file lies between. Have this member get its state from the others: "synod rebuild --data-dir" with its data directory, then start it again.`;
    case 'journalMissing':
      return `the state ends at entry ${error.stateIndex}, and its journal is gone: a new one would forget what this member voted for and acknowledged. Put the journal's files back if they were moved away. ${RESTORE_FROM_OTHERS}.`;
    case 'disk':
      return describeDiskError(error.error);
    default:
      return unreachable(error);
  }
}

export function describeDiskError(error: DiskError): string {
  switch (error.kind) {
    case 'full':
      return `no space is left for ${error.path} (${error.detail}). Free some and start again: nothing acknowledged is lost.`;
    case 'denied':
      return `${error.path} may not be read or written (${error.detail}). Make the data directory belong to the user that runs this member.`;
    case 'exists':
      return `${error.path} exists already (${error.detail}).`;
    case 'failed':
      return `the disk failed on ${error.path} (${error.detail}). The member stops rather than try again: what a failed sync left behind cannot be known. Check the disk before starting again.`;
    default:
      return unreachable(error.kind);
  }
}
