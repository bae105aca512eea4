/**
 * What a discovery service holds of one cluster that is being founded, below its token: how many founders it is to have,
 * and who they are, by the keys of etcd's v3 discovery. Any cluster with etcd's API can be one. Judges nothing.
 */
import { posix } from 'node:path';
import type { EtcdClient } from '../client/etcd-client.ts';
import { compare } from '../client/messages/key-value.ts';
import { RPC } from '../client/rpc.ts';
import { prefixRange } from '../client/turn.ts';
import { Watcher } from '../client/watcher.ts';

const ROOT = '/_etcd/registry';
const TARGET_CREATE = 1;

export interface Registration {
  readonly key: string;
  /** `name=peer-url`, as often as there are URLs, separated by commas. */
  readonly text: string;
}

export interface Registrations {
  /** Who came first is first. */
  readonly all: readonly Registration[];
  /** Of the service when it said so. */
  readonly revision: number;
}

/** Every call rejects with a `CallFailure`. */
export class Registry {
  private readonly client: EtcdClient;
  readonly sizeKey: string;
  /** With a slash at its end. */
  readonly membersPrefix: string;

  constructor(client: EtcdClient, token: string) {
    this.client = client;
    this.sizeKey = posix.join(ROOT, token, '_config/size');
    this.membersPrefix = `${posix.join(ROOT, token, 'members')}/`;
  }

  /** @param memberId 16 hex digits; etcd writes them without zeros in front */
  memberKey(memberId: string): string {
    return this.membersPrefix + BigInt(`0x${memberId}`).toString(16);
  }

  /** As it was written; undefined: nobody did. */
  async size(): Promise<string | undefined> {
    const { kvs } = await this.client.call(RPC.range, { key: bytesOf(this.sizeKey) });
    return kvs[0] === undefined ? undefined : textOf(kvs[0].value);
  }

  async registrations(): Promise<Registrations> {
    const { kvs, header } = await this.client.call(RPC.range, prefixRange(bytesOf(this.membersPrefix)));
    const all = [...kvs].sort((a, b) => a.create_revision - b.create_revision);
    return {
      all: all.map(({ key, value }) => ({ key: textOf(key), text: textOf(value).trim() })),
      revision: header?.revision ?? 0,
    };
  }

  /** Makes the entry unless there is one; what it says by then. */
  async register(memberId: string, text: string): Promise<string> {
    const key = bytesOf(this.memberKey(memberId));
    const none = { request_range: undefined, request_put: undefined, request_delete_range: undefined };
    const put = { ...RPC.put.request.empty(), key, value: bytesOf(text) };
    const range = { ...RPC.range.request.empty(), key };
    const { responses } = await this.client.call(RPC.transaction, {
      compare: [{ ...compare.empty(), target: TARGET_CREATE, key }],
      success: [{ ...none, request_put: put }],
      failure: [{ ...none, request_range: range }],
    });
    const existing = responses[0]?.response_range?.kvs[0];
    return existing === undefined ? text : textOf(existing.value).trim();
  }

  /** Resolves when an entry has changed since this revision, or may have; and at the signal. */
  async change(revision: number, signal: AbortSignal): Promise<void> {
    const range = prefixRange(bytesOf(this.membersPrefix));
    const watcher = new Watcher(this.client, { ...range, start_revision: revision + 1 });
    watcher.closeAt(signal);
    for await (const { canceled, events } of watcher.answers()) if (canceled || events.length > 0) break;
    watcher.close();
  }
}

/** Keys and values are one character a byte on the wire's side. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
