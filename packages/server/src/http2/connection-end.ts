/** Why a connection ended: a union with the facts of each case, for the log and the metrics. */
import type { Http2Limits } from './limits.ts';

/** The limits whose breach costs the connection. */
export type ConnectionLimit =
  | 'headerBlockBytesMax'
  | 'continuationFramesMax'
  | 'streamResets'
  | 'settingsFrames'
  | 'pingFrames'
  | 'emptyDataFrames'
  | 'idleFrames'
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
  /** The peer broke RFC 9113 or RFC 7541; `code` is what GOAWAY told it. */
  | { readonly kind: 'protocolViolation'; readonly code: number; readonly detail: string }
  /** The peer passed a limit and was told ENHANCE_YOUR_CALM. */
  | { readonly kind: 'limitReached'; readonly limit: ConnectionLimit }
  | { readonly kind: 'deadlineMissed'; readonly deadline: ConnectionDeadline }
  /** We closed it, after its last stream. */
  | { readonly kind: 'shutdown' };
