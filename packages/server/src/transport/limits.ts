/** The limits and paces of the peers' transport, each with what happens there. */
import type { Lane } from '@synod/consensus';

/** A frame may be no longer: one to a peer is dropped, one from a peer ends the connection. Above every append and chunk. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/**
 * A frame is dropped, and counted, when with it more than its lane's number of bytes would wait for the link, whatever
 * lane theirs. So what the cluster lives on finds room where what can be asked again no longer does.
 */
export const LANE_QUEUE_BYTES_MAX: Readonly<Record<Lane, number>> = {
  consensus: 64 * 1024 * 1024,
  forward: 32 * 1024 * 1024,
  call: 8 * 1024 * 1024,
  snapshot: 8 * 1024 * 1024,
};

/** Links that strangers may hold before they have said who they are; the next one is closed. */
export const STRANGERS_MAX = 64;

/** Reasons for refusals that are remembered, so that each is logged once in a while; beyond it nothing new is logged. */
export const REFUSALS_REMEMBERED_MAX = 256;

export interface TransportTiming {
  /** From connecting to the end of both sides' first words; then the try has failed. */
  readonly handshakeTimeoutMs: number;
  /** Between two tries to connect, doubled from the first to the last, with up to a quarter more by chance. */
  readonly reconnectFirstMs: number;
  readonly reconnectLastMs: number;
  /** A link is asked for a sign of life so often, and given up without one for so long. */
  readonly pingIntervalMs: number;
  readonly silenceMaxMs: number;
  /** One log line a source and reason in so long. */
  readonly refusalLogIntervalMs: number;
  /** At a stop, what is queued may take so long to leave. */
  readonly closeTimeoutMs: number;
}

export const TRANSPORT_TIMING: TransportTiming = {
  handshakeTimeoutMs: 5_000,
  reconnectFirstMs: 50,
  reconnectLastMs: 1_000,
  pingIntervalMs: 1_000,
  silenceMaxMs: 5_000,
  refusalLogIntervalMs: 10_000,
  closeTimeoutMs: 500,
};
