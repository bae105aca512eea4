/**
 * grpc.health.v1: what load balancers and probes ask. Like etcd it knows the server as a whole (the empty name) and no
 * single service, and says SERVING as long as the process answers.
 */
import { STATUS } from '../../../grpc/status.ts';
import type { MemberFace } from '../member-face.ts';
import { healthCheckRequest, healthCheckResponse } from '../messages/rare-messages.ts';
import type { RpcMethod, StreamCall, StreamListener, UnaryCall } from '../rpc.ts';

export function healthHandlers(face: MemberFace): readonly (readonly [string, RpcMethod])[] {
  return [
    ['/grpc.health.v1.Health/Check', { kind: 'unary', handler: (call) => check(face, call) }],
    ['/grpc.health.v1.Health/Watch', { kind: 'stream', open: (call) => new HealthWatch(face, call) }],
  ];
}

const SERVING = 1;
const SERVICE_UNKNOWN = 3;

function check(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, healthCheckRequest.decode);
  if (request === undefined) return;
  if (request.service !== '') {
    call.fail(STATUS.notFound, 'unknown service');
    return;
  }
  healthCheckResponse.encode(face.writer, { status: SERVING });
  call.respond(face.writer.finish());
}

/** Says the state once; it does not change while the process lives, so the stream then stays silent. */
class HealthWatch implements StreamListener {
  private readonly face: MemberFace;
  private readonly call: StreamCall;
  private answered = false;

  constructor(face: MemberFace, call: StreamCall) {
    this.face = face;
    this.call = call;
  }

  onMessage(bytes: Uint8Array): void {
    if (this.answered) return;
    this.answered = true;
    const request = this.face.decodeStreamed(this.call, bytes, healthCheckRequest.decode);
    if (request === undefined) return;
    healthCheckResponse.encode(this.face.writer, {
      status: request.service === '' ? SERVING : SERVICE_UNKNOWN,
    });
    this.call.send(this.face.writer.finish());
  }

  onHalfClose(): void {}
  onDrain(): void {}
  onCancel(): void {}
}
