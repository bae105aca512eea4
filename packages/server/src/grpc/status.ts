/** The status codes of gRPC, by number and by name. */

export const STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;
export type StatusName = keyof typeof STATUS;
export type StatusCode = (typeof STATUS)[StatusName];

/** As logs and gateways write them. */
export const STATUS_NAMES: Readonly<Record<StatusCode, string>> = {
  0: 'OK',
  1: 'Canceled',
  2: 'Unknown',
  3: 'InvalidArgument',
  4: 'DeadlineExceeded',
  5: 'NotFound',
  6: 'AlreadyExists',
  7: 'PermissionDenied',
  8: 'ResourceExhausted',
  9: 'FailedPrecondition',
  10: 'Aborted',
  11: 'OutOfRange',
  12: 'Unimplemented',
  13: 'Internal',
  14: 'Unavailable',
  15: 'DataLoss',
  16: 'Unauthenticated',
};

/** How a call ends. */
export interface GrpcStatus {
  readonly code: StatusCode;
  readonly text: string;
}

export const OK: GrpcStatus = { code: STATUS.ok, text: '' };

export function isStatusCode(code: number): code is StatusCode {
  return Object.hasOwn(STATUS_NAMES, code);
}

/** What an HTTP status without a gRPC status means. */
export function statusOfHttp(httpStatus: string | undefined): GrpcStatus {
  const text = `unexpected HTTP status code received from server: ${httpStatus}`;
  switch (httpStatus) {
    case '400':
    case '431':
      return { code: STATUS.internal, text };
    case '401':
      return { code: STATUS.unauthenticated, text };
    case '403':
      return { code: STATUS.permissionDenied, text };
    case '404':
      return { code: STATUS.unimplemented, text };
    case '429':
    case '502':
    case '503':
    case '504':
      return { code: STATUS.unavailable, text };
    default:
      return { code: STATUS.unknown, text };
  }
}

/** What a reset stream means to its caller. */
export function statusOfReset(http2Code: number): GrpcStatus {
  const text = `stream terminated by RST_STREAM with error code: ${http2Code}`;
  switch (http2Code) {
    case 7:
      return { code: STATUS.unavailable, text };
    case 8:
      return { code: STATUS.cancelled, text };
    case 11:
      return { code: STATUS.resourceExhausted, text };
    case 12:
      return { code: STATUS.permissionDenied, text };
    default:
      return { code: STATUS.internal, text };
  }
}
