/**
 * The same random steps with a stream of watches to a member and to a real etcd beside it: every answer and every event
 * must be equal field by field, ids of watches and revisions of headers included, and be what the history of all keys says.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import { ExpectedWatches, type HistoryEvent } from './expected-watches.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { plainAnswer } from './message-shapes.ts';
import { encodeFields } from './protobuf-fields.ts';
import { RandomWatchSteps, type WatchCreation, type WatchStep } from './random-watch-steps.ts';
import { sharedCluster } from './shared-cluster.ts';
import { WatchSide } from './watch-side.ts';

const SEED = Number(process.env['SYNOD_INTEROP_SEED'] ?? 20_240_229);
const STEPS = Number(process.env['SYNOD_INTEROP_WATCH_STEPS'] ?? 2_400);
const STEPS_A_STREAM = 80;
const EVERYTHING: WatchCreation = {
  key: '\0',
  rangeEnd: '\0',
  startRevision: 0,
  filters: [],
  previous: true,
  fragment: false,
  progressNotify: false,
  watchId: 0,
};
/** A watch that both have made shows that nothing else is on its way. */
const LAST_WATCH_ID = 1_000;

let reference: Cluster;
const cluster = sharedCluster(
  {},
  {
    started: async () => {
      reference = await Cluster.start({ target: targetNamed('etcd'), memberCount: 1 });
    },
    stopping: () => reference?.destroy(),
  },
);

/** One stream on each side, the state that both are in, and what both said. */
class Session {
  private readonly sides: readonly WatchSide[];
  private readonly expected = new ExpectedWatches();
  private readonly steps: RandomWatchSteps;
  private readonly history: History;
  private readonly seen: Map<string, number>;

  constructor(
    sides: readonly WatchSide[],
    history: History,
    steps: RandomWatchSteps,
    seen: Map<string, number>,
  ) {
    this.sides = sides;
    this.history = history;
    this.steps = steps;
    this.seen = seen;
  }

  async take(step: WatchStep): Promise<void> {
    if (step.kind === 'call') return this.call(step);
    // 3.4 tells of progress also where no watch can have any, and 3.7 does not.
    if (step.kind === 'progress' && this.expected.count === 0) return;
    for (const side of this.sides) side.send(step);
    if (step.kind === 'create') await this.created(step.creation);
    if (step.kind === 'progress') await this.sameAnswer('progress');
    if (step.kind === 'cancel' && this.expected.has(step.watchId)) {
      this.expected.ended(step.watchId);
      await this.sameAnswer('canceled');
    }
  }

  /** Nothing came that was not expected. */
  async end(): Promise<void> {
    await this.take({ kind: 'create', creation: { ...EVERYTHING, watchId: LAST_WATCH_ID } });
    for (const side of this.sides) side.close();
  }

  private async created(creation: WatchCreation): Promise<void> {
    const { revision, compacted } = this.steps;
    const answer = await this.sameAnswer(creation.watchId === 0 ? 'created' : 'created with an id');
    if (answer['canceled'] !== undefined) {
      this.count(`refused: ${String(answer['cancelReason'])}`);
      return;
    }
    const id = Number(answer['watchId'] ?? 0);
    this.expected.created(id, creation, revision);
    if (creation.startRevision > 0 && creation.startRevision < compacted) {
      const ended = await this.sameAnswer('compacted');
      assert.equal(ended['compactRevision'], compacted);
      this.expected.ended(id);
      await this.freeInEtcd(id);
      return;
    }
    const past = this.expected.ofOne(id, this.history.events);
    if (past.length === 0) return;
    this.count('told of the past');
    for (const side of this.sides) assert.deepEqual(await side.eventsOf(id, past.length), past);
  }

  /** Of a watch that compaction ended, etcd keeps the id until the client cancels it; ours is free at once. */
  private async freeInEtcd(watchId: number): Promise<void> {
    const theirs = this.sides[1]!;
    theirs.send({ kind: 'cancel', watchId });
    const { canceled } = await theirs.answer();
    assert.equal(canceled, 1);
  }

