/** Tells Paxos's god what happens in a cluster, and holds every step to the core's own invariants. */
import assert from 'node:assert/strict';
import type { Effect, LogRecord } from '../../src/core/effects.ts';
import type { Membership } from '../../src/core/membership.ts';
import type { PeerMessage } from '../../src/core/messages.ts';
import type { MemberId } from '../../src/core/numbers.ts';
import { decodeHardState } from '../../src/paxos/hard-state.ts';
import { assertFullInvariants, assertStep, beforeStep } from '../../src/paxos/invariants.ts';
import type { PaxosMessage } from '../../src/paxos/messages.ts';
import type { PaxosCore } from '../../src/paxos/paxos-core.ts';
import type { MemberDisk } from '../harness/member-disk.ts';
import type { Watch, WatchedMember } from '../harness/watch.ts';
import { type DiskView, PaxosGod } from './god.ts';

type Watched = WatchedMember<PaxosCore>;

/** What is known of a member beside what it says itself. */
interface View {
  commitSeen: number;
  /** The ballot that god knows it to lead at. */
  leading: number | undefined;
}

export class PaxosWatch implements Watch<PaxosCore, PaxosGod> {
  readonly god: PaxosGod;
  private readonly members: ReadonlyMap<MemberId, Watched>;
  private readonly windowSlotsMax: number;
  private readonly views = new Map<MemberId, View>();

  constructor(members: ReadonlyMap<MemberId, Watched>, founding: Membership, windowSlotsMax: number) {
    this.god = new PaxosGod(founding);
    this.members = members;
    this.windowSlotsMax = windowSlotsMax;
  }

  private view({ id }: Watched): View {
    const view = this.views.get(id) ?? { commitSeen: 0, leading: undefined };
    this.views.set(id, view);
    return view;
  }

  around(member: Watched): (effects: readonly Effect[]) => void {
    const { state } = member.core;
    const before = beforeStep(state);
    return (effects) => {
      assertFullInvariants(state);
      assertStep(before, state);
      this.note(member, effects);
    };
  }

  private note(member: Watched, effects: readonly Effect[]): void {
    this.noteState(member);
    for (const effect of effects)
      if (effect.kind === 'apply') for (const entry of effect.entries) this.god.applies(member.id, entry);
  }

  private noteState(member: Watched): void {
    const { state } = member.core;
    const view = this.view(member);
    for (let slot = view.commitSeen + 1; slot <= state.commitIndex; slot++) {
      const entry = state.slots.at(slot);
      if (entry === undefined) assert.ok(slot <= this.god.commitIndex, 'a snapshot covers what is chosen');
      else this.god.marks(member.id, entry, (id, upTo) => holdsPrefix(this.diskOf(id), upTo));
    }
    view.commitSeen = state.commitIndex;
    const ballot = state.role.kind === 'leader' ? state.promised : undefined;
    if (ballot !== undefined && view.leading !== ballot) this.god.becameLeader(ballot);
    view.leading = ballot;
    if (state.owner === member.id && state.role.kind === 'candidate')
      this.god.opens(`${member.id}/${member.life}`, state.promised, state.commitIndex);
  }

  private diskOf(id: MemberId): MemberDisk {
    const member = this.members.get(id);
    assert.ok(member !== undefined, `there is a member ${id}`);
    return member.disk;
  }

  leaves(member: Watched, _to: MemberId, sent: PeerMessage): void {
    const message = sent as PaxosMessage;
    const disk = viewOf(member.disk);
    if (message.kind === 'prepare')
      assert.ok(disk.promised >= message.ballot, 'P3: a ballot is opened when it is durable');
    if (message.kind === 'promise')
      this.god.releasesPromise(member.id, message.ballot, message.chosenUpTo, disk);
    if (message.kind === 'accepted') this.god.acknowledges(member.id, message, disk);
    if (message.kind === 'accept')
      for (const entry of message.entries)
        this.god.proposes(entry, (id) => viewOf(this.diskOf(id)).promised, this.windowSlotsMax);
    if (message.kind === 'heartbeat')
      this.god.reads.sendsRound(`${member.id}/${member.life}`, message.readRound);
  }

  durable(member: Watched, records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.kind === 'hardState') this.god.promiseDurable(member.id, record.state);
      if (record.kind === 'entry') this.god.acceptDurable(member.id, record.entry);
    }
  }

  stopped(member: Watched): void {
    this.view(member).leading = undefined;
  }

  restarted(member: Watched, effects: readonly Effect[]): void {
    this.view(member).commitSeen = member.disk.snapshot.index;
    assertFullInvariants(member.core.state);
    this.note(member, effects);
  }
}

/** P17: the disk of a member holds a value in every slot, and so cannot lose what is chosen there. */
function holdsPrefix(disk: MemberDisk, upTo: number): boolean {
  for (let slot = disk.snapshot.index + 1; slot <= upTo; slot++)
    if (disk.at(slot) === undefined) return false;
  return true;
}

function viewOf(disk: MemberDisk): DiskView {
  return {
    promised: disk.hardState === undefined ? 0 : decodeHardState(disk.hardState).promised,
    valueAt: (slot) => disk.at(slot),
    trimmedIndex: disk.snapshot.index,
  };
}
