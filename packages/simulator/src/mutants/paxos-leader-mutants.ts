/** Bugs planted in leaders of Multi-Paxos: what they take for chosen, whom they answer, how they change memberships. */
import { type Entry, logIndex, type PaxosCore, quorumOf } from '@synod/consensus';
import { advanceCommit } from '@synod/consensus/paxos/leader-commit.ts';
import { commitUpTo } from '@synod/consensus/paxos/learner.ts';
import { sendHeartbeats } from '@synod/consensus/paxos/replicate.ts';
import type { LeaderRole } from '@synod/consensus/paxos/role-state.ts';
import type { PaxosState } from '@synod/consensus/paxos/state.ts';
import type { Mutant } from './mutant.ts';
import {
  afterEachStep,
  insteadOfInput,
  insteadOfMessage,
  insteadOfSend,
  insteadOfStep,
} from './paxos-patches.ts';

/** Something happens right after each step of a leader. */
function afterEachStepOfLeaders(act: (state: PaxosState, leader: LeaderRole, core: PaxosCore) => void) {
  return afterEachStep((core) => {
    const { state } = core;
    if (state.role.kind !== 'leader') return;
    act(state, state.role, core);
    state.outbox.endStep();
  });
}

/** The next slot is chosen as soon as so many of these members have acknowledged it. */
function commitOn(state: PaxosState, leader: LeaderRole, members: readonly string[], needed: number): void {
  const slot = state.commitIndex + 1;
  if (slot >= leader.nextSlot || leader.stopSlot?.slot === slot) return;
  if (members.filter((id) => leader.peers.get(id as never)?.acked.has(slot) === true).length < needed) return;
  commitUpTo(state, logIndex(slot));
}

