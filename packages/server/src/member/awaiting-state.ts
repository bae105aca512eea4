/**
 * A member without a state, until it has one: its replica lives and votes, nobody is served, and other members' questions
 * about keys and leases get no answer, or the one that there is none.
 */
import type { Lane, MemberId, Replica, Transport } from '@synod/consensus';
import { withoutKeyspace } from '@synod/coordination';

export interface AwaitingStateParts {
  readonly replica: Replica;
  readonly send: Transport['send'];
  readonly tickMs: number;
  /** See `livesInLog`. */
  readonly lives: ReadonlyMap<string, number>;
}

export class AwaitingState {
  readonly lives: ReadonlyMap<string, number>;
  private readonly replica: Replica;
  private readonly receiveCall: (from: MemberId, bytes: Uint8Array) => void;
  private readonly timer: NodeJS.Timeout;

  constructor({ replica, send, tickMs, lives }: AwaitingStateParts) {
    this.replica = replica;
    this.receiveCall = withoutKeyspace((to, bytes) => send(to, 'call', bytes));
    this.lives = lives;
    // As in a member that serves: a tick waits for what the sockets have brought (pitfall 37).
    this.timer = setInterval(() => setImmediate(() => this.replica.tick()), tickMs);
  }

  receive(from: MemberId, lane: Lane, bytes: Uint8Array): void {
    if (lane === 'call') this.receiveCall(from, bytes);
    else this.replica.receive(from, lane, bytes);
  }

  peerUnreachable(peer: MemberId): void {
    this.replica.peerUnreachable(peer);
  }

  /** Somebody else takes the replica on. */
  end(): void {
    clearInterval(this.timer);
  }

  async stop(): Promise<void> {
    this.end();
    await new Promise<void>((resolve) => this.replica.stop(resolve));
  }
}
