/**
 * What peers send, lane by lane: bytes become a message, and go to whoever it is for. Bytes that are not what they should be
 * are dropped, and said so. Knows nothing of what a message means.
 */
import { MalformedBytes } from '../bytes/malformed.ts';
import { unreachable } from '../core/assert.ts';
import type { MessageCodec, PeerMessage } from '../core/messages.ts';
import type { MemberId } from '../core/numbers.ts';
import { decodeForward } from './forward-codec.ts';
import type { Lane, Observer } from './ports.ts';
import { decodeSnapshotMessage, type SnapshotMessage } from './snapshot-messages.ts';

/** Where messages go. */
export interface PeerInboxPorts {
  readonly codec: MessageCodec;
  readonly observer: Observer;
  readonly consensus: (from: MemberId, message: PeerMessage) => void;
  /** Commands that another member's clients gave it. */
  readonly relayed: (payloads: readonly Uint8Array[]) => void;
  readonly snapshot: (from: MemberId, message: SnapshotMessage) => void;
}

export class PeerInbox {
  private readonly ports: PeerInboxPorts;

  constructor(ports: PeerInboxPorts) {
    this.ports = ports;
  }

  receive(from: MemberId, lane: Lane, bytes: Uint8Array): void {
    switch (lane) {
      case 'consensus':
        this.receiveConsensus(from, bytes);
        return;
      case 'forward': {
        const payloads = this.decoded(from, () => decodeForward(bytes));
        if (payloads !== undefined) this.ports.relayed(payloads);
        return;
      }
      case 'snapshot': {
        const message = this.decoded(from, () => decodeSnapshotMessage(bytes));
        if (message !== undefined) this.ports.snapshot(from, message);
        return;
      }
      case 'call':
        // Questions between services pass the replica by; the member routes them before this.
        return;
      default:
        unreachable(lane);
    }
  }

  /** Also for a message that came inside another: a snapshot brings the one that installs it. */
  receiveConsensus(from: MemberId, bytes: Uint8Array): void {
    const { codec, consensus } = this.ports;
    let message: PeerMessage;
    // Not by `decoded`: this is every message of consensus, and a closure for each is felt.
    try {
      message = codec.decode(bytes);
    } catch (error) {
      this.refused(from, error);
      return;
    }
    consensus(from, message);
  }

  private decoded<Message>(from: MemberId, decode: () => Message): Message | undefined {
    try {
      return decode();
    } catch (error) {
      this.refused(from, error);
      return undefined;
    }
  }

  /** Rethrows what is no fault of the bytes. */
  private refused(from: MemberId, error: unknown): void {
    if (!(error instanceof MalformedBytes)) throw error;
    this.ports.observer.observe({ kind: 'malformedMessage', from, detail: error.message });
  }
}
