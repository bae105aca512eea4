/**
 * The proposer's phase 1: prepare, gather whole promises, learn what is chosen, and propose again what earlier ballots may
 * have chosen (P6). Then it leads. A change of membership that is found on the way brings it back here, for the promises
 * of the new members.
 */
import type { EntryKind } from '../core/entry.ts';
import { isVoter } from '../core/membership.ts';
import { logIndex, type MemberId, type Ticket } from '../core/numbers.ts';
import { isPhase1Quorum } from '../quorum/flexible.ts';
import { promiseChunk } from './acceptor.ts';
import { leaderBegins, recoveryEnded } from './leader.ts';
import { advanceCommit } from './leader-commit.ts';
import { learnNow } from './learner.ts';
import type { PromiseChunk, Refused } from './messages.ts';
import type { Promises } from './promises.ts';
import { assign, sendToAll } from './replicate.ts';
import type { CandidateRole, LeaderRole } from './role-state.ts';
import type { PaxosState } from './state.ts';
import { becomeCandidate, becomeLeader, stepDown } from './transitions.ts';

const EMPTY = new Uint8Array(0);

/** A candidate to whom nothing came for this many election timeouts gives up. */
const CAMPAIGN_ELECTION_TIMEOUTS = 1;

/** Stands, with a ballot of its own. The own promise is durable before anybody is asked. */
export function campaign(state: PaxosState): void {
  const candidate = becomeCandidate(state);
  prepareOthers(state, candidate.promises, candidate);
}

/** Asks every voter whose promise is not whole for what comes next of it. */
function prepareOthers(state: PaxosState, promises: Promises, { from }: Pick<CandidateRole, 'from'>): void {
  for (const id of state.memberships.latest.membership.voters)
    if (id !== state.id && !promises.isWhole(id))
      state.outbox.send(id, {
        kind: 'prepare',
        ballot: state.promised,
        from: promises.nextFrom(id, from),
      });
}

/** A write became durable: if it holds the own promise of a candidate, that counts now, with all that it reports. */
export function countOwnPromise(state: PaxosState, durable: Ticket): void {
  const { role } = state;
  if (role.kind !== 'candidate' || role.promises.isWhole(state.id) || durable < role.ownPromise) return;
  const chunk = promiseChunk(state, state.promised, role.from, Number.POSITIVE_INFINITY);
  role.promises.take(state.id, role.from, chunk);
  continuePhase1(state);
}

export function receivePromise(state: PaxosState, from: MemberId, message: PromiseChunk): void {
  const { role } = state;
  if (role.kind === 'follower' || message.ballot !== state.promised) return;
  const start = role.kind === 'candidate' ? role.from : role.promisesFrom;
  if (!role.promises.take(from, start, message)) return;
  if (role.kind === 'candidate') role.idleTicks = 0;
  if (message.more)
    state.outbox.send(from, {
      kind: 'prepare',
      ballot: state.promised,
      from: role.promises.nextFrom(from, start),
    });
  else continuePhase1(state);
}

/** A higher ballot is promised somewhere: the own one is over, and the next goes above that. */
export function receiveRefused(state: PaxosState, message: Refused): void {
  state.sawBallot(message.promised);
  if (state.role.kind !== 'follower' && message.ballot === state.promised) stepDown(state);
}

export function tickCandidate(state: PaxosState, candidate: CandidateRole): void {
  const { electionTimeoutTicks, heartbeatTicks } = state.settings;
  if (++candidate.idleTicks > CAMPAIGN_ELECTION_TIMEOUTS * electionTimeoutTicks) {
    stepDown(state);
    return;
  }
  if (++candidate.askedTicks < 2 * heartbeatTicks) return;
  candidate.askedTicks = 0;
  prepareOthers(state, candidate.promises, candidate);
}

/** Goes on as far as what is promised, learned and committed allows. */
export function continuePhase1(state: PaxosState): void {
  const { role } = state;
  if (role.kind === 'leader') recoverSlots(state, role);
  else if (role.kind === 'candidate') {
    role.idleTicks = 0;
    if (!isVoter(state.memberships.latest.membership, state.id)) stepDown(state);
    else if (phase1IsComplete(state, role.promises)) {
      const leader = becomeLeader(state, role);
      leaderBegins(state, leader);
      recoverSlots(state, leader);
    }
  }
}

/** Whether a phase-1 quorum has told everything, and whatever it knows chosen has been learned. */
function phase1IsComplete(state: PaxosState, promises: Promises): boolean {
  if (!promises.isWhole(state.id)) return false;
  if (!isPhase1Quorum(state.memberships.latest.membership, promises.isWhole)) return false;
  const chosen = promises.highestChosen;
  if (chosen <= state.commitIndex) return true;
  const source = promises.bestInformed;
  if (source !== undefined) learnNow(state, source, chosen);
  return false;
}

/**
 * Proposes again, slot by slot, what the promises report, up to the first change of membership: what lies above it is
 * decided by the new members, who must promise first. A change waits until the one before it is over (P17). When nothing
 * is left, new slots may be assigned.
 */
export function recoverSlots(state: PaxosState, leader: LeaderRole): void {
  if (!leader.recovering || leader.stopSlot !== undefined) return;
  const { promises } = leader;
  if (!phase1IsComplete(state, promises)) {
    if (leader.promisesFrom === leader.nextSlot) return;
    leader.promisesFrom = leader.nextSlot;
    prepareOthers(state, promises, { from: leader.promisesFrom });
    return;
  }
  const top = Math.max(promises.highestSlot, state.commitIndex);
  while (leader.nextSlot <= top) {
    const slot = leader.nextSlot;
    const { membership } = state.memberships.latest;
    if (!isPhase1Quorum(membership, (id) => promises.knows(id, slot))) break;
    const value = promises.valueAt(slot);
    const kind: EntryKind = value?.kind ?? 'noop';
    if (kind === 'membership' && leader.retirement !== undefined) break;
    assign(state, leader, kind, value?.payload ?? EMPTY);
    if (kind === 'membership') break;
  }
  leader.recoveredTop = logIndex(Math.max(leader.recoveredTop, top));
  leader.recovering = leader.nextSlot <= top || leader.stopSlot !== undefined;
  sendToAll(state, leader);
  if (!leader.recovering) recoveryEnded(state, leader);
  advanceCommit(state, leader);
}

/** Asks again those whose promises a leader still lacks. */
export function tickRecovery(state: PaxosState, leader: LeaderRole): void {
  if (leader.recovering && leader.stopSlot === undefined)
    prepareOthers(state, leader.promises, { from: leader.promisesFrom });
}
