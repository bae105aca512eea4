/** Writes the small frames: those that are a few numbers. */
import type { ConnectionOutput } from './connection-output.ts';
import { FLAG, FRAME, FRAME_HEADER_BYTES, writeFrameHeader, writeUint32 } from './frames.ts';

const NOTHING = new Uint8Array(0);

export function writeWindowUpdate(output: ConnectionOutput, streamId: number, increment: number): void {
  writeNumber(output, FRAME.windowUpdate, streamId, increment);
}

export function writeRstStream(output: ConnectionOutput, streamId: number, code: number): void {
  writeNumber(output, FRAME.rstStream, streamId, code);
}

function writeNumber(output: ConnectionOutput, type: number, streamId: number, value: number): void {
  output.reserve(FRAME_HEADER_BYTES + 4);
  const at = writeFrameHeader(output.buffer, output.length, 4, type, 0, streamId);
  writeUint32(output.buffer, at, value);
  output.length = at + 4;
}

export function writeSettingsAck(output: ConnectionOutput): void {
  output.frame(FRAME.settings, FLAG.ack, 0, NOTHING);
}

/** Our own ping: eight bytes of text that come back. */
export function writePing(output: ConnectionOutput, text: string): void {
  output.frame(FRAME.ping, 0, 0, Buffer.from(text, 'latin1'));
}

export interface Goaway {
  readonly code: number;
  /** For humans; grpc clients read `too_many_pings`. */
  readonly text: string;
  /** Streams above it were not and will not be looked at. */
  readonly lastStreamId: number;
}

export function writeGoaway(output: ConnectionOutput, goaway: Goaway): void {
  const payload = Buffer.alloc(8 + goaway.text.length);
  writeUint32(payload, 0, goaway.lastStreamId);
  writeUint32(payload, 4, goaway.code);
  payload.write(goaway.text, 8, 'latin1');
  output.frame(FRAME.goaway, 0, 0, payload);
}
