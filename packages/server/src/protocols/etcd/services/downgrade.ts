/**
 * etcdserverpb.Maintenance/Downgrade. Members of Synod have no older version of etcd to become, so none begins; what would be
 * wrong with one is told as etcd tells it.
 */
import type { MemberList, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { STATUS } from '../../../grpc/status.ts';
import type { MemberFace } from '../member-face.ts';
import { downgradeRequest, downgradeResponse } from '../messages/rare-messages.ts';
import type { UnaryCall } from '../rpc.ts';

/** By the number of the action. */
const ACTIONS: readonly ('validate' | 'enable' | 'cancel' | undefined)[] = ['validate', 'enable', 'cancel'];

export function downgrade(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, downgradeRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const action = ACTIONS[request.action];
  if (action === undefined) {
    call.fail(STATUS.unknown, 'etcdserver: unknown method');
    return;
  }
  if (action === 'cancel') {
    call.fail(STATUS.failedPrecondition, 'etcdserver: no inflight downgrade job');
    return;
  }
  const target = minorVersionOf(request.version);
  if (target === undefined) {
    call.fail(STATUS.invalidArgument, 'etcdserver: wrong downgrade target version format');
    return;
  }
  // As in etcd, a member without a quorum does not say what the cluster may do.
  face.service.members(true, {
    complete(known: MemberList | ServiceFailure) {
      if (known.kind === 'serviceFailure') face.failWith(call, known);
      else if (target !== minorBelow(face.options.clusterVersion))
        call.fail(STATUS.invalidArgument, 'etcdserver: invalid downgrade target version');
      else if (action === 'enable')
        call.fail(
          STATUS.failedPrecondition,
          'etcdserver: Synod cannot become an older version of etcd; its data can be copied into one',
        );
      else answer(face, call);
    },
  });
}

function answer(face: MemberFace, call: UnaryCall): void {
  face.writeHeader(face.service.revision);
  downgradeResponse.encode(face.writer, { version: face.storageVersion });
  call.respond(face.writer.finish());
}

/** `3.6` for `3.6` and every `3.6.n`; undefined: it is no version. */
function minorVersionOf(version: string): string | undefined {
  const match = /^(\d+)\.(\d+)(\.\d+)?$/.exec(version);
  return match === null ? undefined : `${Number(match[1])}.${Number(match[2])}`;
}

function minorBelow(version: string): string {
  const [major, minor] = version.split('.');
  return `${major}.${Number(minor) - 1}`;
}
