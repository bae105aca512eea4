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

/** Asked at least this often in one round, so that one lost message says nothing. */
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

/**
 * The link to the owner of the ballot promised here broke: most likely its process died. It is asked for once more, in a
 * round that is over soon; where only the link broke, the others still hear the owner, and say that they are content.
 */
export function ownerUnreachable(state: PaxosState): void {
  state.content = false;
  restartRound(state, 1);
}

export function tickElection(state: PaxosState): void {
  if (!takesPart(state)) return;
  const { poll } = state;
  const pollEvery = Math.max(1, Math.floor(shortestRoundTicks(state) / POLLS_A_ROUND));
  if (poll.elapsedTicks % pollEvery === 0) askVoters(state);
  if (++poll.elapsedTicks > poll.deadlineTicks) endRound(state);
}

/** Whoever has a vote, leads, or may have got a vote without having heard that the change was chosen. */
function takesPart(state: PaxosState): boolean {
  return state.isVoter || state.role.kind !== 'follower' || mayHaveGotVote(state);
}

function mayHaveGotVote({ id, pendingMembership, commitIndex }: PaxosState): boolean {
  if (pendingMembership === undefined || pendingMembership.index <= commitIndex) return false;
  return pendingMembership.membership.voters.includes(id);
}

/**
 * A link that worked is proven for the round: whoever answered is not asked again in it. But while the round may end in a
 * campaign everybody is, for whether they are content may have changed; and the owner is, whose answer may lead to one.
 */
function askVoters(state: PaxosState): void {
  const { id: own, owner, poll, memberships } = state;
  const mayStand = state.role.kind === 'follower' && !ownerIsContent(state);
  for (const id of memberships.latest.membership.voters)
    if (id !== own && (mayStand || id === owner || !poll.replies.has(id)))
      state.outbox.send(id, { kind: 'poll', round: poll.number });
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
  // A leader that cannot write would keep others from trying and commit nothing (pitfall 31).
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
