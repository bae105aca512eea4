/**
 * Payloads on their way into the log: gathered over a turn, proposed together, forwarded when this replica does not
 * lead, held while nobody does. Loses payloads only as the replica's contract allows; never doubles one that waits.
 */
import type { RejectReason } from '../core/effects.ts';
import type { MemberId } from '../core/numbers.ts';
import { encodeForward } from './forward-codec.ts';
import {
  FORWARD_MESSAGE_BYTES_MAX,
  FORWARD_QUEUED_BYTES_MAX,
  PROPOSED_BYTES_A_TURN,
  RELAYED_QUEUE_BYTES_MAX,
  SUBMIT_QUEUE_BYTES_MAX,
} from './limits.ts';
import type { Transport } from './ports.ts';

/** Payloads in the order they came, each object once: a retry of one that still waits changes nothing. */
class PayloadQueue {
  private readonly bytesMax: number;
  private payloads = new Set<Uint8Array>();
  private bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.payloads.size === 0;
  }

  /** `false`: full, not taken. */
  add(payload: Uint8Array): boolean {
    if (this.payloads.has(payload)) return true;
    if (this.bytes + payload.length > this.bytesMax) return false;
    this.payloads.add(payload);
    this.bytes += payload.length;
    return true;
  }

  /** What was taken out comes back, before the others and whatever the limit: it was let in once. */
  putBack(payloads: readonly Uint8Array[]): void {
    this.payloads = new Set([...payloads, ...this.payloads]);
    this.bytes = 0;
    for (const { length } of this.payloads) this.bytes += length;
  }

  /** The first of them, up to so many bytes; a single one may be larger. */
  take(bytesMax: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let bytes = 0;
    for (const payload of this.payloads) {
      if (bytes > 0 && bytes + payload.length > bytesMax) break;
      taken.push(payload);
      bytes += payload.length;
    }
    if (taken.length === this.payloads.size) this.payloads.clear();
    else for (const payload of taken) this.payloads.delete(payload);
    this.bytes -= bytes;
    return taken;
  }
}

export interface ProposalBatch {
  readonly local: readonly Uint8Array[];
  readonly relayed: readonly Uint8Array[];
}

export class Submissions {
  /** From this member's services. */
  private readonly local = new PayloadQueue(SUBMIT_QUEUE_BYTES_MAX);
  /** From followers. */
  private readonly relayed = new PayloadQueue(RELAYED_QUEUE_BYTES_MAX);
  /** Whether the last batch was refused for a reason that may pass: then nothing is proposed until `retry`. */
  private blocked = false;
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  submit(payload: Uint8Array): boolean {
    return this.local.add(payload);
  }

  relay(payloads: readonly Uint8Array[]): void {
    for (const payload of payloads) this.relayed.add(payload);
  }

  /** Something changed that may end a refusal. */
  retry(): void {
    this.blocked = false;
  }

  get isReady(): boolean {
    return !this.blocked && !(this.local.isEmpty && this.relayed.isEmpty);
  }

  /** As much as a turn proposes. What is left makes it ready again. */
  take(): ProposalBatch {
    return {
      local: this.local.take(PROPOSED_BYTES_A_TURN),
      relayed: this.relayed.take(PROPOSED_BYTES_A_TURN),
    };
  }

  refused(batch: ProposalBatch, reason: RejectReason, leader: MemberId | undefined): void {
    const mayForward = reason === 'notLeader' && leader !== undefined;
    if (mayForward && this.transport.queuedBytes(leader, 'forward') <= FORWARD_QUEUED_BYTES_MAX) {
      for (const message of inMessages(batch.local))
        this.transport.send(leader, 'forward', encodeForward(message));
      return;
    }
    // Held. What others forwarded is held only where it may still be appended; elsewhere its owner tries again.
    this.local.putBack(batch.local);
    if (reason !== 'notLeader') this.relayed.putBack(batch.relayed);
    this.blocked = true;
  }
}

function* inMessages(payloads: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let message: Uint8Array[] = [];
  let bytes = 0;
  for (const payload of payloads) {
    if (message.length > 0 && bytes + payload.length > FORWARD_MESSAGE_BYTES_MAX) {
      yield message;
      message = [];
      bytes = 0;
    }
    message.push(payload);
    bytes += payload.length;
  }
  if (message.length > 0) yield message;
}
