/** Bugs planted in Raft's catch-up campaign (pitfall 10): in what is asked, in what is taken, and in what is done with it. */
import { type Input, logIndex, NO_TICKET } from '@synod/consensus';
import { takeEntries } from '@synod/consensus/raft/follow.ts';
import { logTruncated } from '@synod/consensus/raft/membership-in-force.ts';
import type { PullRequest, PullResponse } from '@synod/consensus/raft/messages.ts';
import type { RaftState } from '@synod/consensus/raft/state.ts';
import type { Mutant } from './mutant.ts';
import { afterEachStep, insteadOfInput, insteadOfSend, insteadOfStep } from './raft-patches.ts';

function pulledBy(input: Input): PullResponse | undefined {
  if (input.kind !== 'message' || input.message.kind !== 'pullResponse') return undefined;
  return input.message as PullResponse;
}

/** The log behind a position is replaced by other entries, whatever was there. */
function replaceBehind(state: RaftState, { prevIndex, entries }: PullResponse): void {
  const from = logIndex(prevIndex + 1);
  if (from <= state.log.lastIndex) {
    state.log.truncateFrom(from);
    state.writes.truncatedFrom(from);
    logTruncated(state, from);
  }
  takeEntries(state, entries);
}

export const CATCH_UP_MUTANTS: readonly Mutant[] = [
  {
    name: 'pulled-without-matching',
    of: 'pitfall 10',
    what: 'what is pulled is put behind whatever stands there, without comparing terms',
    protocol: 'raft',
    core: insteadOfInput(({ state }, input) => {
      if (input.kind !== 'message') return input;
      const { kind } = input.message;
      if (kind !== 'pullRequest' && kind !== 'pullResponse') return input;
      const message = input.message as PullRequest | PullResponse;
      const prevEpoch = state.log.epochAt(message.prevIndex) ?? message.prevEpoch;
      return { ...input, message: { ...message, prevEpoch } as PullRequest | PullResponse };
    }),
  },
  {
    name: 'pulled-not-written',
    of: 'pitfall 25',
    what: 'what is pulled is in memory only when the vote is asked for',
    protocol: 'raft',
    core: insteadOfStep(({ state }, input, step) => {
      if (pulledBy(input) === undefined) return step();
      const { outbox } = state;
      const { writeLog } = outbox;
      outbox.writeLog = () => outbox.lastTicket;
      step();
      outbox.writeLog = writeLog;
    }),
  },
  {
    name: 'pull-answer-taken-late',
    of: 'pitfall 10',
    what: 'an answer that comes when the campaign is over replaces what the log has by then',
    protocol: 'raft',
    core: insteadOfStep(({ state }, input, step) => {
      const message = pulledBy(input);
      if (message !== undefined && state.role.kind === 'follower' && message.term <= state.term)
        if (state.log.matches(message.prevIndex, message.prevEpoch)) replaceBehind(state, message);
      step();
    }),
  },
  {
    name: 'pulled-vote-before-durable',
    of: 'pitfall 25',
    what: 'who has caught up asks for votes before its own vote, and what it pulled, is durable',
    protocol: 'raft',
    core: (core) => {
      let caughtUp = false;
      afterEachStep((_, input) => {
        if (pulledBy(input) !== undefined) caughtUp = true;
      })(core);
      insteadOfSend('voteRequest', () => (caughtUp ? { after: NO_TICKET } : {}))(core);
    },
  },
];
