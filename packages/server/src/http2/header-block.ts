/** A header block that comes in several frames (RFC 9113 section 4.3): gathered up to its end, within limits. */
import { type Breach, limitReached } from './connection-end.ts';
import type { Http2Limits } from './limits.ts';

export class HeaderBlockInParts {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly beganAtMs: number;
  private readonly limits: Http2Limits;
  private readonly parts: Uint8Array[] = [];
  private bytes = 0;

  constructor(limits: Http2Limits, streamId: number, endStream: boolean, nowMs: number) {
    this.limits = limits;
    this.streamId = streamId;
    this.endStream = endStream;
    this.beganAtMs = nowMs;
  }

  add(part: Uint8Array): Breach | undefined {
    this.parts.push(part);
    this.bytes += part.length;
    if (this.bytes > this.limits.headerBlockBytesMax) return limitReached('headerBlockBytesMax');
    if (this.parts.length > this.limits.continuationFramesMax + 1)
      return limitReached('continuationFramesMax');
    return undefined;
  }

  whole(): Buffer {
    return Buffer.concat(this.parts, this.bytes);
  }
}
