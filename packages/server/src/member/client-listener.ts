/**
 * Listens for clients: gRPC over our HTTP/2, and HTTP/1.1 for the JSON gateway, probes and metrics, on the same ports or on
 * ports of its own.
 */
import { createServer as createHttp1Server } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { assert } from '@synod/consensus';
import type { MemberConfig } from '../config/member-config.ts';
import { MESSAGE_OVERHEAD_BYTES } from '../grpc/limits.ts';
import { createGrpcServer, type GrpcMethods, type GrpcObserver } from '../grpc/server.ts';
import type { Http2Counters, Http2Listener } from '../http2/listener.ts';
import { ETCD_ERRORS } from '../protocols/etcd/error-table.ts';
import type { Http1Handler } from '../protocols/etcd/http1.ts';
import type { ConnectionBudget } from '../sockets/connection-budget.ts';
import { listeningPort } from '../sockets/listening-port.ts';
import { openPort } from '../sockets/open-port.ts';
import { isTlsStart } from '../tls/handshake-failure.ts';
import { createSecureServer, type SecureServer } from '../tls/secure-server.ts';
import { RefusalLog } from '../transport/refusal-log.ts';
import { addressOf } from './addresses.ts';
import { HTTP1_IDLE_MS, REFUSAL_LOG_INTERVAL_MS } from './limits.ts';
import { rateOf } from './request-rate.ts';

export interface ClientListener {
  readonly counters: Http2Counters;
  /** The ports listened on, in the order of the configuration; 0 for a Unix socket. */
  readonly ports: readonly number[];
  /** Takes no new connection and no new call; resolves when the calls that are open have ended, if they do. */
  shutDown(): Promise<void>;
  /** Ends everything now. */
  destroy(): void;
}

export interface ClientListenerOptions {
  readonly config: Pick<
    MemberConfig,
    | 'clientTls'
    | 'listenClientUrls'
    | 'listenClientHttpUrls'
    | 'requestBytesMax'
    | 'concurrentStreamsMax'
    | 'requestsPerSecondMax'
    | 'keepalive'
  >;
  /** Undefined: any number of connections. */
  readonly connections?: ConnectionBudget;
  readonly methods: GrpcMethods;
  readonly http1: Http1Handler;
  readonly observer: GrpcObserver;
  /** A connection could not be taken, for want of descriptors for one; the listener goes on. */
  readonly onTrouble: (error: Error) => void;
  /** Of a connection that came to nothing, seldom enough for the log. */
  readonly onRefused: (remoteAddress: string, reason: string) => void;
}

/** Rejects when an address cannot be had. */
export async function listenForClients(options: ClientListenerOptions): Promise<ClientListener> {
  const { config, connections } = options;
  const http1Server = createHttp1Server({ requestTimeout: 0 }, options.http1);
  // Until a request is there; the pages decide how long they take.
  http1Server.setTimeout(HTTP1_IDLE_MS);
  // Node's server keeps no account of connections that it did not accept itself.
  const http1Sockets = new Set<Socket>();
  http1Server.on('connection', (socket: Socket) => {
    http1Sockets.add(socket);
    socket.on('close', () => http1Sockets.delete(socket));
  });
  const refusals = new RefusalLog({
    intervalMs: REFUSAL_LOG_INTERVAL_MS,
    nowMs: () => performance.now(),
    write: options.onRefused,
  });
  const listener = createGrpcServer({
    methods: options.methods,
    observer: {
      connectionEnded: () => {},
      foreign: (socket, bytes) => reportForeign(refusals, socket, bytes),
    },
    ...(hasOwnHttp(config) ? {} : { http1Server }),
    grpcObserver: options.observer,
    grpcLimits: { messageBytesMax: config.requestBytesMax + MESSAGE_OVERHEAD_BYTES },
    limits: {
      concurrentStreamsMax: config.concurrentStreamsMax,
      requests: rateOf(config.requestsPerSecondMax),
    },
    tooManyRequests: { code: ETCD_ERRORS.tooManyRequests.grpcCode, text: ETCD_ERRORS.tooManyRequests.text },
    keepalive: {
      pingIntervalMsMin: config.keepalive.minTimeMs,
      idleBeforePingMs: config.keepalive.intervalMs,
      pingTimeoutMs: config.keepalive.timeoutMs,
    },
  });
  const servers: Server[] = [];
  const secureServers: SecureServer[] = [];
  const destroy = (): void => {
    for (const server of servers) server.close();
    for (const secure of secureServers) secure.abandonHandshakes();
    for (const socket of http1Sockets) socket.destroy();
    listener.destroy();
  };
  try {
    for (const url of config.listenClientUrls) {
      let server: Server;
      if (addressOf(url).isSecure) {
        const secure = secureServer(listener, refusals, options);
        secureServers.push(secure);
        server = secure.server;
      } else
        server = createServer({ noDelay: true }, (socket) => {
          if (connections?.admit(socket) !== false) listener.accept(socket);
        });
      await openPort(server, addressOf(url));
      server.on('error', options.onTrouble);
      servers.push(server);
    }
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    counters: listener.counters,
    ports: servers.map(listeningPort),
    shutDown() {
      for (const server of servers) server.close();
      for (const secure of secureServers) secure.abandonHandshakes();
      http1Server.closeIdleConnections();
      return listener.shutDown();
    },
    destroy,
  };
}

/** Then the clients' ports speak gRPC alone. */
function hasOwnHttp({ listenClientHttpUrls }: Pick<MemberConfig, 'listenClientHttpUrls'>): boolean {
  return listenClientHttpUrls.length > 0;
}

function secureServer(
  listener: Http2Listener,
  refusals: RefusalLog,
  { config, connections }: ClientListenerOptions,
): SecureServer {
  const { clientTls } = config;
  assert(clientTls !== undefined, 'the configuration gives a certificate to whoever has a secure address');
  return createSecureServer({
    config: clientTls,
    // Clients of gRPC offer HTTP/2 alone. Who offers both, as curl and browsers do, means the gateway, where it is here.
    protocols: hasOwnHttp(config) ? ['h2'] : ['http/1.1', 'h2'],
    admit: connections && ((socket) => connections.admit(socket)),
    onSocket: (socket, commonName) => listener.accept(socket, commonName),
    onRefused: (address, failure) => refusals.report(address, failure),
  });
}

/** Most bytes that are not HTTP are somebody's scan; TLS is somebody's mistake. */
function reportForeign(refusals: RefusalLog, socket: Duplex, bytes: Uint8Array): void {
  if (!isTlsStart(bytes)) return;
  const address = 'remoteAddress' in socket ? String(socket.remoteAddress) : 'unknown';
  refusals.report(address, {
    kind: 'tls',
    reason:
      'TLS came to an address that speaks plaintext; use http://, or listen on https:// with --cert-file and --key-file',
  });
}
