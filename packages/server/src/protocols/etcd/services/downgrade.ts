/**
 * etcdserverpb.Maintenance/Downgrade. Members of Synod have no older version of etcd to become, so none begins; what would be
 * wrong with one is told as etcd tells it, and there is never one to show or to cancel.
 */
import type { MemberList, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { STATUS } from '../../../grpc/status.ts';
import type { MemberFace } from '../member-face.ts';
import { downgradeRequest, downgradeResponse } from '../messages/rare-messages.ts';
import type { UnaryCall } from '../rpc.ts';

/** What the status of a member says of downgrades: etcd sends this message also when no downgrade runs. */
export const NO_DOWNGRADE = { enabled: false, targetVersion: '' } as const;

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
  const target = minorVersionOf(request.version);
  if (target === undefined && action !== 'cancel') {
    call.fail(STATUS.invalidArgument, 'etcdserver: wrong downgrade target version format');
    return;
  }
  // As in etcd, a member without a quorum does not say what the cluster may do.
  face.service.members(true, {
    complete(known: MemberList | ServiceFailure) {
      if (known.kind === 'serviceFailure') face.failWith(call, known);
      // That there was none to cancel, etcd writes to its log alone.
      else if (action === 'cancel') answer(face, call);
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

/** With the cluster's version, of which this call shows no patch level. */
function answer(face: MemberFace, call: UnaryCall): void {
  face.writeHeader(face.service.revision);
  downgradeResponse.encode(face.writer, { version: minorVersionOf(face.options.clusterVersion)! });
  call.respond(face.writer.finish());
}

/** `3.6` for `3.6` and every `3.6.n`, also one before its release (`3.6.0-rc.1`); undefined: it is no version. */
function minorVersionOf(version: string): string | undefined {
  const match = /^(\d+)\.(\d+)(?:\.\d+(?:-[\dA-Za-z.-]+)?(?:\+[\dA-Za-z.-]+)?)?$/.exec(version);
  return match === null ? undefined : `${Number(match[1])}.${Number(match[2])}`;
}

function minorBelow(version: string): string {
  const [major, minor] = version.split('.');
  return `${major}.${Number(minor) - 1}`;
}
