/**
 * The same random requests of KV and Lease to a cluster and to a real etcd beside it: status, error text and every field of
 * every answer must be equal (ids, terms and remaining times aside), and so must the history that watches show.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { GrpcAnswer } from '../grpc-channel.ts';
import { type ComparedPath, type Plain, plainAnswer, plainWatchResponse } from '../message-shapes.ts';
import { encodeFields } from '../protobuf-fields.ts';
import { RandomRequests } from '../random-requests.ts';
import type { CallChannel } from './call-channel.ts';

interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly answer: unknown;
}

function outcome(path: ComparedPath, { status, text, message }: GrpcAnswer): Outcome {
  return { status, text, answer: message === undefined ? undefined : plainAnswer(path, message) };
}

function revisionIn(answer: unknown): number {
  return (answer as { header?: { revision?: number } } | undefined)?.header?.revision ?? 0;
}

interface WatchOptions {
  readonly fromRevision: number;
  readonly toRevision: number;
  /** 0 is NOPUT, 1 is NODELETE. */
  readonly filter?: 0 | 1;
}

/** Every event on every key between two revisions, with the value before, as one list. */
async function history(channel: CallChannel, options: WatchOptions): Promise<Plain[]> {
  const create: [number, string | number][] = [
    [1, '\0'],
    [2, '\0'],
    [3, options.fromRevision],
  ];
  if (options.filter !== undefined) create.push([5, options.filter]);
  create.push([6, 1]);
  const events: Plain[] = [];
  for await (const message of channel.stream(
    '/etcdserverpb.Watch/Watch',
    encodeFields([[1, encodeFields(create)]]),
  )) {
    const response = plainWatchResponse(message);
    assert.equal(response['canceled'], undefined, JSON.stringify(response));
    const arrived = (response['events'] ?? []) as unknown as {
      kv: { modRevision: number; value?: string };
    }[];
    for (const event of arrived) {
      if (event.kv.modRevision >= options.toRevision) return events;
      events.push(event as unknown as Plain);
    }
  }
  throw new Error('the watch ended by itself');
}

/** What a watch without a filter shows, less what the filter hides. */
const filtered = (events: readonly Plain[], hiddenType: number): Plain[] =>
  events.filter((event) => (event['type'] ?? 0) !== hiddenType);

/** @param options.members of the cluster; they are asked in turn. */
export async function compareKeyspaces(
  context: TestContext,
  {
    etcd,
    members,
    seed,
    count,
  }: {
    readonly etcd: CallChannel;
    readonly members: readonly CallChannel[];
    readonly seed: number;
    readonly count: number;
  },
): Promise<void> {
  const requests = new RandomRequests(seed);
  const statuses = new Map<string, number>();
  let turn = 0;
  let upToDate = members[0]!;
  for (let at = 0; at < count; at++) {
    const request = requests.next();
    if (!request.mayLag) turn++;
    // The member that answered last from the log has applied what it answered: it may be asked without one.
    const channel = request.mayLag ? upToDate : members[turn % members.length]!;
    const [ours, theirs] = await Promise.all([
      channel.unary(request.path, request.message),
      etcd.unary(request.path, request.message),
    ]);
    const expected = outcome(request.path, theirs);
    assert.notEqual(expected.status, -1, `request ${at} ended the real etcd: ${request.description}`);
    assert.deepEqual(outcome(request.path, ours), expected, `request ${at}: ${request.description}`);
    requests.revision = Math.max(requests.revision, revisionIn(expected.answer));
    if (request.path === '/etcdserverpb.KV/Compact' && expected.status === 0)
      requests.compacted = Number(/1=(\d+)/.exec(request.description)?.[1] ?? requests.compacted);
    if (expected.status === 0 && !request.mayLag) upToDate = channel;
    const key = expected.status === 0 ? 'OK' : expected.text;
    statuses.set(key, (statuses.get(key) ?? 0) + 1);
  }
  for (const [text, count] of statuses) context.diagnostic(`${count} × ${text}`);

  await compareHistories([etcd, ...members], { from: requests.compacted + 1, to: requests.revision + 1 });
}

/** C7 to C15: what watchers from the compacted revision on are told, at each member. */
async function compareHistories(
  [etcd, ...members]: readonly CallChannel[],
  { from, to }: { from: number; to: number },
): Promise<void> {
  // Two more events, one of each type, so that each watch has one behind the last that counts.
  for (const channel of [etcd!, members[0]!]) {
    await channel.unary('/etcdserverpb.KV/Put', encodeFields([[1, 'end']]));
    await channel.unary('/etcdserverpb.KV/DeleteRange', encodeFields([[1, 'end']]));
  }
  const expected = await history(etcd!, { fromRevision: from, toRevision: to });
  assert.ok(expected.length > 0);
  for (const channel of members) {
    assert.deepEqual(await history(channel, { fromRevision: from, toRevision: to }), expected);
    for (const filter of [0, 1] as const)
      assert.deepEqual(
        await history(channel, { fromRevision: from, toRevision: to, filter }),
        filtered(expected, filter),
      );
  }
}
