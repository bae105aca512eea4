/**
 * grpc.health.v1: what load balancers and probes ask. Like etcd it knows the server as a whole (the empty name) and no
 * single service, and says SERVING as long as the process answers.
 */
import { GRPC_NOT_FOUND } from '../error-table.ts';
import type { MemberFace } from '../member-face.ts';
import { healthCheckRequest, healthCheckResponse } from '../messages/rare-messages.ts';
import type { RpcHandler, StreamCall, StreamReceiver, UnaryCall } from '../rpc.ts';

export function healthHandlers(face: MemberFace): readonly (readonly [string, RpcHandler])[] {
  return [
    ['/grpc.health.v1.Health/Check', { kind: 'unary', handle: (call, bytes) => check(face, call, bytes) }],
    ['/grpc.health.v1.Health/Watch', { kind: 'stream', open: (call) => new HealthWatch(face, call) }],
  ];
}

const SERVING = 1;
const SERVICE_UNKNOWN = 3;

function check(face: MemberFace, call: UnaryCall, bytes: Uint8Array): void {
  const request = face.decode(call, bytes, healthCheckRequest.decode);
  if (request === undefined) return;
  if (request.service !== '') {
    call.fail(GRPC_NOT_FOUND, 'unknown service');
    return;
  }
  healthCheckResponse.encode(face.writer, { status: SERVING });
  call.respond(face.writer.finish());
}

/** Says the state once; it does not change while the process lives, so the stream then stays silent. */
class HealthWatch implements StreamReceiver {
  private readonly face: MemberFace;
  private readonly call: StreamCall;
  private answered = false;

  constructor(face: MemberFace, call: StreamCall) {
    this.face = face;
    this.call = call;
  }

  message(bytes: Uint8Array): void {
    if (this.answered) return;
    this.answered = true;
    const request = this.face.decodeStreamed(this.call, bytes, healthCheckRequest.decode);
    if (request === undefined) return;
    healthCheckResponse.encode(this.face.writer, {
      status: request.service === '' ? SERVING : SERVICE_UNKNOWN,
    });
    this.call.send(this.face.writer.finish());
  }

  halfClosed(): void {}
  drained(): void {}
  closed(): void {}
}
