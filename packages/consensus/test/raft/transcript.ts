/** Raft's own words in transcripts: what its epochs, records and messages are called, and the commands that only it has. */
import { logIndex } from '../../src/core/numbers.ts';
import { decodeHardState } from '../../src/raft/hard-state.ts';
import type { LogPosition } from '../../src/raft/log.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import type { RaftCore } from '../../src/raft/raft-core.ts';
import type { TranscriptProtocol } from '../harness/cluster-transcript.ts';
import { nameOf } from '../harness/member-names.ts';
import { describeEntry, type Speech } from '../harness/speech.ts';
import { memberIn } from '../harness/transcript-words.ts';
import { Cluster } from './cluster.ts';

const RAFT_SPEECH: Speech = {
  epoch: String,
  epochTitle: 'term',
  inEpoch: (term) => `of term ${term}`,
  decided: (index) => `commit ${index}`,
  snapshot: ({ index, epoch }) => `at ${index}@${epoch}`,
  hardState: (state) => {
    const { term, vote } = decodeHardState(state);
    return vote === undefined ? `term ${term}` : `term ${term} vote ${nameOf(vote)}`;
  },
  holds: ({ state, matchIndex }) => `${state}, match ${matchIndex}`,
  message: (message) => describeMessage(message as RaftMessage),
};

export const RAFT_TRANSCRIPTS: TranscriptProtocol<RaftCore> = {
  newCluster: (options, words) => new Cluster({ ...options, preVote: !words.includes('noPreVote') }),
  speech: RAFT_SPEECH,
  words: {
    /** Ticks until the election timer has run out. */
    campaign: ({ cluster }, [who]) => {
      const { state } = cluster.member(memberIn(who)).core;
      while (state.electionElapsedTicks < state.electionDeadlineTicks - 1)
        cluster.step(memberIn(who), { kind: 'tick' });
      cluster.step(memberIn(who), { kind: 'tick' });
    },
    log: ({ cluster, out }, [who]) => {
      const { log } = cluster.member(memberIn(who)).core.state;
      out.push(`trimmed ${log.trimmedIndex}@${log.trimmedEpoch}`);
      for (let index = log.trimmedIndex + 1; index <= log.lastIndex; index++)
        out.push(describeEntry(String, log.entryAt(logIndex(index))!));
    },
  },
};

function describeFresherLog(end: LogPosition | undefined): string {
  return end === undefined ? '' : `, for its log ends at ${end.index}@${end.epoch}`;
}

/** What a message says, in Raft's words. */
function describeMessage(message: RaftMessage): string {
  const head = `${message.kind} term ${message.term}`;
  switch (message.kind) {
    case 'preVoteRequest':
      return `${head} last ${message.lastIndex}@${message.lastEpoch}`;
    case 'voteRequest':
      return `${head} last ${message.lastIndex}@${message.lastEpoch}${message.transfer ? ' transfer' : ''}`;
    case 'preVoteResponse':
    case 'voteResponse':
      return `${head} ${message.granted ? 'granted' : 'refused'}${describeFresherLog(message.fresherLog)}`;
    case 'pullRequest':
      return `${head} after ${message.prevIndex}@${message.prevEpoch}`;
    case 'pullResponse': {
      const entries = message.entries.map((entry) => describeEntry(String, entry)).join(', ');
      return `${head} after ${message.prevIndex}@${message.prevEpoch} of ${message.lastIndex}@${message.lastEpoch} [${entries}]`;
    }
    case 'pullSnapshot':
      return `${head} at ${message.meta.index}@${message.meta.epoch}`;
    case 'append': {
      const entries = message.entries.map((entry) => describeEntry(String, entry)).join(', ');
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
