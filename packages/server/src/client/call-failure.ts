/** How a call fails, with what a caller needs to decide what to do next. */
import type { GrpcStatus } from '../grpc/status.ts';

/** `unreachable`: no endpoint took a connection. `unauthenticated`: the server refused name or password. `call`: the server's answer, or its silence. */
export type CallFailureKind = 'unreachable' | 'unauthenticated' | 'call';

export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly kind: CallFailureKind;
  readonly status: GrpcStatus;

  constructor(kind: CallFailureKind, status: GrpcStatus) {
    super(status.text);
    this.kind = kind;
    this.status = status;
  }
}
