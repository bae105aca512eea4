/** Bugs planted in the Raft core: its elections, its commits, its reads, its membership changes. */
import {
  encodeMembership,
  type LogIndex,
  logIndex,
  majoritySize,
  NO_TICKET,
  quorumValue,
  simpleMembership,
} from '@synod/consensus';
import { valueHeldByQuorum } from '@synod/consensus/quorum/membership-quorum.ts';
import { commitUpTo } from '@synod/consensus/raft/commit.ts';
import { decodeHardState, encodeHardState } from '@synod/consensus/raft/hard-state.ts';
import { appendOwn, replicateToAll } from '@synod/consensus/raft/replicate.ts';
import type { RaftState } from '@synod/consensus/raft/state.ts';
import { uncommittedBytes } from '@synod/consensus/raft/transitions.ts';
import type { Mutant } from './mutant.ts';
import { afterEachStep, insteadOfInput, insteadOfSend } from './raft-patches.ts';

function commitAsLeader(state: RaftState, index: number): void {
  if (state.role.kind !== 'leader' || index <= state.commitIndex) return;
  commitUpTo(state, logIndex(index));
  state.role.uncommittedBytes = uncommittedBytes(state);
}

export const RAFT_MUTANTS: readonly Mutant[] = [
  {
    name: 'vote-before-durable',
    of: 'pitfall 25',
    what: 'a vote leaves before it is durable',
    protocol: 'raft',
    core: insteadOfSend('voteResponse', () => ({ after: NO_TICKET })),
  },
  {
    name: 'acknowledgement-before-durable',
    of: 'pitfall 25',
    what: 'an append is acknowledged before it is durable',
    protocol: 'raft',
    core: insteadOfSend('appendResponse', () => ({ after: NO_TICKET })),
  },
  {
    name: 'vote-forgotten-on-step-down',
    of: 'pitfall 17',
    what: 'who steps down within a term votes again in it',
    protocol: 'raft',
    core: afterEachStep(({ state }, input) => {
      if (input.kind === 'message' && state.role.kind === 'follower' && state.vote === state.id)
        state.vote = undefined;
    }),
  },
  {
    name: 'vote-forgotten-at-restart',
    of: 'pitfall 18',
    what: 'the term is read back and the vote is not',
    protocol: 'raft',
    recovered: (found) =>
      found.hardState === undefined
        ? found
        : {
            ...found,
            hardState: encodeHardState({ ...decodeHardState(found.hardState), vote: undefined }),
          },
  },
  {
    name: 'older-terms-counted',
    of: 'pitfall 11',
    what: 'entries of earlier terms are committed by counting',
    protocol: 'raft',
    core: afterEachStep(({ state }) => {
      const { role, memberships } = state;
      if (role.kind === 'leader')
        commitAsLeader(state, valueHeldByQuorum(memberships.latest.membership, role.matchOf));
    }),
  },
  {
    name: 'joint-half-forgotten',
    of: 'pitfall 4',
    what: 'only the new half of a joint membership counts',
    protocol: 'raft',
    core: afterEachStep(({ state }) => {
      const { role, memberships } = state;
      if (role.kind !== 'leader') return;
      const { voters } = memberships.latest.membership;
      const held = quorumValue(voters, role.matchOf, majoritySize(voters.length));
      if (state.log.epochAt(held as LogIndex) === state.term) commitAsLeader(state, held);
    }),
  },
  {
    name: 'commit-beyond-verified',
    of: 'pitfall 12',
    what: 'a follower commits its own last entries, which the message did not verify',
    protocol: 'raft',
    core: afterEachStep(({ state }, input) => {
      if (input.kind !== 'message' || input.message.kind !== 'append' || state.role.kind !== 'follower')
        return;
      const { commitIndex } = input.message as unknown as { commitIndex: number };
      if (state.restoringIndex === undefined)
        commitUpTo(state, logIndex(Math.min(commitIndex, state.log.lastIndex)));
    }),
  },
  {
    name: 'heartbeat-commit-not-capped',
    of: 'pitfall 13',
    what: 'a heartbeat tells the leader’s commit to whoever lags behind it',
    protocol: 'raft',
    core: insteadOfSend('heartbeat', ({ state }, message) => ({
      message: { ...message, commitIndex: state.commitIndex },
    })),
  },
  {
    name: 'rejection-raises-match',
    of: 'pitfall 16',
    what: 'a leader takes a refusal’s hint for an acknowledgement',
    protocol: 'raft',
    core: insteadOfInput((_, input) => {
      if (input.kind !== 'message' || input.message.kind !== 'appendRejected') return input;
      const { term, hintIndex } = input.message as unknown as { term: number; hintIndex: number };
      const message = { kind: 'appendResponse', term, matchIndex: hintIndex };
      return { ...input, message };
    }),
  },
  {
    name: 'late-completion-vouches',
    of: 'pitfall 24',
    what: 'the end of one write is taken for the end of all of them',
    protocol: 'raft',
    core: insteadOfInput(({ state }, input) =>
      input.kind === 'durable' ? { ...input, ticket: state.outbox.lastTicket } : input,
    ),
  },
  {
    name: 'pre-vote-restarts-timer',
    of: 'pitfall 5',
    what: 'a pre-vote request restarts the receiver’s election timer',
    protocol: 'raft',
    core: afterEachStep(({ state }, input) => {
      if (input.kind === 'message' && input.message.kind === 'preVoteRequest') state.electionElapsedTicks = 0;
    }),
  },
  {
    name: 'pre-vote-counts-as-vote',
    of: 'pitfall 6',
    what: 'answers to a pre-vote count in the election',
    protocol: 'raft',
    core: insteadOfInput(({ state }, input) => {
      if (input.kind !== 'message' || input.message.kind !== 'preVoteResponse') return input;
      if (state.role.kind !== 'candidate') return input;
      const { granted } = input.message as unknown as { granted: boolean };
      const message = { kind: 'voteResponse', term: state.term, granted, fresherLog: undefined };
      return { ...input, message };
    }),
  },
  {
    name: 'read-without-quorum',
    of: 'pitfall 19',
    what: 'a leader answers reads from its own commit index, without asking anybody',
    protocol: 'raft',
    core: insteadOfInput(({ state }, input) => {
      if (input.kind !== 'read' || state.role.kind !== 'leader') return input;
      state.outbox.push({ kind: 'readable', tokens: [input.token], index: state.commitIndex });
      return undefined;
    }),
  },
  {
    name: 'read-rounds-reused',
    of: 'pitfall 20',
    what: 'a new leadership numbers its read rounds from the start',
    protocol: 'raft',
    core: afterEachStep(({ state }) => {
      if (state.role.kind !== 'leader') state.readRound = 0;
    }),
  },
  {
    name: 'membership-in-one-step',
    of: 'pitfall 4',
    what: 'any change of membership is made in one step, without the joint one',
    protocol: 'raft',
    core: insteadOfInput(({ state }, input) => {
      const { role, memberships } = state;
      if (input.kind !== 'changeMembership' || role.kind !== 'leader') return input;
      if (memberships.latest.index > state.commitIndex || input.change.voters.length === 0) return input;
      appendOwn(state, role, 'membership', [encodeMembership(simpleMembership(input.change))]);
      replicateToAll(state, role);
      return undefined;
    }),
  },
  {
    name: 'in-flight-leaks',
    of: 'pitfall 36',
    what: 'acknowledgements free nothing of the window',
    protocol: 'raft',
    core: afterEachStep(({ state }) => {
      if (state.role.kind !== 'leader') return;
      for (const { inflights } of state.role.progress.values()) inflights.freeUpTo = () => {};
    }),
  },
  {
    name: 'state-not-counted-on',
    of: 'R21',
    what: 'a restarted leader does not know that what its state machine holds is committed',
    protocol: 'raft',
    recovered: ({ hardState, snapshot, entries }) => ({ hardState, snapshot, entries }),
  },
  {
    name: 'snapshot-without-membership',
    of: 'pitfall 28',
    what: 'a snapshot carries the founding membership, not the one in force',
    protocol: 'raft',
    core: (core) => {
      const founding = core.status().membership;
      const snapshotMeta = core.snapshotMeta.bind(core);
      core.snapshotMeta = (index) => ({ ...snapshotMeta(index), membership: founding });
    },
  },
];
