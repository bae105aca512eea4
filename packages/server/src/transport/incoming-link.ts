/** One connection that a peer made: checks who it is, answers, then takes frames from it. Sends only answers to pings. */
import type { Socket } from 'node:net';
import { assert, type Lane } from '@synod/consensus';
import { isTlsStart } from '../tls/handshake-failure.ts';
import {
  CLUSTER_QUESTION,
  type ClusterFacts,
  encodeClusterFacts,
  mayBeClusterQuestion,
} from './cluster-question.ts';
import { decodedOr, type Frame, FrameReader, frameHead } from './frames.ts';
import {
  type Answer,
  decodeHello,
  describeStranger,
  encodeAnswer,
  type ForeignHello,
  HELLO_BYTES,
  type Hello,
  mayBeHello,
} from './handshake.ts';
import { decodeIntroduction } from './introduction.ts';
import type { TransportTiming } from './limits.ts';
import type { Refusal } from './refusal-log.ts';

export interface IncomingLinkOwner {
  /** Whether to let this peer in. */
  judge(hello: Hello | ForeignHello): Answer;
  accepted(link: IncomingLink): void;
  received(from: string, lane: Lane, bytes: Uint8Array): void;
  /** Where the peer says that it can be reached. */
  introduced(from: string, urls: readonly string[]): void;
  /** For whoever asks what cluster this is before it is a member of any; undefined: it cannot be told now. */
  clusterFacts(): ClusterFacts | undefined;
  /** Something that was no member, was not meant for this one, or spoke wrongly; the connection is being closed. */
  refused(address: string, refusal: Refusal): void;
  /** A member sent bytes that are no frames. */
  malformed(from: string): void;
  ended(link: IncomingLink): void;
}

export class IncomingLink {
  private readonly socket: Socket;
  private readonly timing: TransportTiming;
  private readonly owner: IncomingLinkOwner;
  /** Without the port: what a stranger cannot choose at will. */
  private readonly address: string;
  private readonly handshakeTimer: NodeJS.Timeout;
  private early = Buffer.alloc(0);
  private readonly frames = new FrameReader();
  /** Who it is, once that is known. */
  hello: Hello | undefined;
  bytesReceived = 0;

  constructor(socket: Socket, timing: TransportTiming, owner: IncomingLinkOwner) {
    this.socket = socket;
    this.timing = timing;
    this.owner = owner;
    this.address = socket.remoteAddress ?? 'unknown';
    socket.setNoDelay(true);
    // A whole deadline, not the socket's idle one: a byte now and then must not keep a stranger here.
    this.handshakeTimer = setTimeout(() => this.giveUp(), timing.handshakeTimeoutMs);
    // The close that follows tells all that matters.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(this.handshakeTimer);
      owner.ended(this);
    });
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
    // Said goodbye to already.
    if (this.socket.writableEnded) return;
    this.early = Buffer.concat([this.early, chunk]);
    if (mayBeClusterQuestion(this.early)) this.tellOfCluster();
    else if (!mayBeHello(this.early)) this.refuseForeign();
    else if (this.early.length >= HELLO_BYTES) this.greet();
  }

  private tellOfCluster(): void {
    if (this.early.length < CLUSTER_QUESTION.length) return;
    const facts = this.owner.clusterFacts();
    if (facts === undefined) this.socket.destroy();
    else this.socket.end(encodeClusterFacts(facts));
  }

  private refuseForeign(): void {
    if (isTlsStart(this.early))
      this.fail('tls', 'TLS came to an address that speaks plaintext; use https:// on both sides or on none');
    else this.fail('noMember', 'bytes that are not of a member');
  }

  private greet(): void {
    const hello = decodedOr(() => decodeHello(this.early.subarray(0, HELLO_BYTES)));
    if (hello === undefined) {
      this.fail('noMember', 'bytes that are not of a member');
      return;
    }
    const answer = this.owner.judge(hello);
    if (answer.kind !== 'welcome') {
      // The answer leaves, whether or not the other side reads it; the timer closes what it leaves open.
      this.socket.end(encodeAnswer(answer));
      this.owner.refused(this.address, { kind: answer.kind, reason: describeStranger(hello, answer) });
      return;
    }
    assert(!('version' in hello), 'only a hello that can be read is welcome');
    clearTimeout(this.handshakeTimer);
    this.hello = hello;
    // A peer that lives pings more often than this.
    this.socket.setTimeout(this.timing.silenceMaxMs * 2, () => this.socket.destroy());
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
    if (read !== undefined) return;
    this.fail('malformed', 'a member sent bytes that are no frames');
    this.owner.malformed(this.hello!.from);
  }

  private take({ lane, bytes }: Frame): void {
    if (lane === 'ping') this.socket.write(Buffer.concat([frameHead('pong', bytes), bytes]));
    else if (lane === 'introduction') this.owner.introduced(this.hello!.from, decodeIntroduction(bytes));
    else if (lane !== 'pong') this.owner.received(this.hello!.from, lane, bytes);
  }

  /** The time for first words is over. Of one that was refused, all is said. */
  private giveUp(): void {
    if (this.socket.writableEnded) this.socket.destroy();
    else this.fail('silent', 'a connection that did not say whose it is');
  }

  private fail(kind: string, what: string): void {
    this.socket.destroy();
    this.owner.refused(this.address, { kind, reason: `${what}; the connection was closed` });
  }
}
