/**
 * The limits of HTTP/2, each with what happens there. They hold for one connection each. docs/spec/http2.md has a line
 * and a test for every one of them.
 */

/** So many at once, refilled steadily: enough for any client that means well. */
export interface FrameRate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface Http2Limits {
  /** Larger frames: connection error FRAME_SIZE_ERROR. Announced as SETTINGS_MAX_FRAME_SIZE. */
  readonly frameBytesMax: number;
  /** Decoded fields of one block; past it the request is answered with status 431. Announced. */
  readonly headerListBytesMax: number;
  /** A block's bytes over HEADERS and CONTINUATION; past it the connection ends with ENHANCE_YOUR_CALM. */
  readonly headerBlockBytesMax: number;
  /** CONTINUATION frames of one block; past it as above (CVE-2024-27316). */
  readonly continuationFramesMax: number;
  /** What a peer's encoder may keep here. Announced as SETTINGS_HEADER_TABLE_SIZE. */
  readonly headerTableBytesMax: number;
  /** Streams open at once; the next is reset with REFUSED_STREAM. Announced. */
  readonly concurrentStreamsMax: number;
  /** What a peer may have in flight to us on a stream and on the connection; past it FLOW_CONTROL_ERROR. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /**
   * Streams that ended by reset before their answer, by either side's doing; past it the connection ends with
   * ENHANCE_YOUR_CALM (rapid reset, CVE-2023-44487, and its mirror, CVE-2025-8671).
   */
  readonly streamResets: FrameRate;
  /** Requests of one connection; past it a request is answered that there are too many. Undefined: any number. */
  readonly requests: FrameRate | undefined;
  /** SETTINGS frames; past it ENHANCE_YOUR_CALM. */
  readonly settingsFrames: FrameRate;
  /** PING frames; past it ENHANCE_YOUR_CALM. */
  readonly pingFrames: FrameRate;
  /** DATA frames without a byte that end nothing; past it ENHANCE_YOUR_CALM. */
  readonly emptyDataFrames: FrameRate;
  /** Frames without effect: PRIORITY, unknown types, frames on closed streams; past it ENHANCE_YOUR_CALM. */
  readonly idleFrames: FrameRate;
  /** Frames outside flow control (heads, replies) that wait for a peer which does not read; past it the socket is destroyed. */
  readonly unreadFrameBytesMax: number;
  /** Above it `write` says that there is no room; half of it calls `onWritable`. A write is never cut. */
  readonly streamQueueBytes: number;
  /**
   * Bytes queued over all streams for a peer that does not read. A stream that would queue behind so many is reset
   * with ENHANCE_YOUR_CALM; one message may reach past it, so that any answer can be sent to a peer that reads.
   */
  readonly connectionQueueBytesMax: number;
  /** The preface and the first SETTINGS, and each header block once begun, must be complete in time. */
  readonly prefaceTimeoutMs: number;
  readonly headerBlockTimeoutMs: number;
  /** From GOAWAY to the end of the socket, where the peer does not end it. */
  readonly closeTimeoutMs: number;
}

export const SERVER_LIMITS: Http2Limits = {
  frameBytesMax: 16_384,
  headerListBytesMax: 64 * 1024,
  headerBlockBytesMax: 64 * 1024,
  continuationFramesMax: 32,
  headerTableBytesMax: 4096,
  concurrentStreamsMax: 100_000,
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 16 * 1024 * 1024,
  streamResets: { burst: 2_000, perSecond: 200 },
  requests: undefined,
  settingsFrames: { burst: 100, perSecond: 10 },
  pingFrames: { burst: 1_000, perSecond: 100 },
  emptyDataFrames: { burst: 1_000, perSecond: 100 },
  idleFrames: { burst: 10_000, perSecond: 1_000 },
  unreadFrameBytesMax: 4 * 1024 * 1024,
  streamQueueBytes: 1024 * 1024,
  connectionQueueBytesMax: 256 * 1024 * 1024,
  prefaceTimeoutMs: 10_000,
  headerBlockTimeoutMs: 10_000,
  closeTimeoutMs: 1_000,
};

/** A client trusts its server more: it opens the streams itself, and answers are as large as they are. */
export const CLIENT_LIMITS: Http2Limits = {
  ...SERVER_LIMITS,
  concurrentStreamsMax: 0,
  streamWindowBytes: 4 * 1024 * 1024,
  connectionWindowBytes: 64 * 1024 * 1024,
  // What waits is the caller's own, and the caller has a say in how much that is.
  connectionQueueBytesMax: Number.POSITIVE_INFINITY,
  streamResets: { burst: 1_000_000, perSecond: 1_000_000 },
};

/** When a client's pings come too often, and when the server pings itself; numbers and defaults are those of etcd. */
export interface KeepaliveLimits {
  /** Pings closer together are strikes; the third in a row ends the connection (`too_many_pings`). */
  readonly pingIntervalMsMin: number;
  /** Whether pings without an open stream may come as often as with one. */
  readonly pingWithoutStream: boolean;
  /** After so long without a frame the server pings. */
  readonly idleBeforePingMs: number;
  /** And without an answer for so long, closes. */
  readonly pingTimeoutMs: number;
}

export const SERVER_KEEPALIVE: KeepaliveLimits = {
  pingIntervalMsMin: 5_000,
  pingWithoutStream: false,
  idleBeforePingMs: 7_200_000,
  pingTimeoutMs: 20_000,
};

/** Pings that come too early, before the connection ends. */
export const PING_STRIKES_MAX = 2;
/** Without a stream, and where that is not allowed, pings must be so far apart. */
export const PING_INTERVAL_WITHOUT_STREAM_MS = 7_200_000;

/** Bytes framed in one turn of the event loop for one connection; more waits for the next write. */
export const TURN_BYTES_MAX = 256 * 1024;
/** The outgoing buffer's sizes: a connection begins with the first and grows by doubling to the second. */
export const OUTPUT_BUFFER_BYTES_MIN = 2 * 1024;
export const OUTPUT_BUFFER_BYTES_MAX = 64 * 1024;
/** How often connections look at their timeouts. */
export const TICK_MS = 500;
/** Streams that ended last, of which we remember how: enough to judge frames that crossed our own on the way. */
export const CLOSED_STREAMS_REMEMBERED = 1_024;
