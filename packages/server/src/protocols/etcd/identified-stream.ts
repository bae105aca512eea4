/**
 * A stream whose caller is still being made out: what the client says meanwhile waits, and is told to the real listener
 * in order once there is one. Knows no service.
 */
import { STATUS } from '../../grpc/status.ts';
import type { Identity } from './identity.ts';
import { MESSAGES_BEFORE_IDENTITY_MAX } from './limits.ts';
import type { StreamCall, StreamListener } from './rpc.ts';

export class IdentifiedStream implements StreamListener {
  private readonly call: StreamCall;
  /** `undefined`: refused, and the call has been failed. */
  private readonly open: (identity: Identity) => StreamListener | undefined;
  private listener: StreamListener | undefined = undefined;
  /** What was said before there was a listener. */
  private early: Uint8Array[] = [];
  private halfClosed = false;
  /** Nothing may be told or said any more. Monotonic. */
  private over = false;

  constructor(call: StreamCall, open: (identity: Identity) => StreamListener | undefined) {
    this.call = call;
    this.open = open;
  }

  /** The client's name is known, or it has none. Called once. */
  identified(identity: Identity): void {
    if (this.over) return;
    this.listener = this.open(identity);
    const early = this.early;
    this.early = [];
    if (this.listener === undefined) {
      this.over = true;
      return;
    }
    for (const bytes of early) this.listener.onMessage(bytes);
    if (this.halfClosed) this.listener.onHalfClose();
  }

  onMessage(bytes: Uint8Array): void {
    if (this.listener !== undefined) this.listener.onMessage(bytes);
    else if (this.over) return;
    else if (this.early.length < MESSAGES_BEFORE_IDENTITY_MAX) this.early.push(bytes);
    else {
      this.over = true;
      this.early = [];
      this.call.fail(STATUS.resourceExhausted, 'etcdserver: too many requests');
    }
  }

  onHalfClose(): void {
    if (this.listener !== undefined) this.listener.onHalfClose();
    else this.halfClosed = true;
  }

  onDrain(): void {
    this.listener?.onDrain();
  }

  onCancel(): void {
    this.over = true;
    this.early = [];
    this.listener?.onCancel();
  }
}
