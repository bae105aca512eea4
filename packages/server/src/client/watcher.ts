/**
 * One watch that outlives its connections: after a loss it goes on elsewhere from the revision behind the last one seen, so
 * that nothing is missed and nothing comes twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { STATUS } from '../grpc/status.ts';
import { CallFailure } from './call-failure.ts';
import type { EtcdClient, EtcdStream } from './etcd-client.ts';
import { RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN, WATCH_ANSWERS_WAITING_MAX } from './limits.ts';
import { nothing } from './messages/answer.ts';
import {
  type WatchCreateRequest,
  type WatchResponse,
  watchCreateRequest,
  type watchRequest,
} from './messages/watch.ts';
import { RPC } from './rpc.ts';

type Request = ReturnType<typeof watchRequest.empty>;

export class Watcher {
  private readonly client: EtcdClient;
  private readonly request: WatchCreateRequest;
  private stream: EtcdStream<Request> | undefined = undefined;
  /** Where to go on after a loss; 0: nothing was seen yet, and the server chooses. */
  private nextRevision: number;
  private waiting: WatchResponse[] = [];
  private ended: CallFailure | 'closed' | 'lost' | undefined = undefined;
  private wake: () => void = () => undefined;
  private closed = false;
  /** Asked for before there was a stream to ask on. */
  private wantsProgress = false;

  constructor(client: EtcdClient, request: Partial<WatchCreateRequest>) {
    this.client = client;
    this.request = { ...watchCreateRequest.empty(), ...request };
    this.nextRevision = this.request.start_revision;
  }

  /**
   * What comes, in order, progress among it; the end is an answer that says so (`canceled`), or `close`.
   * @throws CallFailure
   */
  async *answers(): AsyncGenerator<WatchResponse> {
    let delayMs = RETRY_DELAY_MS_MIN;
    while (!this.closed) {
      await this.open();
      for (;;) {
        const answer = this.waiting.shift();
        if (answer !== undefined) {
          if (this.waiting.length === 0) this.stream?.resume();
          delayMs = RETRY_DELAY_MS_MIN;
          if (answer.created && !answer.canceled) continue;
          yield answer;
          if (answer.canceled) {
            this.close();
            return;
          }
        } else if (this.ended === undefined)
          await new Promise<void>((resolve) => (this.wake = () => resolve()));
        else break;
      }
      if (this.ended instanceof CallFailure) throw this.ended;
      if (this.ended === 'lost') await sleep(delayMs);
      delayMs = Math.min(2 * delayMs, RETRY_DELAY_MS_MAX);
    }
  }

  /** Asks how far the watch has come; the answer has no events. */
  requestProgress(): void {
    if (this.stream === undefined) this.wantsProgress = true;
    else this.stream.send({ progress_request: nothing.empty() });
  }

  /** Closes it at the signal, though it came already. */
  closeAt(signal: AbortSignal): void {
    if (signal.aborted) this.close();
    else signal.addEventListener('abort', () => this.close(), { once: true });
  }

  close(): void {
    this.closed = true;
    this.ended = 'closed';
    this.stream?.cancel();
    this.wake();
  }

  private async open(): Promise<void> {
    this.ended = undefined;
    this.stream = await this.client.stream<Request, WatchResponse>(
      RPC.watch,
      {
        onMessage: (answer) => this.take(answer),
        onEnd: ({ code, text }) => {
          if (this.ended === 'closed') return;
          // As etcd's client: what may be better elsewhere is tried elsewhere.
          const mayPass = code === STATUS.unavailable || code === STATUS.cancelled || code === STATUS.ok;
          this.ended = mayPass ? 'lost' : new CallFailure('call', { code, text });
          this.wake();
        },
      },
      { needsLeader: true },
    );
    if (this.closed) this.stream.cancel();
    else {
      this.stream.send({ create_request: { ...this.request, start_revision: this.nextRevision } });
      if (this.wantsProgress) this.requestProgress();
      this.wantsProgress = false;
    }
  }

  private take(answer: WatchResponse): void {
    const revision = answer.header?.revision ?? 0;
    const last = answer.events.at(-1)?.kv?.mod_revision;
    if (answer.created) {
      if (this.nextRevision === 0) this.nextRevision = revision + 1;
    } else if (last !== undefined) this.nextRevision = last + 1;
    else if (!answer.canceled) this.nextRevision = Math.max(this.nextRevision, revision + 1);
    this.waiting.push(answer);
    if (this.waiting.length >= WATCH_ANSWERS_WAITING_MAX) this.stream?.pause();
    this.wake();
  }
}
