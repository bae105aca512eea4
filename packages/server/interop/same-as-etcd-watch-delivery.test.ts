/**
 * How watches are told, beside a real etcd: where large answers are cut into fragments, and the bookmarks that come by
 * time. What they are told is compared in same-as-etcd-watch.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import { GrpcChannel } from './grpc-channel.ts';
import type { GrpcStream } from './grpc-stream.ts';
import { plainWatchResponse } from './message-shapes.ts';
import { bytesField, decodeFields, encodeFields, messagesField, numberField } from './protobuf-fields.ts';
import { type WatchCreation, watchRequest } from './random-watch-steps.ts';
import { SeededRandom } from './seeded-random.ts';
import { sharedCluster } from './shared-cluster.ts';

const SEED = Number(process.env['SYNOD_INTEROP_SEED'] ?? 20_240_229);
const ROUNDS = Number(process.env['SYNOD_INTEROP_FRAGMENT_ROUNDS'] ?? 8);
const FLAGS = ['--experimental-watch-progress-notify-interval=400ms'];
/** Of values: the largest that a request may have, less its other fields. */
const VALUE_BYTES_MAX = 1_500_000;
const KEYS_A_ROUND_MAX = 7;
const BOOKMARKS = 3;

let reference: Cluster;
const cluster = sharedCluster(
  { extraFlags: FLAGS },
  {
    started: async () => {
      reference = await Cluster.start({ target: targetNamed('etcd'), memberCount: 1, extraFlags: FLAGS });
    },
    stopping: () => reference?.destroy(),
  },
);

const WATCH: WatchCreation = {
  key: 'f/',
  rangeEnd: 'f0',
  startRevision: 0,
  filters: [],
  previous: true,
  fragment: true,
  progressNotify: false,
  watchId: 0,
};

function openWatch(channel: GrpcChannel, creation: WatchCreation): GrpcStream {
  const stream = channel.open('/etcdserverpb.Watch/Watch');
  stream.send(watchRequest({ kind: 'create', creation }));
  return stream;
}

interface Piece {
  readonly watchId: number;
  readonly fragment: boolean;
  readonly revision: number;
  /** Of each event: its key, and the lengths of its value and of the one before. */
  readonly events: readonly string[];
}

/** Answers up to the first that no other belongs to. */
async function pieces(stream: GrpcStream): Promise<Piece[]> {
  const all: Piece[] = [];
  do {
    const message = await stream.next();
    assert.ok(message !== undefined, 'the stream ended');
    const fields = decodeFields(message);
    all.push({
      watchId: numberField(fields, 2),
      fragment: numberField(fields, 7) === 1,
      revision: numberField(messagesField(fields, 1)[0]!, 3),
      events: messagesField(fields, 11).map((event) => {
        const [now] = messagesField(event, 2);
        const [before] = messagesField(event, 3);
        const length = (record: typeof now) => (record === undefined ? 'none' : bytesField(record, 5).length);
        return `${bytesField(now!, 1)} ${length(now)} ${length(before)}`;
      }),
    });
  } while (all.at(-1)!.fragment);
  return all;
}

test(`${ROUNDS} revisions too large for one answer are cut alike, of seed ${SEED}`, async (t) => {
  const etcd = new GrpcChannel(reference.members[0]!);
  const ours = new GrpcChannel(cluster().members[0]!);
  t.after(() => [etcd, ours].map((channel) => channel.close()));
  const random = new SeededRandom(SEED);
  const streams = [ours, etcd].flatMap((channel) =>
    [true, false].map((fragment) => openWatch(channel, { ...WATCH, fragment })),
  );
  for (const stream of streams) await stream.next();
  let cut = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // Puts one after the other, and one delete of all, which says each value again as the one before.
    const sizes = Array.from({ length: 1 + random.below(KEYS_A_ROUND_MAX) }, () =>
      random.below(VALUE_BYTES_MAX),
    );
    const requests = [
      ...sizes.map((size, at) => ({
        path: '/etcdserverpb.KV/Put',
        message: encodeFields([
          [1, `f/${at}`],
          [2, Buffer.alloc(size, 0x61)],
        ]),
      })),
      {
        path: '/etcdserverpb.KV/DeleteRange',
        message: encodeFields([
          [1, 'f/'],
          [2, 'f0'],
        ]),
      },
    ];
    for (const { path, message } of requests) {
      const answers = await Promise.all([ours, etcd].map((channel) => channel.unary(path, message)));
      for (const { status, text } of answers) assert.equal(status, 0, text);
      const [cutHere, wholeHere, cutThere, wholeThere] = await Promise.all(streams.map(pieces));
      const what = `round ${round} of seed ${SEED}: ${path} with values of ${sizes.join(', ')}`;
      assert.deepEqual(cutHere, cutThere, what);
      assert.deepEqual(wholeHere, wholeThere, what);
      assert.equal(wholeThere!.length, 1, what);
      if (cutThere!.length > 1) cut++;
    }
  }
  t.diagnostic(`${cut} answers came in fragments`);
  assert.ok(cut >= ROUNDS / 3, `${cut} answers in fragments`);
});

test('bookmarks by time: of the watches that want them, with their ids and the revision, and no events', async (t) => {
  const etcd = new GrpcChannel(reference.members[0]!);
  const channels = [etcd, ...cluster().members.map((member) => new GrpcChannel(member))];
  t.after(() => channels.map((channel) => channel.close()));
  const put = encodeFields([[1, 'p/a']]);
  for (const channel of channels.slice(0, 2)) await channel.unary('/etcdserverpb.KV/Put', put);
  // Every member has applied it.
  for (const channel of channels) await channel.unary('/etcdserverpb.KV/Range', put);
  const heard = await Promise.all(channels.map(bookmarks));
  for (const one of heard.slice(1)) assert.deepEqual(one, heard[0]);
});

/** The first few answers to three watches of one stream, of which the second wants no bookmarks: its id is not among them. */
async function bookmarks(channel: GrpcChannel): Promise<unknown> {
  const watch = { ...WATCH, key: 'p/', rangeEnd: 'p0', fragment: false, progressNotify: true };
  const stream = openWatch(channel, { ...watch, watchId: 7 });
  stream.send(watchRequest({ kind: 'create', creation: { ...watch, watchId: 8, progressNotify: false } }));
  stream.send(watchRequest({ kind: 'create', creation: { ...watch, watchId: 9 } }));
  const created = [];
  while (created.length < 3) created.push(plainWatchResponse((await stream.next())!));
  const rounds = [];
  for (let round = 0; round < BOOKMARKS; round++) {
    const pair = [plainWatchResponse((await stream.next())!), plainWatchResponse((await stream.next())!)];
    rounds.push(pair.sort((left, right) => Number(left['watchId']) - Number(right['watchId'])));
  }
  stream.cancel();
  return { created, rounds };
}
