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
    const name = `etcdserverpb.${NAMES[method] ?? (service === 'Auth' ? `Auth${method}` : method)}`;
    const path = `/etcdserverpb.${call}`;
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
  first(method: 'Watch' | 'LeaseKeepAlive', request: TableMessage): Promise<Outcome> {
    const service = method === 'Watch' ? 'Watch' : 'Lease';
    return new Promise((resolve) => {
      const stream = this.grpc.stream(
        `/etcdserverpb.${service}/${method}`,
        {
          onMessage: (message) => {
            resolve({ text: 'OK', answer: tableDecode(`etcdserverpb.${method}Response`, message) });
            stream.cancel();
          },
          onEnd: (status) => resolve({ text: status.text, answer: {} }),
        },
        { metadata: this.headers.map(([header, value]) => [header, value]) },
      );
      stream.send(tableEncode(`etcdserverpb.${method}Request`, request));
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
