/** Why a connection ended: a union with the facts of each case, for the log and the metrics. */
import type { FloodKind } from './flood-guard.ts';
import type { Http2Limits } from './limits.ts';

/** The limits whose breach costs the connection. */
export type ConnectionLimit =
  | FloodKind
  | 'headerBlockBytesMax'
  | 'continuationFramesMax'
  | 'unreadFrameBytesMax'
  | 'pingIntervalMsMin';

/** The deadlines that a peer can miss. */
export type ConnectionDeadline =
  | keyof Pick<Http2Limits, 'prefaceTimeoutMs' | 'headerBlockTimeoutMs'>
  | 'pingTimeoutMs';

export type ConnectionEnd =
  /** The socket ended or broke. */
  | { readonly kind: 'socketClosed'; readonly error: Error | undefined }
  /** The peer said GOAWAY with an error. */
  | { readonly kind: 'peerGoaway'; readonly code: number; readonly text: string }
  | Breach
  | { readonly kind: 'deadlineMissed'; readonly deadline: ConnectionDeadline }
  /** We closed it, after its last stream. */
  | { readonly kind: 'shutdown' };

/** What a frame can do wrong, so that the connection ends (RFC 9113 section 5.4.1). */
export type Breach =
  /** The peer broke RFC 9113 or RFC 7541; `code` is what GOAWAY tells it. */
  | { readonly kind: 'protocolViolation'; readonly code: number; readonly detail: string }
  /** The peer passed a limit and is told ENHANCE_YOUR_CALM. */
  | { readonly kind: 'limitReached'; readonly limit: ConnectionLimit };

export function violation(code: number, detail: string): Breach {
  return { kind: 'protocolViolation', code, detail };
}

export function limitReached(limit: ConnectionLimit): Breach {
  return { kind: 'limitReached', limit };
}
