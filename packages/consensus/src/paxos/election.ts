/**
 * Who shall propose: ballot leader election after Omni-Paxos (Ng, Haridi, Carbone 2023). Every voter asks every other,
 * round after round; an answer proves both directions of a link. A replica takes over only if it is not content, hears
 * nobody who is, and reaches a quorum. How fresh its slots are plays no part: phase 1 brings them. Nothing is passed on
 * about third leaders.
 */
import { unreachable } from '../core/assert.ts';
import type { MemberId } from '../core/numbers.ts';
import { isPhase1Quorum, isPhase2Quorum } from '../quorum/flexible.ts';
import { noteChosenElsewhere } from './learner.ts';
import type { Poll, PollReply } from './messages.ts';
import { campaign } from './proposer.ts';
import type { PaxosState } from './state.ts';
import { setLeader, stepDown } from './transitions.ts';

/** Asked this often in one round, so that one lost message says nothing. */
const POLLS_A_ROUND = 2;

function shortestRoundTicks(state: PaxosState): number {
  return Math.max(2, Math.ceil(state.settings.electionTimeoutTicks / 2));
}

/** Begins a round anew, with a random length: replicas that would stand at once must not do so for ever. */
export function restartRound(state: PaxosState, firstTicks: number = shortestRoundTicks(state)): void {
  const { poll } = state;
  poll.number++;
  poll.replies.clear();
  poll.elapsedTicks = 0;
  poll.deadlineTicks = firstTicks + Math.floor(state.settings.random() * shortestRoundTicks(state));
}

export function tickElection(state: PaxosState): void {
  if (!takesPart(state)) return;
  const { poll } = state;
  const pollEvery = Math.max(1, Math.floor(shortestRoundTicks(state) / POLLS_A_ROUND));
  if (poll.elapsedTicks % pollEvery === 0) askEveryone(state);
  if (++poll.elapsedTicks > poll.deadlineTicks) endRound(state);
}

/** Whoever has a vote, leads, or may have got a vote without having heard that the change was chosen. */
function takesPart(state: PaxosState): boolean {
  return state.isVoter || state.role.kind !== 'follower' || pendingVoters(state).includes(state.id);
}

function pendingVoters({ pendingMembership, commitIndex }: PaxosState): readonly MemberId[] {
  if (pendingMembership === undefined || pendingMembership.index <= commitIndex) return [];
  return pendingMembership.membership.voters;
}

function askEveryone(state: PaxosState): void {
  const { voters } = state.memberships.latest.membership;
  for (const id of new Set([...voters, ...pendingVoters(state)]))
    if (id !== state.id) state.outbox.send(id, { kind: 'poll', round: state.poll.number });
}

export function receivePoll(state: PaxosState, from: MemberId, message: Poll): void {
  state.outbox.send(from, {
    kind: 'pollReply',
    round: message.round,
    ballot: state.promised,
    // Whoever knows of no vote of its own asks nobody, and so would stay content for ever.
    content: state.content && takesPart(state),
    chosenUpTo: state.durableCommit,
  });
}

export function receivePollReply(state: PaxosState, from: MemberId, message: PollReply): void {
  state.sawBallot(message.ballot);
  noteChosenElsewhere(state, from, message.chosenUpTo);
  if (message.round !== state.poll.number) return;
  state.poll.replies.set(from, { ballot: message.ballot, content: message.content });
}

function diskHangs(state: PaxosState): boolean {
  return state.diskSilenceTicks >= state.settings.electionTimeoutTicks;
}

/** Whether it could lead: whom it reached can promise, and can choose. */
function isQuorumConnected(state: PaxosState): boolean {
  const { membership } = state.memberships.latest;
  const reached = (id: MemberId): boolean => id === state.id || state.poll.replies.has(id);
  return isPhase1Quorum(membership, reached) && isPhase2Quorum(membership, reached);
}

function endRound(state: PaxosState): void {
  const { role, poll } = state;
  const able = isQuorumConnected(state) && !diskHangs(state);
  switch (role.kind) {
    case 'leader':
    case 'candidate':
      if (!able) stepDown(state);
      break;
    case 'follower':
      state.content = ownerIsContent(state) && !diskHangs(state);
      if (!state.content) {
        setLeader(state, undefined);
        const someoneIs = [...poll.replies.values()].some(({ content }) => content);
        if (able && !someoneIs && state.isVoter) campaign(state);
      }
      break;
    default:
      unreachable(role);
  }
  restartRound(state);
}

/** Whether the owner of the ballot promised here answered, at that ballot, and is content. */
function ownerIsContent(state: PaxosState): boolean {
  if (state.owner === undefined || state.owner === state.id) return false;
  const reply = state.poll.replies.get(state.owner);
  return reply?.content === true && reply.ballot === state.promised;
}

/** Somebody acts as leader at the promised ballot. */
export function heardFromLeader(state: PaxosState, from: MemberId): void {
  setLeader(state, from);
}

/** Leads or wants to: a disk that hangs ends that at once, for a leader that cannot write keeps others from trying. */
export function checkDisk(state: PaxosState): void {
  if (state.role.kind !== 'follower' && diskHangs(state)) stepDown(state);
}
