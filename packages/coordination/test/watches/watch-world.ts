/**
 * A hub, a history and several streams, where every call to a sink is checked against what the whole history says the
 * watcher should see. The checks are the rules C7 to C16 and C18; a broken one throws.
 */
import assert from 'node:assert/strict';
import { ALL_AFTER, key, type Revision, revision } from '../../src/machine/values.ts';
import { WATCH_LIMITS, type WatchLimits } from '../../src/watches/limits.ts';
import type { WatchEvent, WatchSink, WatchSpec } from '../../src/watches/watch.ts';
import { WatchHub } from '../../src/watches/watch-hub.ts';
import type { WatchStream } from '../../src/watches/watch-stream.ts';
import { LinearHistory } from './linear-history.ts';

interface Expected {
  readonly revision: number;
  readonly kind: 'put' | 'delete';
  readonly key: string;
}

/** A watcher as its client knows it. */
class Client {
  readonly spec: WatchSpec;
  /** The first revision that is its business. */
  readonly from: number;
  /** Events received so far. */
  received = 0;
  over = false;

  constructor(spec: WatchSpec, currentRevision: number) {
    this.spec = spec;
    this.from = spec.startRevision === 0 ? currentRevision + 1 : spec.startRevision;
  }

  /** What the history holds for it up to a revision. */
  expected(history: LinearHistory, upTo: number): Expected[] {
    const { span, puts, deletes } = this.spec;
    const expected: Expected[] = [];
    for (const { revision: at, events } of history.all) {
      if (at < this.from || at > upTo) continue;
      for (const { kind, record } of events) {
        const inSpan =
          span.to === undefined
            ? record.key === span.from
            : record.key >= span.from && (span.to === ALL_AFTER || record.key < span.to);
        if (inSpan && (kind === 'put' ? puts : deletes))
          expected.push({ revision: at, kind, key: record.key });
      }
    }
    return expected;
  }
}

export class StreamUnderTest implements WatchSink {
  readonly stream: WatchStream;
  readonly clients = new Map<number, Client>();
  private readonly world: WatchWorld;
  /** Batches that still fit before the connection is full. */
  room: number;
  private isCreating = false;
  progressOfAllCount = 0;
  progressCount = 0;
  compactedCount = 0;

  constructor(world: WatchWorld, room: number) {
    this.world = world;
    this.room = room;
    this.stream = world.hub.openStream(this);
  }

  create(spec: WatchSpec): number | undefined {
    this.isCreating = true;
    const creation = this.stream.create(spec);
    this.isCreating = false;
    if (creation.kind === 'refused') {
      const isTaken = spec.id !== undefined && this.clients.has(spec.id);
      const isEmpty =
        spec.span.to !== undefined && spec.span.to !== ALL_AFTER && spec.span.from >= spec.span.to;
      assert.equal(creation.why, isEmpty ? 'emptySpan' : 'duplicateWatchId');
      assert.ok(isTaken || isEmpty, 'refused without a reason');
      return undefined;
    }
    assert.ok(!this.clients.has(creation.id), 'an id in use was given again');
    if (spec.id !== undefined) assert.equal(creation.id, spec.id);
    this.clients.set(creation.id, new Client(spec, this.world.history.revision));
    return creation.id;
  }

  cancel(id: number): void {
    const lived = this.clients.delete(id);
    assert.equal(this.stream.cancel(id), lived);
  }

  drain(room: number): void {
    this.room = room;
    this.stream.resume();
  }

  events(id: number, at: Revision, events: readonly WatchEvent[]): void {
    const client = this.clientOf(id);
    assert.ok(events.length > 0, 'an empty batch');
    const { history } = this.world;
    const last = events.at(-1)!.record.modRevision;
    assert.ok(at >= last && at <= history.revision, 'the header’s revision');
    // C7 to C10, C13, C16: all there is up to the batch's last revision and not yet received, in order, and no more.
    const due = client.expected(history, last).slice(client.received);
    const got = events.map(({ kind, record }) => ({ revision: record.modRevision, kind, key: record.key }));
    assert.deepEqual(got, due);
    client.received += events.length;
    for (const event of events) this.checkRecords(client, event);
    this.room--;
    if (this.room <= 0) this.stream.pause();
    this.world.afterDelivery(this);
  }

