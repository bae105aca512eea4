/**
 * Keeps the membership in force equal to the newest one in the log, whoever appended or cut it. Counts no quorum.
 */
import { assert } from '../core/assert.ts';
import type { Entry } from '../core/entry.ts';
import { allMembers, isVoter, type Membership } from '../core/membership.ts';
import { decodeMembership } from '../core/membership-codec.ts';
import type { LogIndex } from '../core/numbers.ts';
import type { RaftState } from './state.ts';
import { addProgress } from './transitions.ts';

/** An entry was appended: if it holds a membership, that one is in force from now on. */
export function entryAppended(state: RaftState, entry: Entry): void {
  if (entry.kind !== 'membership') return;
  state.memberships.append({ index: entry.index, membership: decodeMembership(entry.payload) });
  membershipChanged(state);
}

/** The log was cut from `index` on: the membership before it is back. */
export function logTruncated(state: RaftState, index: LogIndex): void {
  if (state.memberships.truncateFrom(index)) membershipChanged(state);
}

/** The log was replaced by a snapshot. */
export function membershipRestored(state: RaftState, index: LogIndex, membership: Membership): void {
  state.memberships.reset({ index, membership });
  membershipChanged(state);
}

function membershipChanged(state: RaftState): void {
  const { membership, index } = state.memberships.latest;
  state.selfIsVoter = isVoter(membership, state.id);
  state.outbox.push({ kind: 'membership', membership, index });
  const role = state.role;
  // Without a vote a follower does not campaign, and a leader goes when the change is committed (pitfall 32).
  if (role.kind !== 'leader') return;
  const members = allMembers(membership);
  // A new member is first asked about the entry before the change, then sent the change.
  for (const id of members) if (!role.progress.has(id)) addProgress(state, role, id, index);
  for (const id of [...role.progress.keys()])
    if (id !== state.id && !members.includes(id)) role.progress.delete(id);
  if (role.transfer !== undefined && !isVoter(membership, role.transfer.to)) role.transfer = undefined;
  assert(role.progress.has(state.id), 'a leader keeps account of its own log');
}
