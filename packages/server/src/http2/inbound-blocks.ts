/**
 * HEADERS and CONTINUATION as they arrive (RFC 9113 sections 6.2, 6.10 and 8.1): blocks are gathered, decoded whatever
 * becomes of them (the tables of both sides must agree), and begin a request, an answer or its end.
 */

import type { Http2Connection } from './connection.ts';
import { type Breach, violation } from './connection-end.ts';
import type { Frame } from './frame-reader.ts';
import { ERROR_CODE, FLAG, FRAME, readUint31 } from './frames.ts';
import { HeaderBlockInParts } from './header-block.ts';
import { HpackDecoder, HpackError } from './hpack/decoder.ts';
import { encodeStateless } from './hpack/encoder.ts';
import type { HeaderList } from './hpack/header-field.ts';
import type { Http2Stream } from './stream.ts';

const HEADERS_TOO_LARGE = encodeStateless([[':status', '431']]);
const PRIORITY_BYTES = 5;

export class InboundBlocks {
  private readonly connection: Http2Connection;
  private readonly decoder: HpackDecoder;
  /** The block that has begun and not ended; until then no other frame may come. */
  private unfinished: HeaderBlockInParts | undefined = undefined;

  constructor(connection: Http2Connection) {
    this.connection = connection;
    this.decoder = new HpackDecoder({
      tableBytesMax: connection.limits.headerTableBytesMax,
      listBytesMax: connection.limits.headerListBytesMax,
    });
  }

  /** Whether the frame may come now. */
  expects(frame: Frame): boolean {
    if (this.unfinished === undefined) return true;
    return frame.type === FRAME.continuation && frame.streamId === this.unfinished.streamId;
  }

  /** Since when a block is unfinished. */
  get unfinishedSinceMs(): number | undefined {
    return this.unfinished?.beganAtMs;
  }

  onHeaders(frame: Frame): Breach | undefined {
    const { streamId, bytes } = frame;
    let { start, end } = frame;
    if (streamId === 0) return violation(ERROR_CODE.protocolError, 'HEADERS on stream 0');
    if (frame.has(FLAG.padded)) end -= start < end ? bytes[start++]! : 1;
    if (frame.has(FLAG.priority)) {
      if (end - start >= PRIORITY_BYTES && readUint31(bytes, start) === streamId)
        return violation(ERROR_CODE.protocolError, 'a stream depends on itself');
      start += PRIORITY_BYTES;
    }
    if (start > end)
      return violation(ERROR_CODE.protocolError, 'HEADERS shorter than its padding and priority');
    const ends = frame.has(FLAG.endStream);
    if (frame.has(FLAG.endHeaders)) return this.onBlock(streamId, ends, bytes, start, end);
    const { limits } = this.connection;
    this.unfinished = new HeaderBlockInParts(limits, streamId, ends, this.connection.nowMs);
    return this.unfinished.add(bytes.subarray(start, end));
  }

  onContinuation(frame: Frame): Breach | undefined {
    const block = this.unfinished;
    if (block === undefined) return violation(ERROR_CODE.protocolError, 'CONTINUATION of nothing');
    const breach = block.add(frame.bytes.subarray(frame.start, frame.end));
    if (breach !== undefined || !frame.has(FLAG.endHeaders)) return breach;
    this.unfinished = undefined;
    const whole = block.whole();
    return this.onBlock(block.streamId, block.endStream, whole, 0, whole.length);
  }

  private onBlock(
    streamId: number,
    ends: boolean,
    bytes: Buffer<ArrayBufferLike>,
    start: number,
    end: number,
  ): Breach | undefined {
    let headers: HeaderList;
    try {
      headers = this.decoder.decode(bytes, start, end);
    } catch (error) {
      if (error instanceof HpackError) return violation(ERROR_CODE.compressionError, error.message);
      throw error;
    }
    const { streams } = this.connection;
    const stream = streams.get(streamId);
    if (stream !== undefined) return this.onLaterBlock(stream, headers, ends);
    if (streams.isNewPeerId(streamId)) return this.onRequest(streamId, headers, ends);
    switch (streams.endingOf(streamId)) {
      case 'resetByUs':
        return this.connection.floods.spend('idleFrames');
      case undefined:
        return violation(ERROR_CODE.protocolError, `HEADERS on stream ${streamId}`);
      default:
        return violation(ERROR_CODE.streamClosed, `HEADERS on closed stream ${streamId}`);
    }
  }

  private onRequest(streamId: number, headers: HeaderList, ends: boolean): Breach | undefined {
    const { connection } = this;
    const { streams, limits, sender } = connection;
    streams.lastPeerId = streamId;
    if (streamId > streams.lastTakenId) return undefined;
    if (streams.size >= limits.concurrentStreamsMax)
      return connection.refuseStream(streamId, ERROR_CODE.refusedStream);
    if (headers.tooLarge) {
      sender.writeHeaderBlock(streamId, HEADERS_TOO_LARGE, FLAG.endStream);
      return connection.refuseStream(streamId, ERROR_CODE.noError);
    }
    const stream = connection.newStream(streamId);
    if (!headers.isRequest || !stateContentLength(stream, headers, ends))
      return connection.refuseStream(streamId, ERROR_CODE.protocolError);
    streams.add(stream);
    stream.headersReceived = true;
    // Known before the handler runs: a request that is whole and answered at once needs no reset behind the answer.
    stream.remoteEnded = ends;
    stream.handler = connection.host.streamOpened(stream, headers);
    if (ends && !stream.closed) connection.remoteSideEnded(stream, undefined);
    return undefined;
  }

  /** A client's answer, or either side's trailers. */
  private onLaterBlock(stream: Http2Stream, headers: HeaderList, ends: boolean): Breach | undefined {
    const { connection } = this;
    if (stream.remoteEnded) return connection.abandonStream(stream, ERROR_CODE.streamClosed);
    if (headers.tooLarge) return connection.abandonStream(stream, ERROR_CODE.enhanceYourCalm);
    if (!stream.headersReceived) return this.onAnswer(stream, headers, ends);
    if (!ends || !headers.isTrailers || stream.contentBytesLeft > 0)
      return connection.abandonStream(stream, ERROR_CODE.protocolError);
    connection.remoteSideEnded(stream, headers);
    return undefined;
  }

  private onAnswer(stream: Http2Stream, headers: HeaderList, ends: boolean): Breach | undefined {
    if (!headers.isResponse) return this.connection.abandonStream(stream, ERROR_CODE.protocolError);
    // An interim answer (1xx) announces the one that counts.
    if (headers.status!.startsWith('1') && !ends) return undefined;
    stream.headersReceived = true;
    stream.handler.onHeaders(headers);
    if (ends && !stream.closed) this.connection.remoteSideEnded(stream, undefined);
    return undefined;
  }
}

/** Takes over content-length; `false`: it is no number, or the message is over and it was not 0. */
function stateContentLength(stream: Http2Stream, headers: HeaderList, ends: boolean): boolean {
  const stated = headers.contentLength;
  if (stated === undefined) return true;
  if (!/^\d{1,15}$/.test(stated)) return false;
  stream.contentBytesLeft = Number(stated);
  return !ends || stream.contentBytesLeft === 0;
}
