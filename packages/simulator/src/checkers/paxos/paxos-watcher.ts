/** Sees one life of one Paxos replica, step by step and message by message, and tells the properties. Judges nothing. */
import type { Effect, Entry, Input, PaxosCore, PeerMessage } from '@synod/consensus';
import {
  assertFullInvariants,
  assertStep,
  beforeStep,
  type StepBefore,
} from '@synod/consensus/paxos/invariants.ts';
import type { PaxosMessage } from '@synod/consensus/paxos/messages.ts';
import type { CoreWatcher } from '../protocol-under-test.ts';
import { sends } from '../sends.ts';
import type { AcceptorRecord } from './acceptor-record.ts';
import { noteAcknowledgementLeaves } from './acknowledgements.ts';
import { noteApplied } from './applied-in-order.ts';
import { noteOpened, notePrepareLeaves } from './ballot-owners.ts';
import { noteMarked } from './marked-chosen.ts';
import { checkPromise } from './promise-truth.ts';
import { noteVouches } from './promises-kept.ts';
import { checkProposable } from './proposable-values.ts';
import { noteProposedOnce } from './proposed-once.ts';
import { LifeReads, noteRoundConfirmed } from './reads.ts';
import { checkLastChangeIsOver, checkToldLast } from './retirement.ts';
import type { PaxosRun } from './run-record.ts';
import { checkKeptAbove, checkSnapshot } from './snapshots-installed.ts';
import { noteStopSlot } from './stop-slots.ts';
import { valueHash } from './value-hash.ts';

/** The invariants that look at every slot run at every so many steps. */
const STEPS_A_FULL_CHECK = 64;

export interface PaxosLife {
  readonly run: PaxosRun;
  readonly acceptor: AcceptorRecord;
  readonly core: PaxosCore;
  /** Names this life among all. */
  readonly life: string;
  /** It leads at this ballot. */
  readonly led: (ballot: number) => void;
}

export class PaxosWatcher implements CoreWatcher {
  private readonly life: PaxosLife;
  private readonly reads: LifeReads;
  private before: StepBefore | undefined;
  /** The ballot at which this life was last seen to lead. Rises. */
  private leadsAt = 0;
  /** Up to where this life has marked slots chosen. */
  private marked: number;
  /** The last slot that was handed out. */
  private applied: number;
  private steps = 0;

  constructor(life: PaxosLife) {
    this.life = life;
    const { run, acceptor, core } = life;
    this.reads = new LifeReads(run, acceptor.place, core);
    this.marked = core.state.slots.trimmedIndex;
    this.applied = this.marked;
  }

  beforeStep(input: Input): void {
    const { acceptor, core } = this.life;
    this.before = beforeStep(core.state);
    if (input.kind === 'durable') acceptor.becameDurable(input.ticket);
    this.reads.beforeStep(input.kind === 'read' ? input.token : undefined);
  }

  drained(effects: readonly Effect[]): void {
    const { run, acceptor, core } = this.life;
    const { state } = core;
    if (this.before !== undefined) assertStep(this.before, state);
    this.before = undefined;
    if (state.role.kind === 'leader' && state.promised !== this.leadsAt) {
      noteOpened(run, acceptor, this.life.life, state.promised);
      this.life.led(state.promised);
      this.leadsAt = state.promised;
    }
    for (const effect of effects)
      if (effect.kind === 'write') {
        acceptor.asked(effect.ticket, effect.records);
        if (state.role.kind === 'leader')
          for (const record of effect.records)
            if (record.kind === 'entry' && record.entry.epoch === state.promised) this.proposes(record.entry);
      } else if (effect.kind === 'send') {
        if (effect.after > 0 || tellsOfCommit(effect.message as PaxosMessage))
          sends.set(effect.message, effect);
      } else if (effect.kind === 'restore') this.restores(effect.meta);
    if (state.commitIndex > this.marked) {
      noteMarked(run, acceptor.place, core, this.marked);
      this.marked = state.commitIndex;
    }
    for (const effect of effects)
      if (effect.kind === 'apply')
        this.applied = noteApplied(run, acceptor.place, this.applied, effect.entries);
    this.reads.afterStep(effects);
    if (++this.steps % STEPS_A_FULL_CHECK === 0) assertFullInvariants(state);
  }

  leaves(peerMessage: PeerMessage): void {
    const message = peerMessage as PaxosMessage;
    const { run, acceptor } = this.life;
    const send = sends.get(message);
    // The replica lets it go, so the journal vouches for the write; what the next life recovers is held against that.
    if (send !== undefined && send.after > 0) acceptor.becameDurable(send.after);
    if (send !== undefined && tellsOfCommit(message))
      checkToldLast(run, acceptor.place, send.to, message.commitIndex);
    switch (message.kind) {
      case 'prepare':
        notePrepareLeaves(acceptor, message.ballot);
        noteOpened(run, acceptor, this.life.life, message.ballot);
        return;
      case 'promise':
        noteVouches(acceptor, message.ballot);
        checkPromise(run, acceptor, message, this.marked);
        if (!message.more) run.ballot(message.ballot).promisers |= 1 << acceptor.place;
        return;
      case 'accept':
        for (const entry of message.entries) this.proposes(entry);
        return;
      case 'accepted':
        noteVouches(acceptor, message.ballot);
        noteAcknowledgementLeaves(run, acceptor, message);
        return;
      case 'heartbeat':
        this.reads.roundLeaves(message.readRound);
        return;
      case 'heartbeatReply':
        noteRoundConfirmed(run, acceptor.place, message.ballot, message.readRound);
        return;
      default:
        return;
    }
  }

  private proposes(entry: Entry): void {
    const { run, acceptor } = this.life;
    const record = run.ballot(entry.epoch);
    const hash = valueHash(entry);
    if (noteProposedOnce(record, entry.index, entry.epoch, hash)) return;
    noteStopSlot(run, record, acceptor.place, entry);
    if (entry.kind === 'membership') checkLastChangeIsOver(run, acceptor.place, entry.index);
    checkProposable(run, record, acceptor.place, entry, hash);
  }

  private restores(meta: Extract<Effect, { kind: 'restore' }>['meta']): void {
    const { run, acceptor, core } = this.life;
    checkSnapshot(run, acceptor.place, meta);
    checkKeptAbove(acceptor, core, meta.index);
    this.applied = meta.index;
  }
}

function tellsOfCommit(
  message: PaxosMessage,
): message is Extract<PaxosMessage, { kind: 'accept' | 'heartbeat' | 'commitNotice' }> {
  return message.kind === 'accept' || message.kind === 'heartbeat' || message.kind === 'commitNotice';
}
