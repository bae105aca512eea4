/** A client of one member in etcd's words, by the wire tables: what tests of a whole member speak. */
import { connectGrpc, type GrpcClient } from '../../src/grpc/client.ts';
import { type TableMessage, tableDecode, tableEncode } from '../protocols/etcd/wire/table-codec.ts';

/** Status and text of a call that failed. */
export class CallFailed extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(`${code} ${text}`);
    this.code = code;
  }
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

export class EtcdClient {
  readonly grpc: GrpcClient;

  constructor(port: number) {
    this.grpc = connectGrpc({ host: '127.0.0.1', port });
  }

  /** @throws CallFailed (as a rejection) */
  async call(
    service: string,
    method: string,
    request: TableMessage,
    timeoutMs?: number,
  ): Promise<TableMessage> {
    const input = `etcdserverpb.${REQUESTS[method] ?? `${method}Request`}`;
    const options = timeoutMs === undefined ? {} : { timeoutMs };
    const path = `/etcdserverpb.${service}/${method}`;
    const { status, message } = await this.grpc.call(path, tableEncode(input, request), options);
    if (status.code !== 0) throw new CallFailed(status.code, status.text);
    return tableDecode(input.replace(/Request$/, 'Response'), message!);
  }

  put(key: string, value: string, timeoutMs?: number): Promise<TableMessage> {
    return this.call('KV', 'Put', { key: bytes(key), value: bytes(value) }, timeoutMs);
  }

  /** The value of a key, or undefined; linearizable unless said otherwise. */
  async get(key: string, options: { readonly serializable?: boolean } = {}): Promise<string | undefined> {
    const request = { key: bytes(key), serializable: options.serializable ?? false };
    const { kvs } = await this.call('KV', 'Range', request);
    const [first] = (kvs ?? []) as readonly TableMessage[];
    return first === undefined ? undefined : Buffer.from(first['value'] as Uint8Array).toString('latin1');
  }

  status(): Promise<TableMessage> {
    return this.call('Maintenance', 'Status', {});
  }

  /** A stream of messages of one kind each way. */
  stream(
    service: string,
    method: string,
    onMessage: (message: TableMessage) => void,
  ): { send(request: TableMessage): void; cancel(): void } {
    const prefix = `etcdserverpb.${STREAMS[method]!}`;
    const stream = this.grpc.stream(`/etcdserverpb.${service}/${method}`, {
      onMessage: (message) => onMessage(tableDecode(`${prefix}Response`, message)),
      onEnd: () => {},
    });
    return {
      send: (request) => void stream.send(tableEncode(`${prefix}Request`, request)),
      cancel: () => stream.cancel(),
    };
  }

  close(): void {
    this.grpc.destroy();
  }
}

/** Requests that are not named after their method. */
const REQUESTS: Readonly<Record<string, string>> = {
  Compact: 'CompactionRequest',
  RoleAdd: 'AuthRoleAddRequest',
  RoleList: 'AuthRoleListRequest',
};
const STREAMS: Readonly<Record<string, string>> = { Watch: 'Watch', LeaseKeepAlive: 'LeaseKeepAlive' };
