/** Serves a handler on a port of its own, and asks it. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Http1Handler } from '../../../src/protocols/etcd/http1.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class ServedHandler {
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(handler: Http1Handler): Promise<ServedHandler> {
    const server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ServedHandler(server);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async ask(path: string, asked: Asked = {}): Promise<HttpAnswer> {
    const response = await this.open(path, asked);
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    return { status: response.statusCode!, headers: response.headers, body };
  }

  /** As `ask` with a body, up to the head of the answer. */
  open(path: string, { method = 'POST', headers = {}, body = '' }: Asked): Promise<IncomingMessage> {
    const { port } = this.server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, method, headers }, resolve).on('error', reject).end(body);
    });
  }
}