  compacted(id: number, compactRevision: Revision, at: Revision): void {
    const client = this.clientOf(id);
    const { history } = this.world;
    assert.equal(compactRevision, history.compactRevision);
    assert.equal(at, history.revision);
    // Nothing was due below the compaction that it did not get, unless the compaction took it: what it lacks is there.
    assert.ok(client.from < compactRevision, 'it wanted nothing that is gone');
    client.over = true;
    this.compactedCount++;
    this.clients.delete(id);
  }

  progress(id: number | undefined, at: Revision): void {
    const told = id === undefined ? [...this.clients.values()] : [this.clientOf(id)];
    assert.ok(!this.isCreating && !this.stream.isPaused, 'a call at the wrong time');
    // C12: everything at or below the revision was delivered.
    for (const client of told) assert.equal(client.expected(this.world.history, at).length, client.received);
    if (id === undefined) this.progressOfAllCount++;
    else this.progressCount++;
  }

  /** C9, C17: at rest, everybody has everything. */
  checkComplete(): void {
    for (const client of this.clients.values())
      assert.equal(client.received, client.expected(this.world.history, Number.POSITIVE_INFINITY).length);
  }

  private clientOf(id: number): Client {
    const client = this.clients.get(id);
    assert.ok(client !== undefined, 'a call for a watcher that is over');
    assert.ok(!this.isCreating, 'a call inside create');
    assert.ok(!this.stream.isPaused, 'a call while paused');
    return client;
  }

  /** C14, C15. */
  private checkRecords(client: Client, event: WatchEvent): void {
    const { history } = this.world;
    const { record, kind } = event;
    const before = history.recordAt(record.key, record.modRevision - 1);
    if (kind === 'put') {
      assert.equal(record.version === 1, before === undefined);
      assert.equal(record.createRevision === record.modRevision, before === undefined);
    }
    const isKept = record.modRevision - 1 >= history.compactRevision;
    assert.deepEqual(event.previous, client.spec.previous && isKept ? before : undefined);
  }
}

export class WatchWorld {
  readonly history = new LinearHistory();
  readonly hub: WatchHub;
  readonly streams: StreamUnderTest[];
  /** What a sink does when it was told something, besides counting its room. */
  onDelivery: ((stream: StreamUnderTest) => void) | undefined;

  /** One stream a number: how many batches its connection takes before it is full. */
  constructor(rooms: readonly number[] = [Number.POSITIVE_INFINITY], limits: Partial<WatchLimits> = {}) {
    this.hub = new WatchHub(this.history, { ...WATCH_LIMITS, ...limits });
    this.streams = rooms.map((room) => new StreamUnderTest(this, room));
  }

  get stream(): StreamUnderTest {
    return this.streams[0]!;
  }

  /** A transaction that the hub is told of. */
  change(...changes: (readonly [name: string, value: string | undefined])[]): void {
    const applied = this.history.apply(changes);
    if (applied !== undefined) this.hub.publish(applied.revision, applied.events);
  }

  /** The state becomes that of a member further on, where these transactions and this compaction happened. */
  restore(transactions: readonly (readonly [string, string | undefined][])[], compact: boolean): void {
    for (const changes of transactions) this.history.apply(changes);
    if (compact) this.history.compactRevision = this.history.revision;
    this.hub.restored();
  }

  compact(at: number): void {
    if (at > this.history.compactRevision && at <= this.history.revision)
      this.history.compactRevision = revision(at);
  }

  afterDelivery(stream: StreamUnderTest): void {
    this.onDelivery?.(stream);
  }

  /** Lets everybody catch up and checks that they did, within a bound (C17). */
  settle(): void {
    for (const stream of this.streams) stream.drain(Number.POSITIVE_INFINITY);
    for (let turns = 0; this.hub.hasWork; turns++) {
      assert.ok(turns < 10_000, 'C17 catching up comes to an end');
      this.hub.catchUp(50);
    }
    for (const stream of this.streams) stream.checkComplete();
    assert.equal(this.hub.watcherCounts.behind, 0);
  }
}

export function watch(
  from: string,
  options: Partial<Omit<WatchSpec, 'span'>> & { to?: string } = {},
): WatchSpec {
  const { to, ...rest } = options;
  const span = { from: key(from), to: to === undefined ? undefined : key(to) };
  return { id: undefined, span, startRevision: 0, puts: true, deletes: true, previous: false, ...rest };
}