export const PAXOS_LEADER_MUTANTS: readonly Mutant[] = [
  {
    name: 'phase-2-quorum-one-short',
    of: 'P8',
    what: 'a value is taken for chosen with one acceptance too few',
    protocol: 'paxos',
    core: afterEachStepOfLeaders((state, leader) => {
      const { membership } = state.memberships.latest;
      commitOn(state, leader, membership.voters, quorumOf(membership).phase2 - 1);
    }),
  },
  {
    name: 'learners-counted',
    of: 'R16: learners counted',
    what: 'what a learner holds counts in phase 2',
    protocol: 'paxos',
    core: afterEachStepOfLeaders((state, leader) => {
      const { membership } = state.memberships.latest;
      commitOn(state, leader, [...membership.voters, ...membership.learners], quorumOf(membership).phase2);
    }),
  },
  {
    name: 'own-acceptance-before-durable',
    of: 'P5: the leader’s own acknowledgement waits for its own write',
    what: 'a leader counts itself before its own disk has the value',
    protocol: 'paxos',
    core: afterEachStepOfLeaders((state, leader) => {
      leader.peers.get(state.id)?.acked.add(state.commitIndex + 1, leader.nextSlot - 1);
      advanceCommit(state, leader);
    }),
  },
  {
    name: 'commit-before-quorum',
    of: 'P8',
    what: 'heartbeats say that everything proposed is chosen',
    protocol: 'paxos',
    core: insteadOfSend('heartbeat', ({ state }, message) => ({
      message: { ...message, commitIndex: state.slots.lastIndex },
    })),
  },
  {
    name: 'two-values-at-one-ballot',
    of: 'P2',
    what: 'one acceptor is sent another value than the others',
    protocol: 'paxos',
    core: insteadOfSend('accept', ({ state }, message, { to }) => {
      if (to !== state.memberships.latest.membership.voters[0]) return {};
      const empty = (entry: Entry): Entry => ({ ...entry, kind: 'noop', payload: new Uint8Array(0) });
      return { message: { ...message, entries: message.entries.map(empty) } };
    }),
  },
  {
    name: 'unbounded-window',
    of: 'P11: an unbounded window',
    what: 'a leader proposes however far above what is chosen',
    protocol: 'paxos',
    core: (core) => {
      const { state } = core as unknown as { state: { settings: { limits: { windowSlotsMax: number } } } };
      state.settings.limits = { ...state.settings.limits, windowSlotsMax: 1_000_000 };
    },
  },
  {
    name: 'lost-accepts-stay-lost',
    of: 'R21',
    what: 'an Accept that was lost is not sent again',
    protocol: 'paxos',
    core: insteadOfInput(({ state }, input) => {
      if (input.kind === 'tick' && state.role.kind === 'leader')
        for (const { inflight } of state.role.peers.values())
          for (const sending of inflight) sending.ageTicks = -1;
      return input;
    }),
  },
  {
    name: 'slots-above-a-stop-slot',
    of: 'P13: pipelined slots above a membership change',
    what: 'a leader goes on proposing above a membership that is not chosen',
    protocol: 'paxos',
    core: insteadOfStep(({ state }, input, step) => {
      const { role } = state;
      const stopSlot = role.kind === 'leader' ? role.stopSlot : undefined;
      if (role.kind !== 'leader' || input.kind !== 'propose') return step();
      role.stopSlot = undefined;
      step();
      role.stopSlot = stopSlot;
    }),
  },
  {
    name: 'retirement-too-early',
    of: 'P17',
    what: 'a membership is taken for chosen before the new voters hold what is below it',
    protocol: 'paxos',
    core: afterEachStepOfLeaders((state, leader) => {
      const { stopSlot } = leader;
      if (stopSlot === undefined || stopSlot.slot !== state.commitIndex + 1) return;
      leader.stopSlot = undefined;
      advanceCommit(state, leader);
      if (state.role === leader && state.commitIndex < stopSlot.slot) leader.stopSlot = stopSlot;
    }),
  },
  {
    name: 'removed-told-at-once',
    of: 'P17: retirement skipped',
    what: 'members that a change removed are told of it and given up at once',
    protocol: 'paxos',
    core: afterEachStepOfLeaders((state, leader) => {
      const { retirement } = leader;
      if (retirement === undefined) return;
      leader.retirement = undefined;
      for (const id of retirement.members) {
        state.outbox.send(id, {
          kind: 'commitNotice',
          ballot: state.promised,
          commitIndex: state.commitIndex,
        });
        leader.peers.delete(id);
      }
    }),
  },
  {
    name: 'change-known-in-memory-only',
    of: 'P17',
    what: 'that a membership is chosen is said before it would be known after a restart',
    protocol: 'paxos',
    core: (core) => {
      const { state } = core as unknown as { state: PaxosState };
      state.recordMembershipChosen = () => {};
    },
  },
  {
    name: 'leader-reads-alone',
    of: 'P15',
    what: 'a leader answers reads from its own commit index, without asking anybody',
    protocol: 'paxos',
    core: insteadOfInput(({ state }, input) => {
      if (input.kind !== 'read' || state.role.kind !== 'leader') return input;
      state.outbox.push({ kind: 'readable', tokens: [input.token], index: state.commitIndex });
      return undefined;
    }),
  },
  {
    name: 'read-during-recovery',
    of: 'P15: a read served during recovery',
    what: 'a new leader opens read rounds before everything that it recovered is chosen',
    protocol: 'paxos',
    core: afterEachStepOfLeaders((state, leader) => {
      const isRecovering = leader.recovering || state.commitIndex < leader.recoveredTop;
      if (!isRecovering || !leader.reads.wantsRound) return;
      state.readRound++;
      leader.reads.open(state.readRound, state.commitIndex);
      sendHeartbeats(state, leader);
    }),
  },
  {
    name: 'read-one-round-early',
    of: 'P15: reads one round early',
    what: 'the answer to one round of heartbeats confirms the next round too',
    protocol: 'paxos',
    core: insteadOfMessage('heartbeatReply', (_, message) => ({
      ...message,
      readRound: message.readRound + 1,
    })),
  },
  {
    name: 'read-confirmed-by-too-few',
    of: 'P15: a read confirmed by too small a set',
    what: 'a round is confirmed by one voter fewer than meet every phase-1 quorum',
    protocol: 'paxos',
    core: afterEachStepOfLeaders((state, leader) => {
      const { membership } = state.memberships.latest;
      const oldest = leader.reads.openRounds[0];
      if (oldest === undefined) return;
      const confirmed = membership.voters.filter(
        (id) => id === state.id || (leader.peers.get(id)?.confirmedRound ?? 0) >= oldest.round,
      );
      if (confirmed.length < quorumOf(membership).phase2 - 1) return;
      const done = leader.reads.takeConfirmed((round) => round === oldest.round);
      const tokens = done?.own ?? [];
      if (tokens.length > 0) state.outbox.push({ kind: 'readable', tokens, index: oldest.readIndex });
    }),
  },
];
