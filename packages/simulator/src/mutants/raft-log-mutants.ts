/** Bugs planted in Raft's log: what is cut, counted, answered, and which membership may be appended. */
import { encodeMembership, type LogIndex, logIndex, majoritySize, quorumValue } from '@synod/consensus';
import { commitUpTo } from '@synod/consensus/raft/commit.ts';
import { firstStep } from '@synod/consensus/raft/membership-change.ts';
import { logTruncated } from '@synod/consensus/raft/membership-in-force.ts';
import { appendOwn, replicateToAll } from '@synod/consensus/raft/replicate.ts';
import { uncommittedBytes } from '@synod/consensus/raft/transitions.ts';
import type { Mutant } from './mutant.ts';
import { afterEachStep, insteadOfInput, insteadOfMessage } from './raft-patches.ts';

export const RAFT_LOG_MUTANTS: readonly Mutant[] = [
  {
    name: 'change-before-own-term-commit',
    of: 'pitfall 1',
    what: 'a leader changes the membership before an entry of its own term is committed',
    protocol: 'raft',
    core: insteadOfInput(({ state }, input) => {
      const { role, memberships, commitIndex } = state;
      const { membership, index } = memberships.latest;
      if (input.kind !== 'changeMembership' || role.kind !== 'leader' || index > commitIndex) return input;
      if (membership.outgoingVoters.length > 0 || input.change.voters.length === 0) return input;
      const next = firstStep(membership, [...input.change.voters].sort(), []);
      appendOwn(state, role, 'membership', [encodeMembership(next)]);
      replicateToAll(state, role);
      state.outbox.endStep();
      return undefined;
    }),
  },
  {
    name: 'truncation-without-conflict',
    of: 'pitfall 14',
    what: 'an append cuts the log behind what it brings, though nothing conflicts',
    protocol: 'raft',
    core: insteadOfMessage('append', ({ state }, message) => {
      const after = message.prevIndex + message.entries.length + 1;
      const { log, commitIndex } = state;
      const isVerified = message.term === state.term && log.matches(message.prevIndex, message.prevEpoch);
      if (state.role.kind !== 'follower' || !isVerified || after <= commitIndex + 1 || after > log.lastIndex)
        return message;
      log.truncateFrom(logIndex(after));
      state.writes.truncatedFrom(logIndex(after));
      logTruncated(state, logIndex(after));
      return message;
    }),
  },
  {
    name: 'failed-read-answered',
    of: 'pitfall 21',
    what: 'reads that wait when the leader changes are answered all the same',
    protocol: 'raft',
    core: (core) => {
      const drain = core.drain.bind(core);
      core.drain = () =>
        drain().map((effect) =>
          effect.kind === 'readFailed'
            ? { kind: 'readable', tokens: effect.tokens, index: core.status().commitIndex }
            : effect,
        );
    },
  },
  {
    name: 'apply-races-a-snapshot',
    of: 'pitfall 27',
    what: 'nothing waits for a snapshot that is being restored, another snapshot included',
    protocol: 'raft',
    core: afterEachStep(({ state }) => {
      state.restoringIndex = undefined;
    }),
  },
  {
    name: 'removed-leader-counts-itself',
    of: 'pitfall 32',
    what: 'a leader without a vote counts its own log as that of a voter',
    protocol: 'raft',
    core: afterEachStep(({ state }) => {
      const { role, memberships, selfIsVoter } = state;
      if (role.kind !== 'leader' || selfIsVoter) return;
      const { voters } = memberships.latest.membership;
      const held = quorumValue([...voters, state.id], role.matchOf, majoritySize(voters.length));
      if (held <= state.commitIndex || state.log.epochAt(held as LogIndex) !== state.term) return;
      commitUpTo(state, logIndex(held));
      role.uncommittedBytes = uncommittedBytes(state);
    }),
  },
  {
    name: 'quorum-of-one-skips-the-disk',
    of: 'pitfall 39',
    what: 'a lone voter commits what it has not written yet',
    protocol: 'raft',
    core: afterEachStep(({ state }) => {
      const { role, memberships } = state;
      if (role.kind !== 'leader' || memberships.latest.membership.voters.length > 1) return;
      commitUpTo(state, state.log.lastIndex);
      role.uncommittedBytes = 0;
    }),
  },
];
