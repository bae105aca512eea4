/** A server that answers what a test tells it to, by the wire tables: for what no healthy member does. */
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type TableMessage, tableDecode, tableEncode } from '../protocols/etcd/wire/table-codec.ts';
import type { SelfSigned } from './self-signed.ts';

export type StubAnswer =
  | { readonly kind: 'answer'; readonly message: TableMessage }
  | { readonly kind: 'answers'; readonly messages: readonly TableMessage[] }
  | { readonly kind: 'failure'; readonly code: number; readonly text: string }
  /** The whole connection breaks, after these messages. */
  | { readonly kind: 'break'; readonly messages?: readonly TableMessage[] }
  | { readonly kind: 'silence' };

export interface StubCall {
  /** `Put`, `Watch`, … */
  readonly method: string;
  readonly request: TableMessage;
  readonly headers: IncomingHttpHeaders;
  readonly hasClientCertificate: boolean;
}

export class StubServer {
  readonly calls: StubCall[] = [];
  readonly port: number;

  private constructor(port: number) {
    this.port = port;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.port}`;
  }

  static async start(
    test: TestContext,
    answer: (call: StubCall) => StubAnswer,
    tls?: SelfSigned,
  ): Promise<StubServer> {
    const server =
      tls === undefined
        ? createServer()
        : createSecureServer({
            cert: tls.certificate,
            key: tls.key,
            requestCert: true,
            rejectUnauthorized: false,
          });
    await new Promise<void>((resolve) => (server as Http2Server).listen(0, '127.0.0.1', resolve));
    const stub = new StubServer((server.address() as AddressInfo).port);
    // A client has one connection at a time: the last is the one that is spoken on.
    const sockets: Socket[] = [];
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      stream.once('data', (framed: Buffer) => {
        const method = String(headers[':path']).split('/')[2]!;
        const { encrypted, socket } = stream.session!;
        const certificate = encrypted === true ? (socket as TLSSocket).getPeerCertificate() : undefined;
        const call: StubCall = {
          method,
          request: tableDecode(REQUESTS[method]!, framed.subarray(5)),
          headers,
          hasClientCertificate: certificate !== undefined && Object.keys(certificate).length > 0,
        };
        stub.calls.push(call);
        reply(stream, RESPONSES[method]!, answer(call), () => sockets.at(-1)?.end());
      });
    });
    test.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return stub;
  }
}

function reply(
  stream: ServerHttp2Stream,
  type: string,
  answer: StubAnswer,
  breakConnection: () => void,
): void {
  const send = (messages: readonly TableMessage[]): void => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    for (const message of messages) {
      const bytes = tableEncode(type, message);
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(bytes.length, 1);
      stream.write(Buffer.concat([prefix, bytes]));
    }
  };
  switch (answer.kind) {
    case 'failure':
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': answer.code,
          'grpc-message': answer.text,
        },
        { endStream: true },
      );
      return;
    case 'silence':
      return;
    case 'break':
      if (answer.messages !== undefined) send(answer.messages);
      // What was written goes out first.
      setImmediate(() => breakConnection());
      return;
    default:
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      send(answer.kind === 'answer' ? [answer.message] : answer.messages);
      stream.end();
  }
}

const named = (name: string): string => `etcdserverpb.${name}`;
const both = (names: Readonly<Record<string, string>>, suffix: string): Record<string, string> =>
  Object.fromEntries(Object.entries(names).map(([method, name]) => [method, named(name + suffix)]));
const MESSAGES = {
  Range: 'Range',
  Put: 'Put',
  Watch: 'Watch',
  Authenticate: 'Authenticate',
  Snapshot: 'Snapshot',
  Status: 'Status',
  Alarm: 'Alarm',
  MoveLeader: 'MoveLeader',
  MemberAdd: 'MemberAdd',
  MemberRemove: 'MemberRemove',
  MemberUpdate: 'MemberUpdate',
  MemberPromote: 'MemberPromote',
  Defragment: 'Defragment',
  AuthStatus: 'AuthStatus',
};
const REQUESTS = both(MESSAGES, 'Request');
const RESPONSES = both(MESSAGES, 'Response');
