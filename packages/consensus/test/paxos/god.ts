/**
 * What an omniscient observer knows of a run of Paxos, and the rules it holds replicas to. Counts on its own: nothing here
 * uses the quorum code under test. A value is told by the hash of its kind and bytes.
 */
import assert from 'node:assert/strict';
import type { Entry } from '../../src/core/entry.ts';
import type { Membership } from '../../src/core/membership.ts';
import { decodeMembership } from '../../src/core/membership-codec.ts';
import type { MemberId } from '../../src/core/numbers.ts';
import { decodeHardState } from '../../src/paxos/hard-state.ts';
import { type God, ReadWatch } from '../harness/watch.ts';

export function valueHash(entry: Entry): number {
  let hash = entry.kind.length * 0x9e3779b1;
  for (const byte of entry.payload) hash = Math.imul(hash ^ byte, 0x01000193) + 0x7ed55d16;
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** What the disk of one member holds. */
export interface DiskView {
  readonly promised: number;
  /** By slot; undefined where nothing is. */
  readonly valueAt: (slot: number) => Entry | undefined;
  readonly trimmedIndex: number;
}

export function sizesOf(membership: Membership): { phase1: number; phase2: number } {
  const count = membership.voters.length;
  const phase2 = count % 2 === 0 ? count / 2 : (count + 1) / 2;
  return membership.quorum ?? { phase1: count + 1 - phase2, phase2 };
}

export class PaxosGod implements God {
  /** P1: slot → hash of what is chosen; slot 0 stands for the genesis. */
  readonly chosen: number[] = [0];
  /** P13: rising slots, and the membership that rules above each. */
  private readonly memberships: { readonly slot: number; readonly membership: Membership }[];
  /** P5: slot and ballot → hash → who ever had it durably. */
  private readonly accepts = new Map<string, Map<number, Set<MemberId>>>();
  /** The ballots at which something was accepted, by slot. */
  private readonly ballotsOf = new Map<number, Set<number>>();
  /** P2: slot and ballot → hash. */
  private readonly proposed = new Map<string, number>();
  /** P3: ballot → its owner in one life. */
  private readonly owners = new Map<number, string>();
  /** P4: member → durable promise. */
  private readonly promises = new Map<MemberId, number>();
  /** P4: member → the highest ballot of a promise that left it. */
  private readonly released = new Map<MemberId, number>();
  readonly reads = new ReadWatch('P15');
  elections = 0;
  /** Ballots whose owner lacked something chosen when it opened them. */
  private readonly openedStale = new Set<number>();
  /** How often such an owner came to lead. */
  staleLeaders = 0;

  constructor(membership: Membership) {
    this.memberships = [{ slot: 0, membership }];
  }

  get commitIndex(): number {
    return this.chosen.length - 1;
  }

  membershipAbove(slot: number): Membership {
    return this.memberships.findLast((one) => one.slot < slot)!.membership;
  }

  becameLeader(ballot: number): void {
    assert.ok(this.owners.has(ballot), 'P3: who leads has opened its ballot');
    this.elections++;
    if (this.openedStale.has(ballot)) this.staleLeaders++;
  }

  opens(owner: string, ballot: number, commitIndex: number): void {
    const before = this.owners.get(ballot);
    assert.ok(before === undefined || before === owner, `P3: ballot ${ballot} of ${before} and ${owner}`);
    if (before === undefined && commitIndex < this.commitIndex) this.openedStale.add(ballot);
    this.owners.set(ballot, owner);
  }

  /** An Accept leaves a leader. `promised`: what each voter's disk says at this instant. */
  proposes(entry: Entry, promised: (id: MemberId) => number, windowSlots: number): void {
    const key = `${entry.index}@${entry.epoch}`;
    const hash = valueHash(entry);
    const before = this.proposed.get(key);
    assert.ok(before === undefined || before === hash, `P2: two values are proposed in ${key}`);
    if (before !== undefined) return;
    this.proposed.set(key, hash);
    assert.ok(entry.index <= this.commitIndex + windowSlots, `P11: ${key} is above the window`);
    if (entry.index <= this.commitIndex) {
      // A proposer whose ballot was overtaken may still say something else; nobody will choose it.
      return;
    }
    const membership = this.membershipAbove(entry.index);
    const promisers = membership.voters.filter((id) => promised(id) >= entry.epoch);
    assert.ok(
      promisers.length >= sizesOf(membership).phase1,
      `P6: ${key} is proposed on ${promisers.length} promises`,
    );
  }

  acceptDurable(id: MemberId, entry: Entry): void {
    const hash = valueHash(entry);
    const { index, epoch } = entry;
    const isChosen = this.chosen[index] === hash;
    assert.ok(
      isChosen || epoch >= (this.released.get(id) ?? 0),
      `P4: ${id} accepts ${index}@${epoch} after it promised ${this.released.get(id)}`,
    );
    const key = `${index}@${epoch}`;
    const byHash = this.accepts.get(key) ?? new Map<number, Set<MemberId>>();
    this.accepts.set(key, byHash);
    const holders = byHash.get(hash) ?? new Set<MemberId>();
    byHash.set(hash, holders.add(id));
    this.ballotsOf.set(index, (this.ballotsOf.get(index) ?? new Set()).add(epoch));
    if (this.chosen[index] !== undefined && !isChosen)
      assert.ok(!this.isQuorum(index, holders), `P1: another value is chosen in ${index} at ${epoch}`);
  }

  private isQuorum(slot: number, holders: ReadonlySet<MemberId>): boolean {
    const membership = this.membershipAbove(slot);
    return membership.voters.filter((id) => holders.has(id)).length >= sizesOf(membership).phase2;
  }

  /** P8: a replica marks a slot chosen. `prefixAt`: up to where each member's disk holds what is chosen. */
  marks(id: MemberId, entry: Entry, holdsPrefix: (id: MemberId, upTo: number) => boolean): void {
    const slot = entry.index;
    const hash = valueHash(entry);
    if (slot <= this.commitIndex) {
      assert.equal(hash, this.chosen[slot], `P8: ${id} marks another value in ${slot}`);
      return;
    }
    assert.equal(slot, this.chosen.length, `P10: ${id} marks ${slot} after ${this.commitIndex}`);
    const atSomeBallot = [...(this.ballotsOf.get(slot) ?? [])].some((ballot) =>
      this.isQuorum(slot, this.accepts.get(`${slot}@${ballot}`)?.get(hash) ?? new Set()),
    );
    assert.ok(atSomeBallot, `P8, P13: ${id} marks ${slot}, and no quorum of its membership accepted that`);
    this.chosen.push(hash);
    for (const ballot of this.ballotsOf.get(slot) ?? [])
      for (const [other, holders] of this.accepts.get(`${slot}@${ballot}`) ?? [])
        assert.ok(other === hash || !this.isQuorum(slot, holders), `P1: two values are chosen in ${slot}`);
    if (entry.kind !== 'membership') return;
    const membership = decodeMembership(entry.payload);
    const ready = membership.voters.filter((voter) => holdsPrefix(voter, slot));
    assert.ok(
      ready.length >= sizesOf(membership).phase2,
      `P17: ${ready.length} new voters hold everything up to ${slot}`,
    );
    this.memberships.push({ slot, membership });
  }

  applies(id: MemberId, entry: Entry): void {
    assert.equal(valueHash(entry), this.chosen[entry.index], `P10: ${id} applies another ${entry.index}`);
  }

  promiseDurable(id: MemberId, state: Uint8Array): void {
    const { promised } = decodeHardState(state);
    assert.ok(promised >= (this.promises.get(id) ?? 0), `P4: the durable promise of ${id} falls`);
    this.promises.set(id, promised);
  }

  /** A promise leaves its sender. */
  releasesPromise(id: MemberId, ballot: number, chosenUpTo: number, disk: DiskView): void {
    assert.ok(disk.promised >= ballot, `P4: ${id} promises ${ballot} before it is durable`);
    this.released.set(id, Math.max(this.released.get(id) ?? 0, ballot));
    assert.ok(chosenUpTo <= this.commitIndex, `P14: ${id} says that ${chosenUpTo} is chosen`);
    for (let slot = disk.trimmedIndex + 1; slot <= chosenUpTo; slot++) {
      const entry = disk.valueAt(slot);
      assert.ok(entry !== undefined, `P14: ${id} says that ${slot} can be learned of it`);
      assert.equal(valueHash(entry), this.chosen[slot], `P14: ${id} would teach another ${slot}`);
    }
  }

  /** P5: an acknowledgement leaves its sender. */
  acknowledges(
    id: MemberId,
    { ballot, first, last }: { ballot: number; first: number; last: number },
    disk: DiskView,
  ): void {
    assert.ok(disk.promised >= ballot, `P5: ${id} accepts at ${ballot} with a lower promise on its disk`);
    for (let slot = first; slot <= last; slot++) {
      if (slot <= disk.trimmedIndex) continue;
      const entry = disk.valueAt(slot);
      assert.ok(entry !== undefined, `P5: ${id} acknowledges ${slot} before it is durable`);
      assert.ok(
        entry.epoch >= ballot || valueHash(entry) === this.chosen[slot],
        `P5: ${id} acknowledges ${slot}@${ballot} and holds ${slot}@${entry.epoch}`,
      );
    }
  }
}
