/** The limits of gRPC calls, each with what happens there. */

/** etcd's default for `max-request-bytes`, and what it adds for the wire before it refuses a message unread. */
export const REQUEST_BYTES_MAX = 1_572_864;
export const MESSAGE_OVERHEAD_BYTES = 512 * 1024;

export interface GrpcLimits {
  /** A longer message is refused with RESOURCE_EXHAUSTED before it is gathered. */
  readonly messageBytesMax: number;
  /** Bytes of incomplete messages over all connections; past it a call that adds to them fails with RESOURCE_EXHAUSTED. */
  readonly partialMessageBytesMax: number;
}

export const GRPC_LIMITS: GrpcLimits = {
  messageBytesMax: REQUEST_BYTES_MAX + MESSAGE_OVERHEAD_BYTES,
  partialMessageBytesMax: 256 * 1024 * 1024,
};

/** How finely deadlines are kept: a call may last so much longer than it was given. */
export const DEADLINE_TICK_MS = 10;
/** Slots of the timer wheel; deadlines further away go round more than once. */
export const DEADLINE_SLOTS = 512;
/** Blocks of error trailers kept by code and text; past it all are dropped and made again. */
export const KEPT_TRAILERS_MAX = 256;
/** Heads of client calls kept by path. */
export const KEPT_HEADS_MAX = 256;
