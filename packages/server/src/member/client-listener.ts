/** Listens for clients: gRPC over our HTTP/2, and HTTP/1.1 for health, version and metrics, on the same ports. */
import { createServer as createHttp1Server } from 'node:http';
import { createServer, type Server } from 'node:net';
import type { MemberConfig } from '../config/member-config.ts';
import { MESSAGE_OVERHEAD_BYTES } from '../grpc/limits.ts';
import { createGrpcServer, type GrpcMethods, type GrpcObserver } from '../grpc/server.ts';
import type { Http2Counters } from '../http2/listener.ts';
import type { Http1Handler } from '../protocols/etcd/http1.ts';
import { addressOf } from './addresses.ts';
import { SHUTDOWN_TIMEOUT_MS } from './limits.ts';

export interface ClientListener {
  readonly counters: Http2Counters;
  /** The ports listened on, in the order of the configuration. */
  readonly ports: readonly number[];
  /** Takes no new connection; ends the open ones after the calls that are open, or after a while. */
  close(): Promise<void>;
}

export interface ClientListenerOptions {
  readonly config: MemberConfig;
  readonly methods: GrpcMethods;
  readonly http1: Http1Handler;
  readonly observer: GrpcObserver;
}

/** Rejects when an address cannot be had. */
export async function listenForClients(options: ClientListenerOptions): Promise<ClientListener> {
  const { config } = options;
  const http1Server = createHttp1Server(options.http1);
  const listener = createGrpcServer({
    methods: options.methods,
    http1Server,
    grpcObserver: options.observer,
    grpcLimits: { messageBytesMax: config.requestBytesMax + MESSAGE_OVERHEAD_BYTES },
    limits: { concurrentStreamsMax: config.concurrentStreamsMax },
    keepalive: {
      pingIntervalMsMin: config.keepalive.minTimeMs,
      idleBeforePingMs: config.keepalive.intervalMs,
      pingTimeoutMs: config.keepalive.timeoutMs,
    },
  });
  const servers: Server[] = [];
  for (const url of config.listenClientUrls) {
    const server = createServer({ noDelay: true }, (socket) => listener.accept(socket));
    await listen(server, url);
    servers.push(server);
  }
  return {
    counters: listener.counters,
    ports: servers.map(portOf),
    async close() {
      for (const server of servers) server.close();
      http1Server.closeAllConnections();
      await Promise.race([listener.shutDown(), delay(SHUTDOWN_TIMEOUT_MS)]);
      listener.destroy();
    },
  };
}

function listen(server: Server, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(addressOf(url), () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
