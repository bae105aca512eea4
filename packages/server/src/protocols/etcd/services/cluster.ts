/** etcdserverpb.Cluster: the list of members, and its changes. */
import type { Caller, Failure, MemberFacts } from '@synod/coordination';
import type { MemberList, MembersChanged, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { wireErrorOf } from '../error-table.ts';
import type { MemberFace } from '../member-face.ts';
import {
  memberAddRequest,
  memberAddResponse,
  memberListRequest,
  memberListResponse,
  memberRequest,
  memberUpdateRequest,
} from '../messages/rare-messages.ts';
import type { ServedMethod, UnaryCall } from '../rpc.ts';

type Handler = (face: MemberFace, call: UnaryCall, caller: Caller | undefined) => void;

export function clusterHandlers(face: MemberFace): readonly (readonly [string, ServedMethod])[] {
  const unary = (name: string, handler: Handler): readonly [string, ServedMethod] => [
    `/etcdserverpb.Cluster/${name}`,
    { kind: 'unary', handler: (call, caller) => handler(face, call, caller) },
  ];
  return [
    unary('MemberList', memberList),
    unary('MemberAdd', memberAdd),
    unary('MemberRemove', memberRemove),
    unary('MemberUpdate', memberUpdate),
    unary('MemberPromote', memberPromote),
  ];
}

function memberList(face: MemberFace, call: UnaryCall): void {
  const request = face.decode(call, memberListRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  face.service.members(request.linearizable, {
    complete(result: MemberList | ServiceFailure) {
      if (result.kind === 'serviceFailure') face.failWith(call, result);
      else respondWithList(face, call, result.members);
    },
  });
}

function memberAdd(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, memberAddRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const peerUrls = face.options.readPeerUrls(request.peerURLs);
  if (peerUrls === undefined) {
    face.fail(call, 'badMemberUrls');
    return;
  }
  const id = newId(face.options.randomBytes());
  const complete = (result: MembersChanged | Failure | ServiceFailure): void => {
    if (result.kind !== 'membersChanged') {
      face.failWith(call, result);
      return;
    }
    const members = result.members.map(wireMember);
    face.writeHeader(result.revision);
    memberAddResponse.encode(face.writer, { member: members.find(({ ID }) => ID === id), members });
    call.respond(face.writer.finish());
  };
  face.service.addMember({ id, peerUrls, isLearner: request.isLearner }, { complete }, caller);
}

function memberRemove(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, memberRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  face.service.removeMember(request.ID, answeringWithList(face, call), caller);
}

function memberUpdate(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, memberUpdateRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const peerUrls = face.options.readPeerUrls(request.peerURLs);
  if (peerUrls === undefined) refuseUrls(face, call, request.ID);
  else face.service.updateMember(request.ID, peerUrls, answeringWithList(face, call), caller);
}

/** That there is no such member comes first, as in etcd, which then takes anything for an address. */
function refuseUrls(face: MemberFace, call: UnaryCall, id: string): void {
  face.service.members(false, {
    complete(result: MemberList | ServiceFailure) {
      const isKnown = result.kind === 'memberList' && result.members.some((member) => member.id === id);
      face.fail(call, isKnown ? 'badMemberUrls' : 'memberNotFound');
    },
  });
}

function memberPromote(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, memberRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const { complete } = answeringWithList(face, call);
  face.service.promoteMember(
    request.ID,
    {
      complete(result) {
        if (result.kind === 'membersChanged') face.observer.learnerPromoted();
        else face.observer.learnerNotPromoted(wireErrorOf(result).text);
        complete(result);
      },
    },
    caller,
  );
}

function answeringWithList(face: MemberFace, call: UnaryCall) {
  return {
    complete(result: MembersChanged | Failure | ServiceFailure) {
      if (result.kind === 'membersChanged') respondWithList(face, call, result.members);
      else face.failWith(call, result);
    },
  };
}

function respondWithList(face: MemberFace, call: UnaryCall, members: readonly MemberFacts[]): void {
  face.writeHeader(face.service.revision);
  memberListResponse.encode(face.writer, { members: members.map(wireMember) });
  call.respond(face.writer.finish());
}

/** No member has the id 0: clients take it for none. */
function newId(bytes: Uint8Array): string {
  const id = Buffer.from(bytes).toString('hex');
  return /^0+$/.test(id) ? '0000000000000001' : id;
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
