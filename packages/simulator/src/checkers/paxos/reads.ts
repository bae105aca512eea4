/**
 * P15: a read sees everything that anybody may have answered for before it was asked, and a leader answers only once a
 * group that no phase-1 quorum avoids has confirmed the round.
 */
import type { Effect, Membership, PaxosCore } from '@synod/consensus';
import type { ReadRound } from '@synod/consensus/reads/leader-reads.ts';
import { require } from '../rule-broken.ts';
import { countVoters, sizesOf } from './quorum-count.ts';
import type { PaxosRun } from './run-record.ts';

const NONE: readonly ReadRound[] = [];

/** The reads of one life. */
export class LifeReads {
  private readonly run: PaxosRun;
  private readonly place: number;
  private readonly core: PaxosCore;
  /** Token → up to where slots were marked chosen when it was asked. */
  private readonly asked = new Map<number, number>();
  /** The rounds that wait before a step, and the ballot they belong to. */
  private waiting: readonly ReadRound[] = NONE;
  private ballot = 0;
  /** In force before a step: in one step a round may be confirmed and then another membership come into force. */
  private membership: Membership;
  /** The newest round that left. Rises. */
  private newestRound = 0;

  constructor(run: PaxosRun, place: number, core: PaxosCore) {
    this.run = run;
    this.place = place;
    this.core = core;
    this.membership = core.state.memberships.latest.membership;
  }

  beforeStep(token: number | undefined): void {
    if (token !== undefined) this.asked.set(token, this.run.markedUpTo);
    const { role, promised, memberships } = this.core.state;
    this.membership = memberships.latest.membership;
    const open = role.kind === 'leader' ? role.reads.openRounds : NONE;
    this.waiting = open.length > 0 ? [...open] : NONE;
    this.ballot = promised;
  }

  afterStep(effects: readonly Effect[]): void {
    for (const effect of effects)
      if (effect.kind === 'readable') this.readable(effect.tokens, effect.index);
      else if (effect.kind === 'readFailed') for (const token of effect.tokens) this.asked.delete(token);
    const { role, promised } = this.core.state;
    if (this.waiting.length === 0 || role.kind !== 'leader' || promised !== this.ballot) return;
    for (const round of this.waiting) if (!role.reads.openRounds.includes(round)) this.answered(round.round);
  }

  /** A heartbeat leaves with this round. */
  roundLeaves(round: number): void {
    require(round >= this.newestRound, 'P15', () =>
      `the read rounds of m${this.place} fall from ${this.newestRound} to ${round}`);
    this.newestRound = round;
  }

  private readable(tokens: readonly number[], index: number): void {
    for (const token of tokens) {
      const owed = this.asked.get(token) ?? 0;
      this.asked.delete(token);
      require(index >= owed, 'P15', () =>
        `m${this.place} may read at ${index}, and ${owed} was chosen when it asked`);
    }
  }

  private answered(round: number): void {
    const { run, place } = this;
    const { confirmedRounds } = run.ballot(this.ballot);
    let confirmed = 1 << place;
    for (const [other, newest] of confirmedRounds.entries())
      if (newest !== undefined && newest >= round) confirmed |= 1 << other;
    const isAvoided = (membership: Membership): boolean =>
      membership.voters.length - countVoters(membership, confirmed, run.placeOf) >=
      sizesOf(membership).phase1;
    require(!isAvoided(this.membership) ||
      !isAvoided(this.core.state.memberships.latest.membership), 'P15', () =>
      `m${place} answers the reads of round ${round}, and voters that did not confirm it make a phase-1 quorum`);
  }
}

/** A reply to a heartbeat leaves. */
export function noteRoundConfirmed(run: PaxosRun, place: number, ballot: number, round: number): void {
  const { confirmedRounds } = run.ballot(ballot);
  confirmedRounds[place] = Math.max(confirmedRounds[place] ?? 0, round);
}
