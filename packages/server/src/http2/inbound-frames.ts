/**
 * Every frame that arrives (RFC 9113 section 6): checked, and turned into what it does to a stream, a window or the
 * connection. A frame that costs the connection comes back as a breach; nothing here writes GOAWAY or touches the socket.
 */

import type { Http2Connection } from './connection.ts';
import { type Breach, limitReached, violation } from './connection-end.ts';
import { writeSettingsAck, writeWindowUpdate } from './control-frames.ts';
import type { Frame, FrameSink } from './frame-reader.ts';
import { ERROR_CODE, FLAG, FRAME, readUint31, readUint32 } from './frames.ts';
import { DEFAULT_TABLE_BYTES } from './hpack/encoder.ts';
import { InboundBlocks } from './inbound-blocks.ts';
import { applySettings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

const PRIORITY_BYTES = 5;
const PING_BYTES = 8;
const GOAWAY_BYTES_MIN = 8;
/** Of the text that a peer gives with its GOAWAY. */
const GOAWAY_TEXT_BYTES_MAX = 256;

export class InboundFrames implements FrameSink {
  private readonly connection: Http2Connection;
  readonly blocks: InboundBlocks;
  /** The peer's first SETTINGS have come. Monotonic. */
  settingsSeen = false;

  constructor(connection: Http2Connection) {
    this.connection = connection;
    this.blocks = new InboundBlocks(connection);
  }

  frameTooLarge(length: number, type: number): void {
    const { frameBytesMax } = this.connection.limits;
    this.connection.fail(
      violation(
        ERROR_CODE.frameSizeError,
        `a frame of type ${type} and ${length} bytes, ${frameBytesMax} are allowed`,
      ),
    );
  }

  frame(frame: Frame): boolean {
    const breach = this.take(frame);
    if (breach !== undefined) this.connection.fail(breach);
    return !this.connection.hasEnded;
  }

  private take(frame: Frame): Breach | undefined {
    if (!this.blocks.expects(frame))
      return violation(ERROR_CODE.protocolError, 'another frame within a header block');
    if (!this.settingsSeen && (frame.type !== FRAME.settings || frame.has(FLAG.ack)))
      return violation(ERROR_CODE.protocolError, 'the first frame is not SETTINGS');
    switch (frame.type) {
      case FRAME.data:
        return this.onData(frame);
      case FRAME.headers:
        return this.blocks.onHeaders(frame);
      case FRAME.priority:
        return this.onPriority(frame);
      case FRAME.rstStream:
        return this.onRstStream(frame);
      case FRAME.settings:
        return this.onSettings(frame);
      case FRAME.pushPromise:
        return violation(ERROR_CODE.protocolError, 'PUSH_PROMISE is not allowed');
      case FRAME.ping:
        return this.onPing(frame);
      case FRAME.goaway:
        return this.onGoaway(frame);
      case FRAME.windowUpdate:
        return this.onWindowUpdate(frame);
      case FRAME.continuation:
        return this.blocks.onContinuation(frame);
      default:
        // Unknown types are ignored (section 4.1).
        return this.connection.floods.spend('idleFrames');
    }
  }

  private onData(frame: Frame): Breach | undefined {
    const { connection } = this;
    const { streamId, bytes, length } = frame;
    let { start, end } = frame;
    if (streamId === 0) return violation(ERROR_CODE.protocolError, 'DATA on stream 0');
    if (!connection.receiveWindow.take(length))
      return violation(ERROR_CODE.flowControlError, 'DATA past the connection window');
    const increment = connection.receiveWindow.giveBack();
    if (increment > 0) writeWindowUpdate(connection.output, 0, increment);
    if (frame.has(FLAG.padded)) {
      const padding = start < end ? bytes[start]! : 0;
      if (padding >= length) return violation(ERROR_CODE.protocolError, 'more padding than frame');
      start++;
      end -= padding;
    }
    const stream = connection.streams.get(streamId);
    if (stream === undefined) return this.onFrameOfNoStream(streamId, 'DATA');
    if (stream.remoteEnded) return connection.abandonStream(stream, ERROR_CODE.streamClosed);
    if (!stream.headersReceived) return connection.abandonStream(stream, ERROR_CODE.protocolError);
    if (!stream.receiveWindow.take(length))
      return connection.abandonStream(stream, ERROR_CODE.flowControlError);
    const ends = frame.has(FLAG.endStream);
    if (!ends) this.returnWindow(stream);
    if (start === end && !ends) return connection.floods.spend('emptyDataFrames');
    if (!contentFits(stream, end - start, ends))
      return connection.abandonStream(stream, ERROR_CODE.protocolError);
    if (start < end) stream.handler.onData(bytes, start, end);
    if (ends && !stream.closed) connection.remoteSideEnded(stream, undefined);
    return undefined;
  }

  private returnWindow(stream: Http2Stream): void {
    const increment = stream.receiveWindow.giveBack();
    if (increment > 0) writeWindowUpdate(this.connection.output, stream.id, increment);
  }

  private onPriority(frame: Frame): Breach | undefined {
    const { connection } = this;
    const { streamId } = frame;
    if (streamId === 0) return violation(ERROR_CODE.protocolError, 'PRIORITY on stream 0');
    if (frame.length !== PRIORITY_BYTES) return connection.streamError(streamId, ERROR_CODE.frameSizeError);
    if (readUint31(frame.bytes, frame.start) === streamId)
      return connection.streamError(streamId, ERROR_CODE.protocolError);
    return connection.floods.spend('idleFrames');
  }

  private onRstStream(frame: Frame): Breach | undefined {
    const { connection } = this;
    if (frame.streamId === 0) return violation(ERROR_CODE.protocolError, 'RST_STREAM on stream 0');
    if (frame.length !== 4) return violation(ERROR_CODE.frameSizeError, 'RST_STREAM is four bytes');
    const stream = connection.streams.get(frame.streamId);
    if (stream === undefined) return this.onFrameOfNoStream(frame.streamId, 'RST_STREAM');
    connection.streamResetByPeer(stream, readUint32(frame.bytes, frame.start));
    return connection.floods.spend('streamResets');
  }

  private onSettings(frame: Frame): Breach | undefined {
    const { connection } = this;
    const { peer, sender } = connection;
    if (frame.streamId !== 0) return violation(ERROR_CODE.protocolError, 'SETTINGS on a stream');
    if (frame.has(FLAG.ack)) {
      if (frame.length === 0) return connection.floods.spend('settingsFrames');
      return violation(ERROR_CODE.frameSizeError, 'a SETTINGS acknowledgement with a payload');
    }
    if (frame.length % 6 !== 0) return violation(ERROR_CODE.frameSizeError, 'SETTINGS in part');
    this.settingsSeen = true;
    const windowBefore = peer.streamWindowBytes;
    const tableBefore = peer.headerTableBytes;
    const error = applySettings(peer, frame.bytes, frame.start, frame.end);
    if (error !== undefined) return violation(error, 'a setting out of its bounds');
    if (peer.headerTableBytes !== tableBefore) {
      connection.encoder.allowTableBytes(peer.headerTableBytes);
      sender.confirmsEmptyTable = connection.role === 'server' && peer.headerTableBytes < DEFAULT_TABLE_BYTES;
    }
    writeSettingsAck(connection.output);
    const change = peer.streamWindowBytes - windowBefore;
    if (change !== 0)
      // The initial window counts for streams that are open, too (section 6.9.2).
      for (const stream of connection.streams.all())
        if (!sender.widenStream(stream, change))
          return violation(ERROR_CODE.flowControlError, 'a window past 2^31-1');
    if (connection.role === 'client') connection.host.streamsFreed();
    return connection.floods.spend('settingsFrames');
  }

  private onPing(frame: Frame): Breach | undefined {
    const { connection } = this;
    if (frame.streamId !== 0) return violation(ERROR_CODE.protocolError, 'PING on a stream');
    if (frame.length !== PING_BYTES) return violation(ERROR_CODE.frameSizeError, 'PING is eight bytes');
    if (frame.has(FLAG.ack)) {
      connection.pingAnswered();
      return undefined;
    }
    const verdict =
      connection.role === 'server'
        ? connection.pings.pingReceived(connection.nowMs, connection.openStreams)
        : 'counted';
    if (verdict === 'tooMany') return limitReached('pingIntervalMsMin');
    connection.output.framePart(FRAME.ping, FLAG.ack, 0, frame.bytes, frame.start, frame.end);
    return verdict === 'excused' ? undefined : connection.floods.spend('pingFrames');
  }

  private onGoaway(frame: Frame): Breach | undefined {
    const { bytes, start, end } = frame;
    if (frame.streamId !== 0) return violation(ERROR_CODE.protocolError, 'GOAWAY on a stream');
    if (frame.length < GOAWAY_BYTES_MIN) return violation(ERROR_CODE.frameSizeError, 'GOAWAY in part');
    const textEnd = Math.min(end, start + GOAWAY_BYTES_MIN + GOAWAY_TEXT_BYTES_MAX);
    this.connection.peerGoesAway({
      lastStreamId: readUint31(bytes, start),
      code: readUint32(bytes, start + 4),
      text: bytes.toString('latin1', start + GOAWAY_BYTES_MIN, textEnd),
    });
    return undefined;
  }

  private onWindowUpdate(frame: Frame): Breach | undefined {
    const { connection } = this;
    const { streamId } = frame;
    if (frame.length !== 4) return violation(ERROR_CODE.frameSizeError, 'WINDOW_UPDATE is four bytes');
    const increment = readUint31(frame.bytes, frame.start);
    if (streamId === 0) {
      if (increment === 0) return violation(ERROR_CODE.protocolError, 'WINDOW_UPDATE by 0');
      if (connection.sender.widen(increment)) return undefined;
      return violation(ERROR_CODE.flowControlError, 'a window past 2^31-1');
    }
    const stream = connection.streams.get(streamId);
    if (stream === undefined) return this.onFrameOfNoStream(streamId, 'WINDOW_UPDATE');
    if (increment === 0) return connection.abandonStream(stream, ERROR_CODE.protocolError);
    if (connection.sender.widenStream(stream, increment)) return undefined;
    return connection.abandonStream(stream, ERROR_CODE.flowControlError);
  }

  /** A frame for a stream that is not open (section 5.1): it crossed the end on its way, or breaks the rules. */
  private onFrameOfNoStream(
    streamId: number,
    frame: 'DATA' | 'RST_STREAM' | 'WINDOW_UPDATE',
  ): Breach | undefined {
    const { streams, floods } = this.connection;
    if (streams.isIdle(streamId))
      return violation(ERROR_CODE.protocolError, `${frame} on idle stream ${streamId}`);
    const notTaken = streamId > streams.lastTakenId;
    if (frame === 'DATA' && !notTaken && streams.endingOf(streamId) !== 'resetByUs')
      return violation(ERROR_CODE.streamClosed, `DATA on closed stream ${streamId}`);
    return floods.spend('idleFrames');
  }
}

/** Counts DATA against content-length, where there was one; `false`: it comes out wrong. */
function contentFits(stream: Http2Stream, bytes: number, ends: boolean): boolean {
  if (stream.contentBytesLeft < 0) return true;
  stream.contentBytesLeft -= bytes;
  return ends ? stream.contentBytesLeft === 0 : stream.contentBytesLeft >= 0;
}
