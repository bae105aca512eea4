/**
 * How the streams that ended last came to their end. A frame for a closed stream is judged by it (RFC 9113 section 5.1):
 * one that crossed our own reset on the way is harmless; one behind the peer's own end is an error.
 */
import { CLOSED_STREAMS_REMEMBERED } from './limits.ts';

export type StreamEnding = 'finished' | 'resetByUs' | 'resetByPeer';

const ENDINGS: readonly StreamEnding[] = ['finished', 'resetByUs', 'resetByPeer'];

export class ClosedStreams {
  /** Ids and endings side by side, oldest overwritten first; id 0 marks a place never used. */
  private readonly ids = new Uint32Array(CLOSED_STREAMS_REMEMBERED);
  private readonly endings = new Uint8Array(CLOSED_STREAMS_REMEMBERED);
  private next = 0;

  remember(streamId: number, ending: StreamEnding): void {
    this.ids[this.next] = streamId;
    this.endings[this.next] = ENDINGS.indexOf(ending);
    this.next = (this.next + 1) % CLOSED_STREAMS_REMEMBERED;
  }

  /** undefined: it ended too long ago, or was never opened. */
  endingOf(streamId: number): StreamEnding | undefined {
    const position = this.ids.indexOf(streamId);
    return position < 0 ? undefined : ENDINGS[this.endings[position]!];
  }
}
