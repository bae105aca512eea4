/**
 * The HTTP/1.1 side of the clients' port: health for probes, the version that Kubernetes reads, metrics for Prometheus.
 * Answers as etcd's, down to the order of the fields. Knows the service, and nothing of gRPC.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ALL_AFTER,
  type Failure,
  key,
  OWN_RESOLVE,
  type RangeQuery,
  type RangeResult,
} from '@synod/coordination';
import type { CoordinationService, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { wireErrorOf } from './error-table.ts';

/** The part of prom-client's registry that is used. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface Http1Options {
  readonly serverVersion: string;
  readonly clusterVersion: string;
  readonly metrics: MetricsSource;
}

export type Http1Handler = (request: IncomingMessage, response: ServerResponse) => void;

export function etcdHttp1Handler(service: CoordinationService, options: Http1Options): Http1Handler {
  return (request, response) => {
    const [path, query = ''] = (request.url ?? '').split('?', 2);
    if (path === '/health') health(service, new URLSearchParams(query), request, response);
    else if (path === '/version') version(options, request, response);
    else if (path === '/metrics') metrics(options.metrics, response);
    else sendText(response, 404, '404 page not found\n');
  };
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': TEXT, 'x-content-type-options': 'nosniff' }).end(text);
}

function refusesMethod(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === 'GET') return false;
  response.setHeader('allow', 'GET');
  sendText(response, 405, 'Method Not Allowed\n');
  return true;
}

function version(options: Http1Options, request: IncomingMessage, response: ServerResponse): void {
  if (refusesMethod(request, response)) return;
  const body = JSON.stringify({
    etcdserver: options.serverVersion,
    etcdcluster: options.clusterVersion,
    storage: options.clusterVersion,
  });
  response.writeHead(200, { 'content-type': JSON_TYPE }).end(body);
}

/** What etcd asks itself to see whether it answers: the first key, without its value. */
const PROBE: RangeQuery = {
  span: { from: key('\0'), to: ALL_AFTER },
  revision: 0,
  limit: 1,
  sort: undefined,
  keysOnly: true,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};

/** `?serializable=true` asks about this member alone, without a leader and without a quorum. */
function health(
  service: CoordinationService,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (refusesMethod(request, response)) return;
  const alone = query.get('serializable') === 'true';
  if (!alone && !service.hasLeader) {
    sendHealth(response, 'RAFT NO LEADER');
    return;
  }
  // What it finds is told to nobody, so that it needs nobody's right.
  service.range(
    PROBE,
    !alone,
    {
      complete(result: RangeResult | Failure | ServiceFailure) {
        sendHealth(response, result.kind === 'range' ? '' : `RANGE ERROR:${wireErrorOf(result).text}`);
      },
    },
    OWN_RESOLVE,
  );
}

function sendHealth(response: ServerResponse, reason: string): void {
  const body = JSON.stringify({ health: reason === '' ? 'true' : 'false', reason });
  if (reason === '') response.writeHead(200, { 'content-type': TEXT }).end(body);
  else sendText(response, 503, `${body}\n`);
}

function metrics(source: MetricsSource, response: ServerResponse): void {
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
