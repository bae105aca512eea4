/** The header blocks of answers, made once: none touches the peer's table, so they are the same bytes for everybody. */
import { encodeStateless, type FieldPair } from '../http2/hpack/encoder.ts';
import { KEPT_TRAILERS_MAX } from './limits.ts';
import { percentEncode } from './metadata.ts';
import type { GrpcStatus } from './status.ts';

const STATUS_200: FieldPair = [':status', '200'];
const CONTENT_TYPE: FieldPair = ['content-type', 'application/grpc'];
const ACCEPTED_ENCODINGS: FieldPair = ['grpc-accept-encoding', 'identity,gzip'];

/** Before the first message. */
export const RESPONSE_HEAD = encodeStateless([STATUS_200, CONTENT_TYPE]);
export const OK_TRAILERS = encodeStateless([['grpc-status', '0']]);

function statusFields(status: GrpcStatus): FieldPair[] {
  return [
    ['grpc-status', String(status.code)],
    ['grpc-message', percentEncode(status.text)],
  ];
}

/** Keeps what it made, by code and text. */
function kept(make: (status: GrpcStatus) => Buffer): (status: GrpcStatus) => Buffer {
  const blocks = new Map<string, Buffer>();
  return (status) => {
    const key = `${status.code} ${status.text}`;
    let block = blocks.get(key);
    if (block === undefined) {
      if (blocks.size >= KEPT_TRAILERS_MAX) blocks.clear();
      block = make(status);
      blocks.set(key, block);
    }
    return block;
  };
}

/** Behind messages. */
export const trailers = kept((status) => encodeStateless(statusFields(status)));

/** An answer that is a status alone. */
export const trailersOnly = kept((status) =>
  encodeStateless([STATUS_200, CONTENT_TYPE, ...statusFields(status)]),
);

/** To a client whose compression we do not know. */
export const trailersOnlyWithEncodings = kept((status) =>
  encodeStateless([STATUS_200, CONTENT_TYPE, ACCEPTED_ENCODINGS, ...statusFields(status)]),
);

/** To a request that is no gRPC. */
export function httpError(httpStatus: number, status: GrpcStatus): Buffer {
  return encodeStateless([[':status', String(httpStatus)], CONTENT_TYPE, ...statusFields(status)]);
}
