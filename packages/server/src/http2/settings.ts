/** The SETTINGS of both sides of a connection (RFC 9113 section 6.5): what we announce, and what a peer's frame says. */
import {
  DEFAULT_FRAME_BYTES_MAX,
  DEFAULT_WINDOW_BYTES,
  ERROR_CODE,
  FRAME_BYTES_LARGEST,
  readUint32,
  SETTING,
  WINDOW_BYTES_LARGEST,
  writeUint32,
} from './frames.ts';
import { DEFAULT_TABLE_BYTES } from './hpack/encoder.ts';
import type { Http2Limits } from './limits.ts';

const SETTING_BYTES = 6;

export type ConnectionRole = 'server' | 'client';

/** What the peer allows us; the initial values are the protocol's own. */
export interface PeerSettings {
  headerTableBytes: number;
  concurrentStreamsMax: number;
  streamWindowBytes: number;
  frameBytesMax: number;
}

export function initialPeerSettings(): PeerSettings {
  return {
    headerTableBytes: DEFAULT_TABLE_BYTES,
    concurrentStreamsMax: Number.POSITIVE_INFINITY,
    streamWindowBytes: DEFAULT_WINDOW_BYTES,
    frameBytesMax: DEFAULT_FRAME_BYTES_MAX,
  };
}

/** The payload of our first SETTINGS. */
export function encodeSettings(role: ConnectionRole, limits: Http2Limits): Buffer {
  const pairs: [id: number, value: number][] = [
    [SETTING.headerTableSize, limits.headerTableBytesMax],
    [SETTING.initialWindowSize, limits.streamWindowBytes],
    [SETTING.maxFrameSize, limits.frameBytesMax],
    [SETTING.maxHeaderListSize, limits.headerListBytesMax],
    role === 'server' ? [SETTING.maxConcurrentStreams, limits.concurrentStreamsMax] : [SETTING.enablePush, 0],
  ];
  const payload = Buffer.alloc(pairs.length * SETTING_BYTES);
  pairs.forEach(([id, value], position) => {
    payload[position * SETTING_BYTES + 1] = id;
    writeUint32(payload, position * SETTING_BYTES + 2, value);
  });
  return payload;
}

/** Takes over what a peer's frame says; returns the error code of a value out of bounds, or undefined. */
export function applySettings(
  settings: PeerSettings,
  bytes: Uint8Array,
  start: number,
  end: number,
): number | undefined {
  for (let at = start; at < end; at += SETTING_BYTES) {
    const id = bytes[at]! * 256 + bytes[at + 1]!;
    const value = readUint32(bytes, at + 2);
    switch (id) {
      case SETTING.headerTableSize:
        settings.headerTableBytes = value;
        break;
      case SETTING.enablePush:
        if (value > 1) return ERROR_CODE.protocolError;
        break;
      case SETTING.maxConcurrentStreams:
        settings.concurrentStreamsMax = value;
        break;
      case SETTING.initialWindowSize:
        if (value > WINDOW_BYTES_LARGEST) return ERROR_CODE.flowControlError;
        settings.streamWindowBytes = value;
        break;
      case SETTING.maxFrameSize:
        if (value < DEFAULT_FRAME_BYTES_MAX || value > FRAME_BYTES_LARGEST) return ERROR_CODE.protocolError;
        settings.frameBytesMax = value;
        break;
      default:
        // Unknown settings are ignored (section 6.5.2), and we do not keep to a peer's list size: our heads are small.
        break;
    }
  }
  return undefined;
}
