/** Bugs planted in Raft's elections: who votes, whose membership is asked, what is learned from an answer. */
import { receiveVote } from '@synod/consensus/raft/election.ts';
import type { Mutant } from './mutant.ts';
import { afterEachStep, insteadOfMessage } from './raft-patches.ts';

export const RAFT_ELECTION_MUTANTS: readonly Mutant[] = [
  {
    name: 'campaign-by-committed-membership',
    of: 'pitfall 2',
    what: 'a candidate counts the voters of the last membership that it knows committed',
    protocol: 'raft',
    core: afterEachStep(({ state }) => {
      const { role, memberships, commitIndex } = state;
      if (role.kind !== 'candidate' || memberships.latest.index <= commitIndex) return;
      const { voters } = memberships.at(commitIndex);
      if (2 * voters.filter((id) => role.votes.get(id) === true).length <= voters.length) return;
      const { voters: incoming, outgoingVoters } = memberships.latest.membership;
      for (const id of [...incoming, ...outgoingVoters]) role.votes.set(id, true);
      receiveVote(state, state.id, { granted: true, fresherLog: undefined });
      state.outbox.endStep();
    }),
  },
  {
    name: 'learner-refuses-to-vote',
    of: 'pitfall 3',
    what: 'who does not know of a vote of its own does not answer whoever does',
    protocol: 'raft',
    core: insteadOfMessage('voteRequest', ({ state }, message) => (state.selfIsVoter ? message : undefined)),
  },
  {
    name: 'pre-vote-hides-the-term',
    of: 'pitfall 7',
    what: 'who lags in its term does not learn the newer one from the answers to its pre-vote',
    protocol: 'raft',
    core: insteadOfMessage('preVoteResponse', ({ state }, message) =>
      message.term > state.term ? undefined : message,
    ),
  },
];
