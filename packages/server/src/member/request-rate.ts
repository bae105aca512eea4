/** `--max-requests-per-second`, of a connection that speaks HTTP/1.1: the gateway's calls are held to it as gRPC's are. */
import type { Socket } from 'node:net';
import { FrameBudget } from '../http2/frame-budget.ts';
import type { FrameRate } from '../http2/limits.ts';
import { ETCD_ERRORS } from '../protocols/etcd/error-table.ts';
import { errorJson, httpStatusOf } from '../protocols/etcd/gateway/http-status.ts';
import type { Http1Handler } from '../protocols/etcd/http1.ts';

/** A second's worth may come at once. */
export function rateOf(requestsPerSecondMax: number): FrameRate | undefined {
  if (!Number.isFinite(requestsPerSecondMax)) return undefined;
  return { burst: requestsPerSecondMax, perSecond: requestsPerSecondMax };
}

/** Probes and metrics are always answered: they are how somebody finds out. */
export function withRequestRate(handler: Http1Handler, rate: FrameRate | undefined): Http1Handler {
  if (rate === undefined) return handler;
  const budgets = new WeakMap<Socket, FrameBudget>();
  const clock = (): number => performance.now();
  return (request, response) => {
    const { socket } = request;
    const budget = budgets.get(socket) ?? new FrameBudget(rate, clock());
    budgets.set(socket, budget);
    if (request.method !== 'POST' || budget.take(clock)) {
      handler(request, response);
      return;
    }
    const { grpcCode, text } = ETCD_ERRORS.tooManyRequests;
    response.writeHead(httpStatusOf(grpcCode), { 'content-type': 'application/json' });
    response.end(errorJson(grpcCode, text));
    // What it still sends is not kept.
    request.resume();
  };
}
