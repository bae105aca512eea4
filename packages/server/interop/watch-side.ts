/** One stream of watches, at one of the two that are compared: what was sent there and what came back, by kind. */
import assert from 'node:assert/strict';
import type { GrpcChannel } from './grpc-channel.ts';
import type { GrpcStream } from './grpc-stream.ts';
import { type ComparedPath, type Plain, plainAnswer, plainWatchResponse } from './message-shapes.ts';
import { type WatchStep, watchRequest } from './random-watch-steps.ts';

export interface Told {
  readonly watchId: number;
  readonly headerRevision: number;
  readonly events: readonly unknown[];
}

export class WatchSide {
  private readonly channel: GrpcChannel;
  private readonly stream: GrpcStream;
  /** Made and not ended, as far as this stream said. */
  private readonly known = new Set<number>();

  constructor(channel: GrpcChannel) {
    this.channel = channel;
    this.stream = channel.open('/etcdserverpb.Watch/Watch');
  }

  send(step: Exclude<WatchStep, { readonly kind: 'call' }>): void {
    this.stream.send(watchRequest(step));
  }

  async unary(
    path: ComparedPath,
    bytes: Buffer,
  ): Promise<{ readonly status: number; readonly text: string; readonly answer: unknown }> {
    const { status, text, message } = await this.channel.unary(path, bytes);
    return { status, text, answer: message === undefined ? undefined : plainAnswer(path, message) };
  }

  /** The next answer, which must be one without events. */
  async answer(): Promise<Plain> {
    const response = await this.next();
    assert.equal(response['events'], undefined, `events out of turn: ${JSON.stringify(response)}`);
    const id = Number(response['watchId'] ?? 0);
    if (response['created'] !== undefined && response['canceled'] === undefined) this.known.add(id);
    else if (response['canceled'] !== undefined) this.known.delete(id);
    return response;
  }

  /** So many events of one watch, over as many answers as it takes: those of the past come as the server reads them. */
  async eventsOf(watchId: number, count: number): Promise<unknown[]> {
    const events: unknown[] = [];
    while (events.length < count) {
      const told = await this.told();
      assert.equal(told.watchId, watchId);
      events.push(...told.events);
    }
    return events;
  }

  /** One answer to each of these watches, in the order of their ids. */
  async live(watches: ReadonlyMap<number, readonly unknown[]>): Promise<Told[]> {
    const heard: Told[] = [];
    while (heard.length < watches.size) heard.push(await this.told());
    return heard.sort((left, right) => left.watchId - right.watchId);
  }

  close(): void {
    this.stream.cancel();
  }

  private async told(): Promise<Told> {
    const response = await this.next();
    const {
      watchId = 0,
      header,
      events,
      ...rest
    } = response as {
      watchId?: number;
      header: { revision: number };
      events?: unknown[];
    };
    assert.deepEqual(rest, {}, JSON.stringify(response));
    assert.ok(events !== undefined, `no events: ${JSON.stringify(response)}`);
    assert.ok(this.known.has(watchId), `events of a watch that is not there: ${JSON.stringify(response)}`);
    return { watchId, headerRevision: header.revision, events };
  }

  private async next(): Promise<Plain> {
    const message = await this.stream.next();
    if (message === undefined) assert.fail(`the stream ended: ${JSON.stringify(await this.stream.ended)}`);
    return plainWatchResponse(message);
  }
}
