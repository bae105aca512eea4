/**
 * Runs a transcript: lines that start with `>` are commands to a cluster, the lines below each are what came of it.
 * The vocabulary is listed in WORDS; transcripts/election.txt explains the output. Checks nothing itself.
 */
import assert from 'node:assert/strict';
import type { Effect, LogRecord } from '../../src/core/effects.ts';
import type { Entry } from '../../src/core/entry.ts';
import type { Membership } from '../../src/core/membership.ts';
import { decodeMembership } from '../../src/core/membership-codec.ts';
import { logIndex, type MemberId } from '../../src/core/numbers.ts';
import { decodeHardState } from '../../src/raft/hard-state.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import { Cluster, idOf, nameOf, type Parcel } from './cluster.ts';

type Word = (run: Run, words: readonly string[]) => void;

interface Run {
  cluster: Cluster;
  out: string[];
  silent: boolean;
}

const number = (word: string | undefined, otherwise?: number): number => {
  const value = word === undefined ? otherwise : Number(word);
  assert.ok(value !== undefined && Number.isFinite(value), `${word} is a number`);
  return value;
};

const member = (word: string | undefined): MemberId => {
  assert.ok(word !== undefined, 'a member is named');
  return idOf(word);
};

/** "key=a,b" among the words. */
function option(words: readonly string[], key: string): string[] | undefined {
  const found = words.find((word) => word.startsWith(`${key}=`));
  return found
    ?.slice(key.length + 1)
    .split(',')
    .filter((part) => part !== '');
}

const count = (words: readonly string[], key: string): number[] =>
  (option(words, key) ?? []).map((word) => number(word));

/** Words that pick parcels: "1->2", a message kind, both or none (all that is in the network now). */
function picks(words: readonly string[]): (parcel: Parcel) => boolean {
  const link = words.find((word) => word.includes('->'))?.split('->');
  const kind = words.find((word) => !word.includes('->'));
  return (parcel) => {
    if (link !== undefined && (nameOf(parcel.from) !== link[0] || nameOf(parcel.to) !== link[1]))
      return false;
    if (kind === undefined) return true;
    return parcel.kind === 'snapshot' ? kind === 'snapshot' : parcel.message.kind === kind;
  };
}

/** Does something to every parcel that is picked and in the network now; what it leads to waits. */
function forEachParcel(run: Run, words: readonly string[], act: (at: number) => void): void {
  const picked = run.cluster.network.filter(picks(words));
  assert.ok(picked.length > 0, 'something is picked');
  for (const parcel of picked) act(run.cluster.network.indexOf(parcel));
}