  private async call(step: Extract<WatchStep, { readonly kind: 'call' }>): Promise<void> {
    if (step.path === '/etcdserverpb.KV/Compact') await this.history.settled(this.steps);
    const [ours, theirs] = await Promise.all(this.sides.map((side) => side.unary(step.path, step.message)));
    assert.deepEqual(ours, theirs);
    if (theirs!.status !== 0) return;
    if (step.path === '/etcdserverpb.KV/Compact') {
      this.steps.compacted = Number(/1="(\d+)"/.exec(step.description)![1]);
      return;
    }
    const { revision } = (theirs!.answer as { header: { revision: number } }).header;
    if (revision === this.steps.revision) return;
    this.steps.revision = revision;
    const events = await this.history.ofRevision(revision);
    const told = this.expected.of(events);
    this.count('told of a change', told.size);
    const heard = await Promise.all(this.sides.map((side) => side.live(told)));
    assert.deepEqual(heard[0], heard[1]);
    for (const { headerRevision, events: list, watchId } of heard[1]!) {
      assert.equal(headerRevision, revision);
      assert.deepEqual(list, told.get(watchId));
    }
  }

  private async sameAnswer(what: string): Promise<Record<string, unknown>> {
    const [ours, theirs] = await Promise.all(this.sides.map((side) => side.answer()));
    assert.deepEqual(ours, theirs);
    this.count(what);
    return theirs!;
  }

  private count(what: string, times = 1): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + times);
  }
}

/** All that happened at the real etcd, from a watch of its own. */
class History {
  readonly events: HistoryEvent[] = [];
  private readonly channel: GrpcChannel;
  private readonly side: WatchSide;

  constructor(channel: GrpcChannel) {
    this.channel = channel;
    this.side = new WatchSide(channel);
  }

  /**
   * etcd reads the past for all watches that wait for it at once, ten times a second: when one has it, all that came before
   * have theirs, also those for which there was nothing. A compaction ends one that still waits.
   */
  async settled({ revision, compacted }: RandomWatchSteps): Promise<void> {
    if (compacted >= revision) return;
    const side = new WatchSide(this.channel);
    side.send({ kind: 'create', creation: { ...EVERYTHING, startRevision: revision } });
    await side.answer();
    await side.live(new Map([[0, []]]));
    side.close();
  }

  async open(): Promise<void> {
    this.side.send({ kind: 'create', creation: EVERYTHING });
    await this.side.answer();
  }

  async ofRevision(revision: number): Promise<readonly HistoryEvent[]> {
    const [{ events, headerRevision }] = (await this.side.live(new Map([[0, ['some']]]))) as [
      { events: HistoryEvent[]; headerRevision: number },
    ];
    assert.equal(headerRevision, revision);
    this.events.push(...events);
    return events;
  }

  close(): void {
    this.side.close();
  }
}

test(`${STEPS} steps with streams of watches, of seed ${SEED}`, async (t) => {
  const etcd = new GrpcChannel(reference.members[0]!);
  const members = cluster().members.map((member) => new GrpcChannel(member));
  t.after(() => [etcd, ...members].map((channel) => channel.close()));
  const history = new History(etcd);
  await history.open();
  const steps = new RandomWatchSteps(SEED);
  const seen = new Map<string, number>();
  for (let at = 0; at < STEPS; ) {
    const member = members[Math.floor(at / STEPS_A_STREAM) % members.length]!;
    await catchUp(member);
    const session = new Session([new WatchSide(member), new WatchSide(etcd)], history, steps, seen);
    for (const end = at + STEPS_A_STREAM; at < end; at++) {
      const step = steps.next();
      await told(`step ${at} of seed ${SEED}: ${described(step)}`, () => session.take(step));
    }
    await told(`the end of the stream at step ${at}`, () => session.end());
  }
  history.close();
  for (const [what, times] of [...seen].sort()) t.diagnostic(`${times} × ${what}`);
  // Otherwise the steps met too little.
  for (const what of ['progress', 'canceled', 'compacted', 'told of the past', 'told of a change'])
    assert.ok((seen.get(what) ?? 0) >= STEPS / 100, `${what}: ${seen.get(what)}`);
  for (const what of ['duplicate watch ID provided on the WatchStream', 'watcher range is empty'])
    assert.ok((seen.get(`refused: mvcc: ${what}`) ?? 0) >= STEPS / 200, what);
});

/** The member has applied what was answered by another. */
async function catchUp(member: GrpcChannel): Promise<void> {
  const { message } = await member.unary('/etcdserverpb.KV/Range', encodeFields([[1, 'a']]));
  assert.ok(plainAnswer('/etcdserverpb.KV/Range', message!));
}

const described = (step: WatchStep): string =>
  step.kind === 'call' ? `${step.path} ${step.description}` : JSON.stringify(step);

async function told(what: string, taken: () => Promise<void>): Promise<void> {
  try {
    await taken();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
