/**
 * The HTTP/1.1 side of the clients' port: the JSON gateway, probes, the version that Kubernetes reads, metrics for Prometheus, and
 * Go's way to show variables. A table of paths; what each does is elsewhere. Knows nothing of HTTP/2.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CoordinationService } from '@synod/coordination/service/service-api.ts';
import { type EtcdObserver, UNOBSERVED } from './etcd-observer.ts';
import { type GatewayObserver, JsonGateway } from './gateway/gateway.ts';
import { JSON_TYPE, refusesMethod, sendText } from './http-answers.ts';
import { openApiDocument } from './openapi.ts';
import { health, PROBES, probe } from './probes.ts';
import type { RpcTable } from './rpc.ts';
import { ANY_WEB_ACCESS, answersForAccess, type WebAccess } from './web-access.ts';

/** The part of prom-client's registry that is used. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface Http1Options {
  readonly serverVersion: string;
  readonly clusterVersion: string;
  readonly requestBytesMax: number;
  readonly metrics: MetricsSource;
  /** Whether there is anything under `/v3/`. */
  readonly jsonGateway: boolean;
  /** What the gateway makes calls of; the same as gRPC's. */
  readonly methods: RpcTable;
  readonly observer?: GatewayObserver | undefined;
  /** Told of probes. Default: nobody is. */
  readonly etcdObserver?: EtcdObserver;
  /** Undefined: anybody may ask, by any name of this machine. */
  readonly webAccess?: WebAccess;
}

export type Http1Handler = (request: IncomingMessage, response: ServerResponse) => void;

type Page = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void;

export function etcdHttp1Handler(service: CoordinationService, options: Http1Options): Http1Handler {
  const gateway = options.jsonGateway ? new JsonGateway(options) : undefined;
  const pages = pagesOf(service, options);
  const access = options.webAccess ?? ANY_WEB_ACCESS;
  return (request, response) => {
    if (answersForAccess(access, request, response)) return;
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    // Clients of etcd 3.3 say v3beta.
    const path = (mark < 0 ? url : url.slice(0, mark)).replace(/^\/v3beta\//, '/v3/');
    if (gateway !== undefined && path.startsWith('/v3/')) {
      gateway.serve(path, request, response);
      return;
    }
    const page = pages.get(path);
    if (page === undefined) sendText(response, 404, '404 page not found\n');
    else page(request, response, new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)));
  };
}

/** Metrics and health alone: for addresses at which nobody may use the cluster. */
export function etcdWatchersHandler(
  service: CoordinationService,
  options: Pick<Http1Options, 'metrics' | 'etcdObserver'>,
): Http1Handler {
  const pages = watchersPages(service, options);
  return (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://member');
    const page = pages.get(pathname);
    if (page === undefined) sendText(response, 404, '404 page not found\n');
    else page(request, response, searchParams);
  };
}

function pagesOf(service: CoordinationService, options: Http1Options): ReadonlyMap<string, Page> {
  const pages = new Map<string, Page>([
    ...watchersPages(service, options),
    ['/version', (request, response) => sendVersion(options, request, response)],
    ['/debug/vars', (request, response) => sendVariables(service, request, response)],
  ]);
  if (options.jsonGateway) {
    pages.set('/v3', (_, response) => response.writeHead(301, { location: '/v3/' }).end());
    pages.set('/openapi.json', (request, response) => sendOpenApi(options.serverVersion, request, response));
  }
  return pages;
}

function watchersPages(
  service: CoordinationService,
  { metrics, etcdObserver: observer = UNOBSERVED }: Pick<Http1Options, 'metrics' | 'etcdObserver'>,
): Map<string, Page> {
  const pages = new Map<string, Page>([
    ['/health', (request, response, query) => health({ service, observer, query, request, response })],
    ['/metrics', (_, response) => sendMetrics(metrics, response)],
  ]);
  for (const kind of ['livez', 'readyz'] as const)
    for (const check of [undefined, ...PROBES[kind]])
      pages.set(check === undefined ? `/${kind}` : `/${kind}/${check}`, (request, response, query) =>
        probe({ service, observer, query, request, response }, kind, check),
      );
  return pages;
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': JSON_TYPE }).end(JSON.stringify(value));
}

function sendVersion(options: Http1Options, request: IncomingMessage, response: ServerResponse): void {
  if (refusesMethod(request, response)) return;
  sendJson(response, {
    etcdserver: options.serverVersion,
    etcdcluster: options.clusterVersion,
    storage: options.clusterVersion,
  });
}

function sendMetrics(source: MetricsSource, response: ServerResponse): void {
  source.metrics().then(
    (text) => response.writeHead(200, { 'content-type': source.contentType }).end(text),
    (error: unknown) =>
      sendText(
        response,
        500,
        `the metrics cannot be collected: ${error instanceof Error ? error.message : error}\n`,
      ),
  );
}

/** Without the command line, which etcd shows to everybody: it may hold what is nobody's business. */
function sendVariables(
  service: CoordinationService,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (refusesMethod(request, response)) return;
  const { leader, term, commitIndex, appliedIndex, isLearner } = service.status();
  sendJson(response, {
    memstats: process.memoryUsage(),
    'raft.status': {
      id: service.memberId,
      term,
      commit: commitIndex,
      applied: appliedIndex,
      lead: leader ?? '0',
      raftState: leader === service.memberId ? 'StateLeader' : isLearner ? 'StateLearner' : 'StateFollower',
    },
  });
}

function sendOpenApi(version: string, request: IncomingMessage, response: ServerResponse): void {
  if (refusesMethod(request, response)) return;
  sendJson(response, openApiDocument(version));
}