/** The whole vocabulary. */
export const WORDS: Readonly<Record<string, Word>> = {
  cluster: (run, words) => {
    const voters = Array.from({ length: number(words[0]) }, (_, i) => i + 1);
    const limits = Object.fromEntries(
      (option(words, 'limits') ?? []).map((pair) => [pair.split(':')[0], Number(pair.split(':')[1])]),
    );
    run.cluster = new Cluster({
      voters,
      learners: count(words, 'learners'),
      spares: count(words, 'spares'),
      random: () => 0.5,
      electionTimeoutTicks: 5,
      preVote: !words.includes('noPreVote'),
      limits,
      onEffect: (id, effect) => {
        if (!run.silent) run.out.push(...describeEffect(id, effect));
      },
    });
  },
  campaign: (run, [who]) => {
    const { state } = run.cluster.member(member(who)).core;
    while (state.electionElapsedTicks < state.electionDeadlineTicks - 1)
      run.cluster.step(member(who), { kind: 'tick' });
    run.cluster.step(member(who), { kind: 'tick' });
  },
  tick: (run, [who, times]) => {
    for (let i = 0; i < number(times, 1); i++) run.cluster.step(member(who), { kind: 'tick' });
  },
  propose: (run, [who, ...texts]) => {
    const payloads = texts.map((text) => new TextEncoder().encode(text));
    run.cluster.step(member(who), { kind: 'propose', payloads });
  },
  durable: (run, [who, writes]) =>
    run.cluster.durable(member(who), writes === undefined ? undefined : number(writes)),
  deliver: (run, words) => forEachParcel(run, words, (at) => run.cluster.deliver(at)),
  repeat: (run, words) => forEachParcel(run, words, (at) => run.cluster.deliver(at, true)),
  drop: (run, words) => forEachParcel(run, words, (at) => run.cluster.drop(at)),
  settle: (run, words) => {
    const without = option(words, 'without') ?? [];
    const there = (id: MemberId): boolean => !without.includes(nameOf(id));
    if (!words.includes('aloud')) run.silent = true;
    run.cluster.network = run.cluster.network.filter(({ from, to }) => there(from) && there(to));
    run.cluster.settle((from, to) => there(from) && there(to));
    run.cluster.network = [];
    run.silent = false;
  },
  read: (run, [who]) => {
    run.cluster.read(member(who));
  },
  transfer: (run, [who, to]) => run.cluster.step(member(who), { kind: 'transferLeadership', to: member(to) }),
  change: (run, [who, ...words]) =>
    run.cluster.step(member(who), {
      kind: 'changeMembership',
      change: {
        voters: count(words, 'voters').map(idOf),
        learners: count(words, 'learners').map(idOf),
      },
    }),
  crash: (run, [who]) => run.cluster.crash(member(who)),
  restart: (run, [who]) => run.cluster.restart(member(who)),
  trim: (run, [who, index]) => run.cluster.trim(member(who), logIndex(number(index))),
  stall: (run, [who]) => run.cluster.step(member(who), { kind: 'stalled' }),
  unreachable: (run, [who, peer]) =>
    run.cluster.step(member(who), { kind: 'unreachable', peer: member(peer) }),
  state: (run) => {
    for (const { id, core, alive } of run.cluster.members.values()) {
      const { role, epoch, leader, commitIndex, lastIndex } = core.status();
      const following = leader === undefined ? 'no leader' : `leader ${nameOf(leader)}`;
      const text = alive
        ? `${role}, term ${epoch}, ${following}, commit ${commitIndex}, last ${lastIndex}`
        : 'down';
      run.out.push(`${nameOf(id)}: ${text}`);
    }
  },
  log: (run, [who]) => {
    const { log } = run.cluster.member(member(who)).core.state;
    run.out.push(`trimmed ${log.trimmedIndex}@${log.trimmedEpoch}`);
    for (let index = log.trimmedIndex + 1; index <= log.lastIndex; index++)
      run.out.push(describeEntry(log.entryAt(logIndex(index))!));
  },
  progress: (run, [who]) => {
    for (const view of run.cluster.member(member(who)).core.status().progress)
      run.out.push(
        `${nameOf(view.id)}: ${view.state}, match ${view.matchIndex}, next ${view.nextIndex}, ` +
          `in flight ${view.inflightMessages} (${view.inflightBytes} bytes)`,
      );
  },
  network: (run) => {
    for (const parcel of run.cluster.network) run.out.push(describeParcel(parcel));
  },
};

/** The transcript as it should read now. */
export function runTranscript(text: string): string {
  const run = { out: [] as string[], silent: false } as unknown as Run;
  const written: string[] = [];
  let inOutput = false;
  for (const line of text.split('\n')) {
    if (!line.startsWith('>')) {
      // What stands under a command is output, and is written anew; a blank line ends it.
      if (line === '') inOutput = false;
      if (!inOutput) written.push(line);
      continue;
    }
    const [word = '', ...words] = line.slice(1).trim().split(/\s+/);
    const act = WORDS[word];
    assert.ok(act !== undefined, `"${word}" is one of ${Object.keys(WORDS).join(', ')}`);
    run.out = [];
    act(run, words);
    // Applying is the owner's business and takes no time here.
    for (const id of run.cluster.members.keys()) run.cluster.applied(id);
    written.push(line, ...run.out.map((output) => `  ${output}`));
    inOutput = true;
  }
  return written.join('\n');
}

