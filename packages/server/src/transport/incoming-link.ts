/** One connection that a peer made: checks who it is, answers, then takes frames from it. Sends only answers to pings. */
import type { Socket } from 'node:net';
import type { Lane } from '@synod/consensus';
import { type Frame, FrameReader, frameHead } from './frames.ts';
import { type Answer, decodeHello, encodeAnswer, HELLO_BYTES, type Hello, mayBeHello } from './handshake.ts';
import { HANDSHAKE_TIMEOUT_MS, SILENCE_MAX_MS } from './limits.ts';
import { decodedOr } from './outgoing-link.ts';

export interface IncomingLinkOwner {
  /** Whether to let this peer in. */
  judge(hello: Hello): Answer;
  accepted(link: IncomingLink): void;
  received(from: string, lane: Lane, bytes: Uint8Array): void;
  /** Something that was no member, or spoke wrongly. */
  malformed(address: string): void;
  refused(hello: Hello, answer: Answer): void;
  ended(link: IncomingLink): void;
}

export class IncomingLink {
  private readonly socket: Socket;
  private readonly owner: IncomingLinkOwner;
  private readonly address: string;
  private early = Buffer.alloc(0);
  private readonly frames = new FrameReader();
  /** Who it is, once that is known. */
  hello: Hello | undefined;
  bytesReceived = 0;

  constructor(socket: Socket, owner: IncomingLinkOwner) {
    this.socket = socket;
    this.owner = owner;
    this.address = `${socket.remoteAddress}:${socket.remotePort}`;
    socket.setNoDelay(true);
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => socket.destroy());
    // The close that follows tells all that matters.
    socket.on('error', () => {});
    socket.on('close', () => owner.ended(this));
    socket.on('data', (chunk: Buffer) => this.read(chunk));
  }

  destroy(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    this.bytesReceived += chunk.length;
    if (this.hello !== undefined) {
      this.readFrames(chunk);
      return;
    }
    this.early = Buffer.concat([this.early, chunk]);
    if (!mayBeHello(this.early)) this.fail();
    else if (this.early.length >= HELLO_BYTES) this.greet();
  }

  private greet(): void {
    const hello = decodedOr(() => decodeHello(this.early.subarray(0, HELLO_BYTES)));
    if (hello === undefined) {
      this.fail();
      return;
    }
    if ('version' in hello) {
      this.socket.end(encodeAnswer({ kind: 'wrongVersion', version: hello.version }));
      return;
    }
    const answer = this.owner.judge(hello);
    if (answer.kind !== 'welcome') {
      this.socket.end(encodeAnswer(answer));
      this.owner.refused(hello, answer);
      return;
    }
    this.hello = hello;
    // A peer that lives pings more often than this.
    this.socket.setTimeout(SILENCE_MAX_MS * 2);
    this.socket.write(encodeAnswer(answer));
    this.owner.accepted(this);
    const rest = this.early.subarray(HELLO_BYTES);
    this.early = Buffer.alloc(0);
    if (rest.length > 0) this.readFrames(rest);
  }

  private readFrames(chunk: Buffer): void {
    const whole: Frame[] = [];
    const read = decodedOr(() => {
      this.frames.read(chunk, (frame) => whole.push(frame));
      return true;
    });
    // Outside the decoding: what the engine makes of good bytes must not be taken for a fault of the bytes.
    for (const frame of whole) this.take(frame);
    if (read === undefined) this.fail();
  }

  private take({ lane, bytes }: Frame): void {
    if (lane === 'ping') this.socket.write(Buffer.concat([frameHead('pong', bytes), bytes]));
    else if (lane !== 'pong') this.owner.received(this.hello!.from, lane, bytes);
  }

  private fail(): void {
    this.socket.destroy();
    this.owner.malformed(this.address);
  }
}
