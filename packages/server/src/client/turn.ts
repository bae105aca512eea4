/**
 * Waiting for one's turn among the keys under a prefix, which is what a lock and an election are: everybody makes a key that
 * hangs on a lease of its own, and whose key was created first has the turn. Etcd's recipe: others that use it, use the same.
 */
import type { EtcdClient } from './etcd-client.ts';
import type { LeaseSession } from './lease-session.ts';
import { compare, type KeyValue, type RangeRequest } from './messages/key-value.ts';
import { EVENT_DELETE } from './messages/watch.ts';
import { RPC } from './rpc.ts';
import { Watcher } from './watcher.ts';

const TARGET_CREATE = 1;
const SORT_BY_CREATE = 2;
const ASCEND = 1;
const DESCEND = 2;

export interface Turn {
  readonly key: string;
  /** The revision that created the key: who waits is in this order, and it may guard what is done under a lock. */
  readonly revision: number;
}

/** The range of all keys that begin so. A prefix here ends with `/`, so that its last byte can be raised. */
export function prefixRange(prefix: string): { readonly key: string; readonly range_end: string } {
  return { key: prefix, range_end: `${prefix.slice(0, -1)}0` };
}

export function firstCreated(prefix: string): Partial<RangeRequest> {
  return { ...prefixRange(prefix), sort_target: SORT_BY_CREATE, sort_order: ASCEND, limit: 1 };
}

/** Makes the key unless it is there; it stands in the queue from then on. @throws CallFailure */
export async function enqueue(session: LeaseSession, prefix: string, value: string): Promise<Turn> {
  const key = prefix + session.lease.replace(/^0+/, '');
  const none = { request_range: undefined, request_put: undefined, request_delete_range: undefined };
  const put = { ...RPC.put.request.empty(), key, value, lease: session.lease };
  const range = { ...RPC.range.request.empty(), key };
  const answer = await session.client.call(RPC.transaction, {
    compare: [{ ...compare.empty(), target: TARGET_CREATE, key }],
    success: [{ ...none, request_put: put }],
    failure: [{ ...none, request_range: range }],
  });
  const existing: KeyValue | undefined = answer.responses[0]?.response_range?.kvs[0];
  return { key, revision: existing?.create_revision ?? answer.header?.revision ?? 0 };
}

/**
 * Resolves when every key created before is gone; watches only the last of them, so that the end of one wakes one.
 * @throws CallFailure
 */
export async function untilFirst(
  client: EtcdClient,
  prefix: string,
  turn: Turn,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const { kvs, header } = await client.call(RPC.range, {
      ...prefixRange(prefix),
      sort_target: SORT_BY_CREATE,
      sort_order: DESCEND,
      limit: 1,
      max_create_revision: turn.revision - 1,
    });
    const before = kvs[0];
    if (before === undefined) return;
    await untilDeleted(client, before.key, (header?.revision ?? 0) + 1, stop);
  }
}

async function untilDeleted(
  client: EtcdClient,
  key: string,
  revision: number,
  stop: AbortSignal,
): Promise<void> {
  const watcher = new Watcher(client, { key, start_revision: revision });
  watcher.closeAt(stop);
  try {
    // Compacted while we waited for a connection: the next look at the range knows.
    for await (const { canceled, events } of watcher.answers())
      if (canceled || events.some(({ type }) => type === EVENT_DELETE)) return;
  } finally {
    watcher.close();
  }
}
