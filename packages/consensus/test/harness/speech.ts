/** How transcripts put effects into words. What a protocol calls things by its own names comes from its `Speech`. */
import type { FollowerProgress } from '../../src/core/core.ts';
import type { Effect, LogRecord, SnapshotMeta } from '../../src/core/effects.ts';
import type { Entry } from '../../src/core/entry.ts';
import type { Membership } from '../../src/core/membership.ts';
import { decodeMembership } from '../../src/core/membership-codec.ts';
import type { PeerMessage } from '../../src/core/messages.ts';
import type { Epoch, LogIndex, MemberId } from '../../src/core/numbers.ts';
import type { Parcel } from './core-cluster.ts';
import { nameOf } from './member-names.ts';

/** A protocol's own words. */
export interface Speech {
  /** An epoch, bare: "3". */
  readonly epoch: (epoch: Epoch) => string;
  /** What an epoch is called: "term". */
  readonly epochTitle: string;
  /** Behind a role: "of term 3". */
  readonly inEpoch: (epoch: Epoch) => string;
  /** What is decided: "commit 4". */
  readonly decided: (index: LogIndex) => string;
  /** Where a snapshot stands: "at 3@1". */
  readonly snapshot: (meta: SnapshotMeta) => string;
  readonly hardState: (state: Uint8Array) => string;
  /** What a leader knows of another member, up to what comes next for it. */
  readonly holds: (progress: FollowerProgress) => string;
  readonly message: (message: PeerMessage) => string;
}

export function describeEffect(speech: Speech, id: MemberId, effect: Effect): string {
  const self = nameOf(id);
  switch (effect.kind) {
    case 'write': {
      const records = effect.records.map((record) => describeRecord(speech, record));
      return `${self} writes #${effect.ticket}: ${records.join('; ')}`;
    }
    case 'send': {
      const after = effect.after === 0 ? '' : ` (after #${effect.after})`;
      return `${self}->${nameOf(effect.to)} ${speech.message(effect.message)}${after}`;
    }
    case 'apply':
      return `${self} applies ${effect.entries.map((entry) => entry.index).join(' ')}`;
    case 'readable':
      return `${self} may answer reads ${effect.tokens.join(' ')} at ${effect.index}`;
    case 'readFailed':
      return `${self} fails reads ${effect.tokens.join(' ')}: ${effect.reason}`;
    case 'role': {
      const leader = effect.leader === undefined ? 'nobody' : nameOf(effect.leader);
      return `${self} is ${effect.role} ${speech.inEpoch(effect.epoch)}, led by ${leader}`;
    }
    case 'rejected':
      return `${self} refuses ${effect.payloads.length}: ${effect.reason}`;
    case 'changeRejected':
      return `${self} refuses the change: ${effect.reason}`;
    case 'membership':
      return `${self} is in ${describeMembership(effect.membership)} since ${effect.index}`;
    case 'sendSnapshot':
      return `${self} asks for a snapshot to ${nameOf(effect.to)} at ${effect.atLeast} or later`;
    case 'restore':
      return `${self} restores the snapshot ${speech.snapshot(effect.meta)}`;
  }
}

function describeRecord(speech: Speech, record: LogRecord): string {
  if (record.kind === 'entry') return describeEntry(speech.epoch, record.entry);
  if (record.kind === 'snapshot') return `snapshot ${speech.snapshot(record.meta)}`;
  return speech.hardState(record.state);
}

export function describeEntry(epochName: Speech['epoch'], entry: Entry): string {
  const position = `${entry.index}@${epochName(entry.epoch)}`;
  if (entry.kind === 'noop') return `${position} noop`;
  if (entry.kind === 'membership')
    return `${position} ${describeMembership(decodeMembership(entry.payload))}`;
  return `${position} "${new TextDecoder().decode(entry.payload)}"`;
}

function describeMembership(membership: Membership): string {
  const names = (ids: readonly MemberId[]): string => ids.map(nameOf).join(' ');
  const { voters, outgoingVoters, learners, learnersNext, quorum } = membership;
  let text = `voters(${names(voters)})`;
  if (outgoingVoters.length > 0) text += ` and(${names(outgoingVoters)})`;
  if (learners.length > 0) text += ` learners(${names(learners)})`;
  if (learnersNext.length > 0) text += ` learnersNext(${names(learnersNext)})`;
  if (quorum !== undefined) text += ` quorums(${quorum.phase1} ${quorum.phase2})`;
  return text;
}

export function describeParcel(speech: Speech, parcel: Parcel): string {
  const link = `${nameOf(parcel.from)}->${nameOf(parcel.to)}`;
  return parcel.kind === 'snapshot' ? `${link} snapshot` : `${link} ${speech.message(parcel.message)}`;
}
