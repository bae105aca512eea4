/** Who leads an election, now and at every change: the first created key under its prefix. */
import type { EtcdClient } from './etcd-client.ts';
import type { ResponseHeader } from './messages/answer.ts';
import type { KeyValue } from './messages/key-value.ts';
import { EVENT_DELETE } from './messages/watch.ts';
import { RPC } from './rpc.ts';
import { firstCreated, prefixRange } from './turn.ts';
import { Watcher } from './watcher.ts';

export interface Leader {
  readonly header: ResponseHeader | undefined;
  readonly record: KeyValue;
}

/** Without end, until stopped. @throws CallFailure */
export async function* leaders(
  client: EtcdClient,
  prefix: string,
  stop: AbortSignal,
): AsyncGenerator<Leader> {
  while (!stop.aborted) {
    const { header, kvs } = await client.call(RPC.range, firstCreated(prefix));
    let leader: Leader | undefined = kvs[0] && { header, record: kvs[0] };
    leader ??= await firstPut(client, prefix, (header?.revision ?? 0) + 1, stop);
    if (leader === undefined) continue;
    yield leader;
    yield* proposals(client, leader, stop);
  }
}

/** Undefined: the watch was cancelled, and it is to be looked again. */
async function firstPut(
  client: EtcdClient,
  prefix: string,
  revision: number,
  stop: AbortSignal,
): Promise<Leader | undefined> {
  const watcher = new Watcher(client, { ...prefixRange(prefix), start_revision: revision });
  watcher.closeAt(stop);
  try {
    for await (const { header, events } of watcher.answers()) {
      const record = events.find(({ type }) => type !== EVENT_DELETE)?.kv;
      if (record !== undefined) return { header, record };
    }
    return undefined;
  } finally {
    watcher.close();
  }
}

/** What else this leader proclaims, until it leads no more. */
async function* proposals(
  client: EtcdClient,
  { header, record }: Leader,
  stop: AbortSignal,
): AsyncGenerator<Leader> {
  const from = Math.max(record.mod_revision, header?.revision ?? 0) + 1;
  const watcher = new Watcher(client, { key: record.key, start_revision: from });
  watcher.closeAt(stop);
  try {
    for await (const answer of watcher.answers())
      for (const { type, kv } of answer.events) {
        if (type === EVENT_DELETE) return;
        if (kv !== undefined) yield { header: answer.header, record: kv };
      }
  } finally {
    watcher.close();
  }
}
