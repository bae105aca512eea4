/** The streams of a connection that are open, and what is known of those that are not (RFC 9113 section 5.1.1). */
import { ClosedStreams, type StreamEnding } from './closed-streams.ts';
import { STREAM_ID_LARGEST } from './frames.ts';
import type { ConnectionRole } from './settings.ts';
import type { Http2Stream } from './stream.ts';

export class StreamTable {
  private readonly role: ConnectionRole;
  private readonly open = new Map<number, Http2Stream>();
  private readonly closed = new ClosedStreams();
  /** The highest id the peer opened; monotonic. */
  lastPeerId = 0;
  /** Client: the id of our next stream; monotonic. */
  private nextOwnId = 1;
  /** Server, after GOAWAY: requests above it are not taken. */
  lastTakenId = STREAM_ID_LARGEST;
  /** Streams opened in this connection's life. */
  opened = 0;

  constructor(role: ConnectionRole) {
    this.role = role;
  }

  get size(): number {
    return this.open.size;
  }

  get(streamId: number): Http2Stream | undefined {
    return this.open.get(streamId);
  }

  all(): Http2Stream[] {
    return [...this.open.values()];
  }

  get hasOwnIdLeft(): boolean {
    return this.nextOwnId <= STREAM_ID_LARGEST;
  }

  takeOwnId(): number {
    const id = this.nextOwnId;
    this.nextOwnId += 2;
    return id;
  }

  add(stream: Http2Stream): void {
    this.opened++;
    this.open.set(stream.id, stream);
  }

  remove(streamId: number, ending: StreamEnding): void {
    this.open.delete(streamId);
    this.closed.remember(streamId, ending);
  }

  clear(): void {
    this.open.clear();
  }

  /** undefined: it ended too long ago, or was never opened. */
  endingOf(streamId: number): StreamEnding | undefined {
    return this.closed.endingOf(streamId);
  }

  /** A request may begin with this id: odd, and higher than all before. */
  isNewPeerId(streamId: number): boolean {
    return this.role === 'server' && streamId % 2 === 1 && streamId > this.lastPeerId;
  }

  /** Never opened by either side, so that nothing but HEADERS may name it. */
  isIdle(streamId: number): boolean {
    const ownParity = this.role === 'client' ? 1 : 0;
    if (streamId % 2 !== ownParity) return streamId > this.lastPeerId;
    return this.role === 'client' ? streamId >= this.nextOwnId : true;
  }
}
