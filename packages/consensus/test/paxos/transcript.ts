/**
 * Runs a transcript: lines that start with `>` are commands to a cluster, the lines below each are what came of it.
 * The vocabulary is listed in WORDS; transcripts/election.txt explains the output. Checks nothing itself.
 */
import assert from 'node:assert/strict';
import type { Effect, LogRecord } from '../../src/core/effects.ts';
import type { Entry } from '../../src/core/entry.ts';
import type { Membership, QuorumSizes } from '../../src/core/membership.ts';
import { decodeMembership } from '../../src/core/membership-codec.ts';
import { logIndex, type MemberId } from '../../src/core/numbers.ts';
import { ballotTag } from '../../src/paxos/ballot.ts';
import { decodeHardState } from '../../src/paxos/hard-state.ts';
import type { PaxosMessage } from '../../src/paxos/messages.ts';
import { Cluster, idOf, nameOf, type Parcel } from './cluster.ts';

type Word = (run: Run, words: readonly string[]) => void;

interface Run {
  cluster: Cluster;
  out: string[];
  silent: boolean;
  /** Whether polls and their answers are shown; they are many, and seldom the point. */
  polls: boolean;
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

const sizes = (words: readonly string[]): QuorumSizes => {
  const [phase1, phase2] = count(words, 'quorum');
  return { phase1: number(String(phase1)), phase2: number(String(phase2)) };
};

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
      ...(option(words, 'quorum') === undefined ? {} : { quorum: sizes(words) }),
      limits,
      onEffect: (id, effect) => {
        const isPoll =
          effect.kind === 'send' && (effect.message.kind === 'poll' || effect.message.kind === 'pollReply');
        if (!run.silent && (run.polls || !isPoll)) run.out.push(...describeEffect(id, effect));
      },
    });
  },
  stand: (run, [who, ...words]) => {
    // A whole round of asking, answered by everyone, out of sight; then its end.
    const id = member(who);
    const without = option(words, 'without') ?? [];
    const there = ({ from, to }: Parcel): boolean =>
      !without.includes(nameOf(from)) && !without.includes(nameOf(to));
    run.silent = true;
    const { state } = run.cluster.member(id).core;
    while (state.poll.elapsedTicks < state.poll.deadlineTicks) {
      run.cluster.step(id, { kind: 'tick' });
      for (const kind of ['poll', 'pollReply'])
        for (const parcel of run.cluster.network.filter(picks([kind])))
          if (there(parcel)) run.cluster.deliver(run.cluster.network.indexOf(parcel));
          else run.cluster.drop(run.cluster.network.indexOf(parcel));
    }
    run.silent = false;
    run.cluster.step(id, { kind: 'tick' });
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
        ...(option(words, 'quorum') === undefined ? {} : { quorum: sizes(words) }),
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
        ? `${role}, ballot ${ballotName(epoch)}, ${following}, chosen up to ${commitIndex}, last ${lastIndex}`
        : 'down';
      run.out.push(`${nameOf(id)}: ${text}`);
    }
  },
  slots: (run, [who]) => {
    const { slots, commitIndex } = run.cluster.member(member(who)).core.state;
    run.out.push(`trimmed ${slots.trimmedIndex}, chosen up to ${commitIndex}`);
    for (let slot = slots.trimmedIndex + 1; slot <= slots.lastIndex; slot++) {
      const entry = slots.at(slot);
      run.out.push(entry === undefined ? `${slot} is empty` : describeEntry(entry));
    }
  },
  progress: (run, [who]) => {
    for (const view of run.cluster.member(member(who)).core.status().progress)
      run.out.push(
        `${nameOf(view.id)}: holds up to ${view.matchIndex}, next ${view.nextIndex}, ` +
          `in flight ${view.inflightMessages} (${view.inflightBytes} bytes)`,
      );
  },
  network: (run) => {
    for (const parcel of run.cluster.network)
      if (run.polls || !picks(['poll'])(parcel)) run.out.push(describeParcel(parcel));
  },
  polls: (run) => {
    run.polls = true;
  },
};

/** The transcript as it should read now. */
export function runTranscript(text: string): string {
  const run = { out: [] as string[], silent: false, polls: false } as unknown as Run;
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
      return [`${self}->${nameOf(effect.to)} ${describeMessage(effect.message as PaxosMessage)}${after}`];
    }
    case 'apply':
      return [`${self} applies ${effect.entries.map((entry) => entry.index).join(' ')}`];
    case 'readable':
      return [`${self} may answer reads ${effect.tokens.join(' ')} at ${effect.index}`];
    case 'readFailed':
      return [`${self} fails reads ${effect.tokens.join(' ')}: ${effect.reason}`];
    case 'role': {
      const leader = effect.leader === undefined ? 'nobody' : nameOf(effect.leader);
      return [`${self} is ${effect.role} at ${ballotName(effect.epoch)}, led by ${leader}`];
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
      return [`${self} restores the snapshot up to ${effect.meta.index}`];
  }
}

