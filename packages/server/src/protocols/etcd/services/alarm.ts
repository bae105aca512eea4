/** etcdserverpb.Maintenance/Alarm: the list of alarms, raising one and clearing one. */
import type { Alarm, AlarmCommand, Caller, CommandResult } from '@synod/coordination';
import type { AlarmList, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { ANY_ALARM, alarmKindOf, alarmNumber } from '../alarm-words.ts';
import type { MemberFace } from '../member-face.ts';
import { alarmRequest, alarmResponse } from '../messages/rare-messages.ts';
import type { UnaryCall } from '../rpc.ts';

const GET = 0;
/** By the number of the action. */
const CHANGES: readonly (AlarmCommand['kind'] | undefined)[] = [undefined, 'raise', 'clear'];

export function alarm(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, alarmRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const { action, memberID: member, alarm: number } = request;
  const kind = alarmKindOf(number);
  if (action === GET) {
    list(face, call, (one) => number === ANY_ALARM || one.kind === kind);
    return;
  }
  const change = CHANGES[action];
  // As in etcd, no alarm at all is neither raised nor cleared, and to ask for that is no mistake.
  if (kind === undefined || change === undefined) {
    respond(face, call, []);
    return;
  }
  face.service.submit(
    { module: 'alarms', kind: change, alarm: { member, kind, isAutomatic: false } },
    {
      complete(result: CommandResult | ServiceFailure) {
        if (result.kind === 'alarmsChanged') respond(face, call, result.alarms);
        else if (result.kind === 'failure' || result.kind === 'serviceFailure') face.failWith(call, result);
      },
    },
    caller,
  );
}

function list(face: MemberFace, call: UnaryCall, isAsked: (alarm: Alarm) => boolean): void {
  face.service.alarms({
    complete(result: AlarmList | ServiceFailure) {
      if (result.kind === 'alarmList') respond(face, call, result.alarms.filter(isAsked));
      else face.failWith(call, result);
    },
  });
}

function respond(face: MemberFace, call: UnaryCall, alarms: readonly Alarm[]): void {
  face.writeHeader(face.service.revision);
  alarmResponse.encode(face.writer, {
    alarms: alarms.map(({ member, kind }) => ({ memberID: member, alarm: alarmNumber(kind) })),
  });
  call.respond(face.writer.finish());
}
