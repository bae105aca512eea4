/** etcdserverpb.Cluster: MemberList. Changes of the membership are not served yet. */
import type { MemberFacts } from '@synod/coordination';
import type { MemberList, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import type { MemberFace } from '../member-face.ts';
import { memberListRequest, memberListResponse } from '../messages/rare-messages.ts';
import type { RpcMethod, UnaryCall } from '../rpc.ts';

export function clusterHandlers(face: MemberFace): readonly (readonly [string, RpcMethod])[] {
  return [['/etcdserverpb.Cluster/MemberList', { kind: 'unary', handler: (call) => memberList(face, call) }]];
}

function memberList(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, memberListRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  face.service.members(request.linearizable, {
    complete(result: MemberList | ServiceFailure) {
      if (result.kind === 'serviceFailure') {
        face.failWith(call, result);
        return;
      }
      face.writeHeader(face.service.revision);
      memberListResponse.encode(face.writer, { members: [...result.members].sort(byId).map(wireMember) });
      call.respond(face.writer.finish());
    },
  });
}

function byId(a: MemberFacts, b: MemberFacts): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function wireMember(member: MemberFacts) {
  return {
    ID: member.id,
    name: member.name,
    peerURLs: member.peerUrls,
    clientURLs: member.clientUrls,
    isLearner: member.isLearner,
  };
}
