/**
 * The body of a request that is one value: gathered up to a limit, within a time. What all bodies of a member take together has a
 * limit as well.
 */
import type { IncomingMessage } from 'node:http';
import { STATUS, type StatusCode } from '../../../grpc/status.ts';
import { BODY_TIMEOUT_MS, UNFINISHED_BODY_BYTES_MAX } from './limits.ts';

/** Bytes of the bodies that are still coming, of one member. */
export interface UnfinishedBodies {
  bytes: number;
}

export interface BodyRefusal {
  readonly code: StatusCode;
  readonly text: string;
  /** The client is not heard out: the connection is of no more use. */
  readonly closes: boolean;
}

export interface BodyReceiver {
  readonly bytesMax: number;
  readonly received: (body: string) => void;
  readonly refused: (refusal: BodyRefusal) => void;
}

/** Exactly one of the two is called, or neither if the client goes. */
export function receiveBody(
  request: IncomingMessage,
  unfinished: UnfinishedBodies,
  receiver: BodyReceiver,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stop = (): void => {
    clearTimeout(timer);
    unfinished.bytes -= bytes;
    bytes = 0;
    request.off('data', onData).off('end', onEnd).off('close', stop);
  };
  const refuse = (code: StatusCode, text: string): void => {
    stop();
    receiver.refused({ code, text, closes: true });
  };
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    unfinished.bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > receiver.bytesMax)
      refuse(
        STATUS.resourceExhausted,
        `the body of a request is larger than ${receiver.bytesMax} bytes, which no message that is taken needs`,
      );
    else if (unfinished.bytes > UNFINISHED_BODY_BYTES_MAX)
      refuse(STATUS.resourceExhausted, 'too many bytes of unfinished requests at this member; try again');
  };
  const onEnd = (): void => {
    stop();
    receiver.received(Buffer.concat(chunks).toString('utf8'));
  };
  const timer = setTimeout(
    () => refuse(STATUS.deadlineExceeded, `the body did not come within ${BODY_TIMEOUT_MS} ms`),
    BODY_TIMEOUT_MS,
  ).unref();
  request.on('data', onData).on('end', onEnd).on('close', stop);
}
