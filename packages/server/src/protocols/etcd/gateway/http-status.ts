/** A gRPC status as HTTP has it: the number, and the JSON of an error. Knows no call. */
import { STATUS, STATUS_NAMES, type StatusCode } from '../../../grpc/status.ts';

/** As grpc-gateway 2, which etcd has used since 3.6, maps them. */
const HTTP_STATUSES: Readonly<Record<StatusCode, number>> = {
  [STATUS.ok]: 200,
  [STATUS.cancelled]: 499,
  [STATUS.unknown]: 500,
  [STATUS.invalidArgument]: 400,
  [STATUS.deadlineExceeded]: 504,
  [STATUS.notFound]: 404,
  [STATUS.alreadyExists]: 409,
  [STATUS.permissionDenied]: 403,
  [STATUS.resourceExhausted]: 429,
  [STATUS.failedPrecondition]: 400,
  [STATUS.aborted]: 409,
  [STATUS.outOfRange]: 400,
  [STATUS.unimplemented]: 501,
  [STATUS.internal]: 500,
  [STATUS.unavailable]: 503,
  [STATUS.dataLoss]: 500,
  [STATUS.unauthenticated]: 401,
};

export function httpStatusOf(code: StatusCode): number {
  return HTTP_STATUSES[code];
}

/** `error` is gone from etcd since 3.6; clients written for 3.5 and before look for it, and newer ones pass over it. */
export function errorJson(code: StatusCode, text: string): string {
  return JSON.stringify({ error: text, code, message: text });
}

/** The last line of a stream that failed. The three last members are those of 3.5 and before. */
export function streamErrorJson(code: StatusCode, text: string): string {
  const http_code = httpStatusOf(code);
  const error = { code, message: text, grpc_code: code, http_code, http_status: STATUS_NAMES[code] };
  return `${JSON.stringify({ error })}\n`;
}
