/**
 * Addresses that speak HTTP/1.1 alone, over plaintext or the clients' TLS: `--listen-metrics-urls`, for those who may look
 * at a member and not use it, and `--listen-client-http-urls`. What is served there is the caller's.
 */
import { createServer as createHttp1Server } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { assert } from '@synod/consensus';
import type { Http1Handler } from '../protocols/etcd/http1.ts';
import type { ConnectionBudget } from '../sockets/connection-budget.ts';
import { listeningPort } from '../sockets/listening-port.ts';
import { openPort } from '../sockets/open-port.ts';
import { createSecureServer, type SecureServer } from '../tls/secure-server.ts';
import type { TlsConfig } from '../tls/tls-config.ts';
import { addressOf } from './addresses.ts';
import { HTTP1_IDLE_MS } from './limits.ts';

export interface HttpListenerOptions {
  readonly urls: readonly string[];
  readonly tls: TlsConfig | undefined;
  readonly handler: Http1Handler;
  readonly connections: ConnectionBudget;
  /** A connection could not be taken; the listener goes on. */
  readonly onTrouble: (error: Error) => void;
}

export class HttpListener {
  private readonly servers: Server[] = [];
  private readonly secureServers: SecureServer[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor() {}

  /** Rejects when an address cannot be had. */
  static async open(options: HttpListenerOptions): Promise<HttpListener> {
    const { urls, handler, connections, onTrouble } = options;
    const listener = new HttpListener();
    const http1 = createHttp1Server({ requestTimeout: 0 }, handler);
    http1.setTimeout(HTTP1_IDLE_MS);
    const take = (socket: Socket): void => {
      listener.sockets.add(socket);
      socket.on('close', () => listener.sockets.delete(socket));
      http1.emit('connection', socket);
    };
    try {
      for (const url of urls) {
        const server =
          addressOf(url).isSecure === true
            ? listener.secure(options, take)
            : createServer((socket) => {
                if (connections.admit(socket)) take(socket);
              });
        listener.servers.push(server);
        await openPort(server, addressOf(url));
        server.on('error', onTrouble);
      }
      return listener;
    } catch (error) {
      listener.close();
      throw error;
    }
  }

  /** In the order of the configuration. */
  get ports(): number[] {
    return this.servers.map(listeningPort);
  }

  /** Takes no new connection; what is open goes on. */
  shutDown(): void {
    for (const server of this.servers) server.close();
    for (const secure of this.secureServers) secure.abandonHandshakes();
  }

  /** Ends everything now. */
  close(): void {
    this.shutDown();
    for (const socket of this.sockets) socket.destroy();
  }

  private secure({ tls, connections }: HttpListenerOptions, take: (socket: Socket) => void): Server {
    assert(tls !== undefined, 'the configuration gives a certificate to whoever has a secure address');
    const secure = createSecureServer({
      config: tls,
      protocols: ['http/1.1'],
      admit: (socket) => connections.admit(socket),
      onSocket: take,
      onRefused: () => {},
    });
    this.secureServers.push(secure);
    return secure.server;
  }
}
