/**
 * What an omniscient observer knows of one Paxos group's run: what every disk holds, what is chosen by counting that, and
 * what was said at every ballot. The properties read and extend it.
 */
import { decodeMembership, type Entry, type MemberId, type Membership } from '@synod/consensus';
import type { AcceptorRecord } from './acceptor-record.ts';

/** One value in one slot at one ballot, and who ever held it durably: a bit set of places. */
export interface Acceptance {
  readonly ballot: number;
  readonly hash: number;
  readonly entry: Entry;
  holders: number;
}

export interface BallotRecord {
  /** P3: the member and the life that asked for it. */
  owner: string | undefined;
  /** P6: whose promise has left whole, a bit set of places. */
  promisers: number;
  /** P2: slot → the hash of what was proposed in it. */
  readonly proposed: Map<number, number>;
  /** P13: the highest slot in which a membership was proposed; 0: none. */
  stopSlot: number;
  /** P15: by place, the newest read round that it confirmed. */
  readonly confirmedRounds: number[];
}

export class PaxosRun {
  /** W of every replica (P11). */
  readonly windowSlotsMax: number;
  readonly acceptors: AcceptorRecord[] = [];
  /** By slot, every acceptance that was ever durable. */
  readonly acceptances: Acceptance[][] = [];
  /** By slot without a gap, the hash of what is chosen; slot 0 stands for the genesis. Only grows. */
  readonly chosen: number[] = [0];
  /**
   * Rising slots of chosen memberships, each with the ballot at which it was chosen; each rules the slots above its own
   * (P13). The first is the founding one.
   */
  readonly memberships: {
    readonly slot: number;
    readonly membership: Membership;
    readonly ballot: number;
  }[] = [];
  /** Up to here some replica has marked slots chosen. Rises. */
  markedUpTo = 0;
  readonly ballots = new Map<number, BallotRecord>();
  private readonly places = new Map<MemberId, number>();
  readonly placeOf = (id: MemberId): number | undefined => this.places.get(id);

  constructor(windowSlotsMax: number) {
    this.windowSlotsMax = windowSlotsMax;
  }

  enter(id: MemberId, place: number, founding: Membership): void {
    this.places.set(id, place);
    if (this.memberships.length === 0) this.memberships.push({ slot: 0, membership: founding, ballot: 0 });
  }

  /** Everything up to here is chosen. */
  get chosenUpTo(): number {
    return this.chosen.length - 1;
  }

  membershipAbove(slot: number): Membership {
    return this.memberships.findLast((one) => one.slot < slot)!.membership;
  }

  /** As far as a proposer at this ballot must know: what a higher ballot chose it has not heard of. */
  membershipKnownAbove(slot: number, ballot: number): Membership {
    return this.memberships.findLast((one) => one.slot < slot && one.ballot <= ballot)!.membership;
  }

  isChosen(slot: number, hash: number): boolean {
    return slot <= this.chosenUpTo && this.chosen[slot] === hash;
  }

  ballot(ballot: number): BallotRecord {
    let record = this.ballots.get(ballot);
    if (record === undefined) {
      record = { owner: undefined, promisers: 0, proposed: new Map(), stopSlot: 0, confirmedRounds: [] };
      this.ballots.set(ballot, record);
    }
    return record;
  }

  /** The next slot is chosen. */
  chose({ hash, entry, ballot }: Acceptance): void {
    this.chosen.push(hash);
    if (entry.kind === 'membership')
      this.memberships.push({ slot: entry.index, membership: decodeMembership(entry.payload), ballot });
  }
}
