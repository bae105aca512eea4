/**
 * How a leader appends and sends: entries through each follower's window, heartbeats, commit notices. Never waits for
 * its own disk (Raft thesis §10.2.1), and never decides what is committed.
 */
import type { Entry, EntryKind } from '../core/entry.ts';
import { entryBytes } from '../core/entry.ts';
import { type LogIndex, logIndex } from '../core/numbers.ts';
import { entryAppended } from './membership-in-force.ts';
import type { Append } from './messages.ts';
import type { Progress } from './progress.ts';
import type { LeaderRole } from './role-state.ts';
import type { RaftState } from './state.ts';

const NO_ENTRIES: readonly Entry[] = [];

/** Appends to the leader's own log and asks for the write. All payloads of one call share that write. */
export function appendOwn(
  state: RaftState,
  leader: LeaderRole,
  kind: EntryKind,
  payloads: readonly Uint8Array[],
): void {
  for (const payload of payloads) {
    const entry: Entry = { index: logIndex(state.log.lastIndex + 1), epoch: state.term, kind, payload };
    state.log.append(entry);
    leader.uncommittedBytes += entryBytes(entry);
    state.outbox.writeLog({ kind: 'entry', entry });
    entryAppended(state, entry);
  }
  state.writes.began(state.outbox.logTicket, state.log.lastIndex);
}

/** Sends every follower what it lacks, as far as its window lets. */
export function replicateToAll(state: RaftState, leader: LeaderRole): void {
  for (const progress of leader.progress.values())
    if (progress.id !== state.id) replicateTo(state, leader, progress);
}

export function replicateTo(state: RaftState, leader: LeaderRole, progress: Progress): void {
  while (!progress.paused && progress.nextIndex <= state.log.lastIndex)
    if (!sendAppend(state, leader, progress)) return;
}

/** Sends one append, without entries if there are none to send: then it asks whether the follower has what was sent. */
export function sendAppend(state: RaftState, leader: LeaderRole, progress: Progress): boolean {
  const prevIndex = logIndex(progress.nextIndex - 1);
  const prevEpoch = state.log.epochAt(prevIndex);
  if (prevEpoch === undefined) {
    askForSnapshot(state, progress);
    return false;
  }
  const slice = readWindow(state, progress);
  const entries = slice?.entries ?? NO_ENTRIES;
  const message = sharedAppend(leader, {
    kind: 'append',
    term: state.term,
    prevIndex,
    prevEpoch,
    commitIndex: state.commitIndex,
    entries,
  });
  state.outbox.send(progress.id, message);
  const lastSent = logIndex(prevIndex + entries.length);
  noteCommitSent(progress, logIndex(Math.min(state.commitIndex, lastSent)));
  if (progress.state === 'probe') progress.probeSent = true;
  else if (slice !== undefined) {
    progress.nextIndex = logIndex(lastSent + 1);
    progress.inflights.add(lastSent, slice.bytes);
  }
  return true;
}

function readWindow(state: RaftState, progress: Progress) {
  const { appendBytesMax } = state.settings.limits;
  if (progress.nextIndex > state.log.lastIndex || progress.inflights.full) return undefined;
  const room = progress.state === 'replicate' ? progress.inflights.roomBytes : appendBytesMax;
  return state.log.read(
    progress.nextIndex,
    logIndex(state.log.lastIndex + 1),
    Math.min(room, appendBytesMax),
  );
}

function sharedAppend(leader: LeaderRole, message: Append): Append {
  const newest = leader.newestAppend;
  if (
    newest !== undefined &&
    newest.entries === message.entries &&
    newest.prevIndex === message.prevIndex &&
    newest.commitIndex === message.commitIndex
  )
    return newest;
  leader.newestAppend = message;
  return message;
}

function noteCommitSent(progress: Progress, index: LogIndex): void {
  if (index > progress.commitSent) progress.commitSent = index;
}

/** The follower needs what is trimmed. One that is silent gets no snapshot until it is heard of. */
function askForSnapshot(state: RaftState, progress: Progress): void {
  if (!progress.recentlyActive) return;
  const term = state.term;
  progress.becomeSnapshot(state.log.trimmedIndex);
  state.outbox.push({
    kind: 'sendSnapshot',
    to: progress.id,
    atLeast: state.log.trimmedIndex,
    install: (meta) => ({ kind: 'installSnapshot', term, meta }),
  });
}

/** A heartbeat to everyone; it carries the newest read round. */
export function sendHeartbeats(state: RaftState, leader: LeaderRole): void {
  for (const progress of leader.progress.values()) {
    if (progress.id === state.id) continue;
    const commitIndex = knownCommit(state, progress);
    noteCommitSent(progress, commitIndex);
    state.outbox.send(progress.id, {
      kind: 'heartbeat',
      term: state.term,
      commitIndex,
      readRound: state.readRound,
    });
  }
}

/** The commit index as far as this follower is known to hold the log (pitfall 13). */
function knownCommit(state: RaftState, progress: Progress): LogIndex {
  return logIndex(Math.min(progress.matchIndex, state.commitIndex));
}

/**
 * Tells a follower of a risen commit index when nothing is on its way to it; otherwise the next append or heartbeat
 * does. So an idle cluster applies soon everywhere, and a busy one sends nothing extra.
 */
export function sendCommitNotice(state: RaftState, progress: Progress): void {
  if (progress.state !== 'replicate' || progress.inflights.count > 0) return;
  const commitIndex = knownCommit(state, progress);
  if (commitIndex <= progress.commitSent) return;
  progress.commitSent = commitIndex;
  state.outbox.send(progress.id, { kind: 'commitNotice', term: state.term, commitIndex });
}

export function sendCommitNotices(state: RaftState, leader: LeaderRole): void {
  for (const progress of leader.progress.values())
    if (progress.id !== state.id) sendCommitNotice(state, progress);
}
