/**
 * A writer that keeps a fixed number of puts in flight against all members and writes down what it was told: each key
 * is written once, so a key that is there twice over, or an acknowledged one that is not, shows. It never retries;
 * a put without an answer has an unknown outcome and is left at that.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MemberProcess } from './cluster/member-process.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { PUT, putRequest, revisionOf } from './key-value.ts';

export interface Acknowledged {
  readonly value: string;
  readonly revision: number;
}

/** A put without an answer by then has an unknown outcome. */
const PUT_TIMEOUT_MS = 1_000;
/** Between two attempts at members that refuse. */
const BACKOFF_MS = 10;

export class Writer {
  readonly prefix: string;
  /** Key → what was acknowledged. Grows only. */
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Puts whose answer never came or was an error. Grows only. */
  unknownOutcomes = 0;
  private readonly members: readonly MemberProcess[];
  private readonly channels: GrpcChannel[];
  private started = 0;
  private stopping = false;
  private readonly lanes: Promise<void>[];
  private readonly waiting: { readonly startedAfterMs: number; readonly resolve: (atMs: number) => void }[] =
    [];

  constructor(members: readonly MemberProcess[], options: { prefix: string; inFlight: number }) {
    this.members = members;
    this.prefix = options.prefix;
    this.channels = members.map((member) => new GrpcChannel(member));
    this.lanes = Array.from({ length: options.inFlight }, (_, lane) => this.runLane(lane));
  }

  /** When, in performance.now(), the first put that was begun after this call is acknowledged. */
  nextAcknowledged(): Promise<number> {
    return new Promise((resolve) => this.waiting.push({ startedAfterMs: performance.now(), resolve }));
  }

  /** Begins no more puts and waits for those in flight. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.lanes);
    for (const channel of this.channels) channel.close();
  }

  private async runLane(lane: number): Promise<void> {
    for (let turn = lane; !this.stopping; turn++) {
      const at = turn % this.members.length;
      if (!this.members[at]!.isRunning) {
        await sleep(BACKOFF_MS);
        continue;
      }
      if (!this.channels[at]!.isOpen) this.channels[at] = new GrpcChannel(this.members[at]!);
      await this.putOnce(this.channels[at]!);
    }
  }

  private async putOnce(channel: GrpcChannel): Promise<void> {
    const key = `${this.prefix}${String(this.started++).padStart(8, '0')}`;
    const value = `value of ${key}`;
    const startedMs = performance.now();
    const answer = await channel.unary(PUT, putRequest(key, value), PUT_TIMEOUT_MS);
    if (answer.status !== 0) {
      this.unknownOutcomes++;
      await sleep(BACKOFF_MS);
      return;
    }
    this.acknowledged.set(key, { value, revision: revisionOf(answer) });
    const nowMs = performance.now();
    for (let at = this.waiting.length - 1; at >= 0; at--) {
      if (this.waiting[at]!.startedAfterMs > startedMs) continue;
      this.waiting[at]!.resolve(nowMs);
      this.waiting.splice(at, 1);
    }
  }
}
