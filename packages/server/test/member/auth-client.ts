/** Calls in etcd's words on behalf of somebody, with the outcome as a value: a refusal is what most tests of auth expect. */
import { connectGrpc, type GrpcClient } from '../../src/grpc/client.ts';
import { type TableMessage, tableDecode, tableEncode } from '../protocols/etcd/wire/table-codec.ts';
import type { TestMember } from './test-cluster.ts';

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

export interface Outcome {
  /** `OK`, or the text of the status. */
  readonly text: string;
  readonly answer: TableMessage;
}

/** Messages that are not named after their call. */
const NAMES: Readonly<Record<string, string>> = {
  Compact: 'Compaction',
  AuthEnable: 'AuthEnable',
  AuthDisable: 'AuthDisable',
  AuthStatus: 'AuthStatus',
  Authenticate: 'Authenticate',
};

/** Services beside etcdserverpb's own. */
const PACKAGES: Readonly<Record<string, string>> = { Lock: 'v3lockpb', Election: 'v3electionpb' };

const STREAMS = {
  Watch: { path: '/etcdserverpb.Watch/Watch', message: 'WatchRequest' },
  LeaseKeepAlive: { path: '/etcdserverpb.Lease/LeaseKeepAlive', message: 'LeaseKeepAliveRequest' },
  RangeStream: { path: '/etcdserverpb.KV/RangeStream', message: 'RangeRequest' },
  Snapshot: { path: '/etcdserverpb.Maintenance/Snapshot', message: 'SnapshotRequest' },
} as const;

export class AuthClient {
  private readonly grpc: GrpcClient;
  private readonly headers: readonly (readonly [string, string])[];

  constructor(member: TestMember, token?: string, header = 'token') {
    this.grpc = connectGrpc({ host: '127.0.0.1', port: member.running!.clientPorts[0]! });
    this.headers = token === undefined ? [] : [[header, token]];
  }

  /** `call` is `Service/Method`. */
  async call(call: string, request: TableMessage = {}): Promise<Outcome> {
    const [service, method] = call.split('/') as [string, string];
    const packageName = PACKAGES[service] ?? 'etcdserverpb';
    const name = `${packageName}.${NAMES[method] ?? (service === 'Auth' ? `Auth${method}` : method)}`;
    const path = `/${packageName}.${call}`;
    const { status, message } = await this.grpc.call(path, tableEncode(`${name}Request`, request), {
      metadata: this.headers.map(([header, value]) => [header, value]),
    });
    if (status.code !== 0) return { text: status.text, answer: {} };
    return { text: 'OK', answer: tableDecode(`${name}Response`, message!) };
  }

  /** The texts of several calls, one after the other. */
  async texts(...calls: readonly (readonly [string, TableMessage])[]): Promise<string[]> {
    const texts: string[] = [];
    for (const [call, request] of calls) texts.push((await this.call(call, request)).text);
    return texts;
  }

  /** The first answer on a stream, and how the stream ended if it did. */
  first(method: keyof typeof STREAMS, request: TableMessage): Promise<Outcome> {
    const { path, message } = STREAMS[method];
    return new Promise((resolve) => {
      const stream = this.grpc.stream(
        path,
        {
          onMessage: (bytes) => {
            resolve({ text: 'OK', answer: tableDecode(`etcdserverpb.${method}Response`, bytes) });
            stream.cancel();
          },
          onEnd: (status) => resolve({ text: status.text, answer: {} }),
        },
        { metadata: this.headers.map(([header, value]) => [header, value]) },
      );
      stream.send(tableEncode(`etcdserverpb.${message}`, request));
    });
  }

  /** What a watch is told when it is created: `created`, or why not. */
  async watch(key: string, rangeEnd = ''): Promise<string> {
    const { text, answer } = await this.first('Watch', {
      create_request: { key: bytes(key), range_end: bytes(rangeEnd) },
    });
    if (text !== 'OK') return text;
    return answer['canceled'] === true ? String(answer['cancel_reason']) : 'created';
  }

  close(): void {
    this.grpc.destroy();
  }
}

/** Signs in at a member. @throws Error when that is refused */
export async function tokenOf(member: TestMember, name: string, password: string): Promise<string> {
  const client = new AuthClient(member);
  const { text, answer } = await client.call('Auth/Authenticate', { name, password });
  client.close();
  if (text !== 'OK') throw new Error(text);
  return String(answer['token']);
}