function describeRecord(record: LogRecord): string {
  if (record.kind === 'entry') return describeEntry(record.entry);
  if (record.kind === 'snapshot') return `snapshot up to ${record.meta.index}`;
  const { promised, owner, chosenUpTo } = decodeHardState(record.state);
  const whom = owner === undefined ? '' : ` to ${nameOf(owner)}`;
  return `promised ${ballotName(promised)}${whom}, chosen up to ${chosenUpTo}`;
}

/** A ballot by its round and, as a letter, by whose tag it has: tags are numbers that say nothing to a reader. */
function ballotName(ballot: number): string {
  if (ballot === 0) return 'no ballot';
  const round = Math.floor(ballot / 2 ** 16);
  const owner = TAGS.get(ballot % 2 ** 16);
  return `${round}.${owner ?? '?'}`;
}

/** Whose tag it is, over a few lives of the members that transcripts use. */
const TAGS = new Map<number, string>();
for (let name = 1; name <= 9; name++)
  for (let life = 1; life <= 4; life++) TAGS.set(ballotTag(idOf(name), life), 'abcdefghi'[name - 1]!);

function describeEntry(entry: Entry): string {
  const position = `${entry.index}@${ballotName(entry.epoch)}`;
  if (entry.kind === 'noop') return `${position} noop`;
  if (entry.kind === 'membership')
    return `${position} ${describeMembership(decodeMembership(entry.payload))}`;
  return `${position} "${new TextDecoder().decode(entry.payload)}"`;
}

function describeMembership(membership: Membership): string {
  const names = (ids: readonly MemberId[]): string => ids.map(nameOf).join(' ');
  let text = `voters(${names(membership.voters)})`;
  if (membership.learners.length > 0) text += ` learners(${names(membership.learners)})`;
  if (membership.quorum !== undefined)
    text += ` quorums(${membership.quorum.phase1} ${membership.quorum.phase2})`;
  return text;
}

function describeParcel(parcel: Parcel): string {
  const link = `${nameOf(parcel.from)}->${nameOf(parcel.to)}`;
  return parcel.kind === 'snapshot' ? `${link} snapshot` : `${link} ${describeMessage(parcel.message)}`;
}

function describeMessage(message: PaxosMessage): string {
  const { kind } = message;
  const entries = (list: readonly Entry[]): string => `[${list.map(describeEntry).join(', ')}]`;
  switch (kind) {
    case 'poll':
      return kind;
    case 'pollReply': {
      const mood = message.content ? 'content' : 'not content';
      return `${kind} ${ballotName(message.ballot)} ${mood}, chosen up to ${message.chosenUpTo}`;
    }
    case 'prepare':
      return `${kind} ${ballotName(message.ballot)} from ${message.from}`;
    case 'promise': {
      const unknown = message.unknown.map(({ first, last }) => ` unknown ${first}-${last}`).join('');
      const end = message.more ? `up to ${message.upTo}, more` : 'whole';
      return `${kind} ${ballotName(message.ballot)} from ${message.from} ${end}, chosen up to ${message.chosenUpTo} ${entries(message.entries)}${unknown}`;
    }
    case 'refused':
      return `${kind} ${ballotName(message.ballot)}, promised ${ballotName(message.promised)}`;
    case 'accept':
      return `${kind} ${ballotName(message.ballot)} commit ${message.commitIndex} ${entries(message.entries)}`;
    case 'accepted':
      return `${kind} ${ballotName(message.ballot)} ${message.first}-${message.last}`;
    case 'heartbeat':
      return `${kind} ${ballotName(message.ballot)} commit ${message.commitIndex} round ${message.readRound}`;
    case 'heartbeatReply':
      return `${kind} ${ballotName(message.ballot)} round ${message.readRound}`;
    case 'commitNotice':
      return `${kind} ${ballotName(message.ballot)} commit ${message.commitIndex}`;
    case 'learnRequest':
      return `${kind} from ${message.from}`;
    case 'learnResponse':
      return `${kind} ${entries(message.entries)} chosen up to ${message.chosenUpTo}`;
    case 'learnTrimmed':
      return `${kind} ${message.trimmedIndex}`;
    case 'installSnapshot':
      return `${kind} up to ${message.meta.index}`;
    case 'timeoutNow':
      return `${kind} ${ballotName(message.ballot)}`;
    case 'readRequest':
      return `${kind} request ${message.request}`;
    case 'readResponse':
      return `${kind} request ${message.request} at ${message.readIndex}`;
  }
}
