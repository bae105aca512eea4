/** The words of Paxos in transcripts: what its ballots, records and messages are called, and the commands that only it has. */
import type { Entry } from '../../src/core/entry.ts';
import { ballotTag } from '../../src/paxos/ballot.ts';
import { decodeHardState } from '../../src/paxos/hard-state.ts';
import type { PaxosMessage } from '../../src/paxos/messages.ts';
import type { PaxosCore } from '../../src/paxos/paxos-core.ts';
import { forEachParcel, type Run, type TranscriptProtocol } from '../harness/cluster-transcript.ts';
import { idOf, nameOf } from '../harness/member-names.ts';
import { describeEntry, type Speech } from '../harness/speech.ts';
import { memberIn, picks, thereAre } from '../harness/transcript-words.ts';
import { Cluster } from './cluster.ts';

const PAXOS_SPEECH: Speech = {
  epoch: ballotName,
  epochTitle: 'ballot',
  inEpoch: (ballot) => `at ${ballotName(ballot)}`,
  decided: (index) => `chosen up to ${index}`,
  snapshot: ({ index }) => `up to ${index}`,
  hardState: (state) => {
    const { promised, owner, chosenUpTo } = decodeHardState(state);
    const whom = owner === undefined ? '' : ` to ${nameOf(owner)}`;
    return `promised ${ballotName(promised)}${whom}, chosen up to ${chosenUpTo}`;
  },
  holds: ({ matchIndex }) => `holds up to ${matchIndex}`,
  message: (message) => describeMessage(message as PaxosMessage),
};

export const PAXOS_TRANSCRIPTS: TranscriptProtocol<PaxosCore> = {
  newCluster: (options) => new Cluster(options),
  speech: PAXOS_SPEECH,
  hidden: ['poll', 'pollReply'],
  words: {
    stand,
    slots: ({ cluster, out }, [who]) => {
      const { slots, commitIndex } = cluster.member(memberIn(who)).core.state;
      out.push(`trimmed ${slots.trimmedIndex}, chosen up to ${commitIndex}`);
      for (let slot = slots.trimmedIndex + 1; slot <= slots.lastIndex; slot++) {
        const entry = slots.at(slot);
        out.push(entry === undefined ? `${slot} is empty` : describeEntry(ballotName, entry));
      }
    },
    /** Shows polls and their answers from here on. */
    polls: ({ hidden }) => hidden.clear(),
  },
};

/** A whole round of asking, answered by everyone, out of sight; then its end. */
function stand(run: Run<PaxosCore>, [who, ...words]: readonly string[]): void {
  const { cluster } = run;
  const id = memberIn(who);
  const isThere = thereAre(words);
  run.silent = true;
  const { poll } = cluster.member(id).core.state;
  while (poll.elapsedTicks < poll.deadlineTicks) {
    cluster.step(id, { kind: 'tick' });
    for (const kind of ['poll', 'pollReply'])
      forEachParcel(run, picks([kind]), (at) => {
        const { from, to } = cluster.network[at]!;
        if (isThere(from) && isThere(to)) cluster.deliver(at);
        else cluster.drop(at);
      });
  }
  run.silent = false;
  cluster.step(id, { kind: 'tick' });
}

/** Whose tag it is, over a few lives of the members that transcripts use. */
const TAGS = new Map<number, string>();
for (let name = 1; name <= 9; name++)
  for (let life = 1; life <= 4; life++) TAGS.set(ballotTag(idOf(name), life), 'abcdefghi'[name - 1]!);

/** A ballot by its round and, as a letter, by whose tag it has: tags are numbers that say nothing to a reader. */
function ballotName(ballot: number): string {
  if (ballot === 0) return 'no ballot';
  const round = Math.floor(ballot / 2 ** 16);
  const owner = TAGS.get(ballot % 2 ** 16);
  return `${round}.${owner ?? '?'}`;
}

/** What a message says, in the words of Paxos. */
function describeMessage(message: PaxosMessage): string {
  const { kind } = message;
  const entries = (list: readonly Entry[]): string =>
    `[${list.map((entry) => describeEntry(ballotName, entry)).join(', ')}]`;
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