function describeEffect(id: MemberId, effect: Effect): string[] {
  const self = nameOf(id);
  switch (effect.kind) {
    case 'write':
      return [`${self} writes #${effect.ticket}: ${effect.records.map(describeRecord).join('; ')}`];
    case 'send': {
      const after = effect.after === 0 ? '' : ` (after #${effect.after})`;
      return [`${self}->${nameOf(effect.to)} ${describeMessage(effect.message as RaftMessage)}${after}`];
    }
    case 'apply':
      return [`${self} applies ${effect.entries.map((entry) => entry.index).join(' ')}`];
    case 'readable':
      return [`${self} may answer reads ${effect.tokens.join(' ')} at ${effect.index}`];
    case 'readFailed':
      return [`${self} fails reads ${effect.tokens.join(' ')}: ${effect.reason}`];
    case 'role': {
      const leader = effect.leader === undefined ? 'nobody' : nameOf(effect.leader);
      return [`${self} is ${effect.role} of term ${effect.epoch}, led by ${leader}`];
    }
    case 'rejected':
      return [`${self} refuses ${effect.payloads.length}: ${effect.reason}`];
    case 'changeRejected':
      return [`${self} refuses the change: ${effect.reason}`];
    case 'membership':
      return [`${self} is in ${describeMembership(effect.membership)} since ${effect.index}`];
    case 'sendSnapshot':
      return [`${self} asks for a snapshot to ${nameOf(effect.to)} at ${effect.atLeast} or later`];
    case 'abandonSnapshots':
      return [];
    case 'restore':
      return [`${self} restores the snapshot at ${effect.meta.index}@${effect.meta.epoch}`];
  }
}

function describeRecord(record: LogRecord): string {
  if (record.kind === 'entry') return describeEntry(record.entry);
  if (record.kind === 'snapshot') return `snapshot ${record.meta.index}@${record.meta.epoch}`;
  const { term, vote } = decodeHardState(record.state);
  return vote === undefined ? `term ${term}` : `term ${term} vote ${nameOf(vote)}`;
}

function describeEntry(entry: Entry): string {
  const position = `${entry.index}@${entry.epoch}`;
  if (entry.kind === 'noop') return `${position} noop`;
  if (entry.kind === 'membership')
    return `${position} ${describeMembership(decodeMembership(entry.payload))}`;
  return `${position} "${new TextDecoder().decode(entry.payload)}"`;
}

function describeMembership(membership: Membership): string {
  const names = (ids: readonly MemberId[]): string => ids.map(nameOf).join(' ');
  let text = `voters(${names(membership.voters)})`;
  if (membership.outgoingVoters.length > 0) text += ` and(${names(membership.outgoingVoters)})`;
  if (membership.learners.length > 0) text += ` learners(${names(membership.learners)})`;
  if (membership.learnersNext.length > 0) text += ` learnersNext(${names(membership.learnersNext)})`;
  return text;
}

function describeParcel(parcel: Parcel): string {
  const link = `${nameOf(parcel.from)}->${nameOf(parcel.to)}`;
  return parcel.kind === 'snapshot' ? `${link} snapshot` : `${link} ${describeMessage(parcel.message)}`;
}

function describeMessage(message: RaftMessage): string {
  const head = `${message.kind} term ${message.term}`;
  switch (message.kind) {
    case 'preVoteRequest':
      return `${head} last ${message.lastIndex}@${message.lastEpoch}`;
    case 'voteRequest':
      return `${head} last ${message.lastIndex}@${message.lastEpoch}${message.transfer ? ' transfer' : ''}`;
    case 'preVoteResponse':
    case 'voteResponse':
      return `${head} ${message.granted ? 'granted' : 'refused'}`;
    case 'append': {
      const entries = message.entries.map(describeEntry).join(', ');
      return `${head} after ${message.prevIndex}@${message.prevEpoch} commit ${message.commitIndex} [${entries}]`;
    }
    case 'appendResponse':
      return `${head} match ${message.matchIndex}`;
    case 'appendRejected':
      return `${head} not ${message.rejectedIndex}, try ${message.hintIndex}@${message.hintEpoch}`;
    case 'heartbeat':
      return `${head} commit ${message.commitIndex} round ${message.readRound}`;
    case 'heartbeatResponse':
      return `${head} round ${message.readRound}`;
    case 'commitNotice':
      return `${head} commit ${message.commitIndex}`;
    case 'installSnapshot':
      return `${head} at ${message.meta.index}@${message.meta.epoch}`;
    case 'readRequest':
      return `${head} request ${message.request}`;
    case 'readResponse':
      return `${head} request ${message.request} at ${message.readIndex}`;
    case 'timeoutNow':
    case 'newerTerm':
      return head;
  }
}
