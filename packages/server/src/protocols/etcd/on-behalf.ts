/**
 * A face whose service asks everything on behalf of one caller: for the calls that are made of many commands and reads,
 * where each of them counts for itself. The calls on the hot path pass their caller on by hand.
 */
import type { Caller } from '@synod/coordination';
import type { CoordinationService, WatchStream } from '@synod/coordination/service/service-api.ts';
import type { Identity } from './identity.ts';
import { MemberFace } from './member-face.ts';

/** `who`: a caller, or a stream's identity as it is when each thing is asked. */
export function onBehalf(face: MemberFace, who: Caller | undefined | Identity): MemberFace {
  if (!face.service.authEnabled) return face;
  const caller = (): Caller | undefined => {
    if (who === undefined || !('caller' in who)) return who;
    const now = who.caller();
    // A token that has run out makes nobody of its owner.
    return now === 'invalidAuthToken' ? undefined : now;
  };
  return new MemberFace(serviceFor(face.service, caller), face.options, face.turns);
}

function serviceFor(service: CoordinationService, caller: () => Caller | undefined): CoordinationService {
  const own: Partial<CoordinationService> = {
    submit: (command, completion) => service.submit(command, completion, caller()),
    range: (query, linearizable, completion) => service.range(query, linearizable, completion, caller()),
    page: (query, linearizable, completion) => service.page(query, linearizable, completion, caller()),
    keepAlive: (id, completion) => service.keepAlive(id, completion, caller()),
    timeToLive: (id, withKeys, completion) => service.timeToLive(id, withKeys, completion, caller()),
    leases: (completion) => service.leases(completion, caller()),
    openWatchStream: (sink) => streamFor(service.openWatchStream(sink), caller),
  };
  return new Proxy(service, {
    get: (target, name) => Reflect.get(own, name) ?? bound(target, Reflect.get(target, name)),
  });
}

function streamFor(stream: WatchStream, caller: () => Caller | undefined): WatchStream {
  const own: Partial<WatchStream> = { create: (spec) => stream.create(spec, caller()) };
  return new Proxy(stream, {
    get: (target, name) => Reflect.get(own, name) ?? bound(target, Reflect.get(target, name)),
  });
}

function bound(target: object, member: unknown): unknown {
  return typeof member === 'function' ? member.bind(target) : member;
}
