/**
 * Stands before every call while auth is enabled: makes out who calls, and turns away who may not even ask. What depends
 * on keys is decided behind it, by the service for reads and by the state machine for commands. A path that has no line
 * here is left to those with the root role, so that a call that is added is closed until somebody decides otherwise.
 */
import type { Caller } from '@synod/coordination';
import type { AccessLevel } from '@synod/coordination/service/service-api.ts';
import { STATUS } from '../../grpc/status.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { ETCD_ERRORS } from './error-table.ts';
import { IdentifiedStream } from './identified-stream.ts';
import { ANYBODY, type Identity, identify } from './identity.ts';
import type { MemberFace } from './member-face.ts';
import { alarmRequest } from './messages/rare-messages.ts';
import type { FailingCall, RpcMethod, RpcTable, ServedMethod } from './rpc.ts';

/** `public`: nobody need say who they are. `keys`: decided where the keys are known. */
export type CallAccess = 'public' | 'keys' | AccessLevel;

/** Tells each watch on it whether it may be. */
const WATCH = '/etcdserverpb.Watch/Watch';
/** What is made of other calls: whatever fails there has the code UNKNOWN here, as in etcd. */
const COMPOSED = /^\/v3(lock|election)pb\./;
const ALARM = '/etcdserverpb.Maintenance/Alarm';
const ALARM_GET = 0;

/** As etcd 3.7 has it, all its corrections of 2026 included. */
export const ACCESS: ReadonlyMap<string, CallAccess> = new Map<string, CallAccess>([
  ...service('etcdserverpb.KV', {
    Range: 'keys',
    RangeStream: 'keys',
    Put: 'keys',
    DeleteRange: 'keys',
    Txn: 'keys',
    Compact: 'root',
  }),
  ...service('etcdserverpb.Watch', { Watch: 'keys' }),
  ...service('etcdserverpb.Lease', {
    LeaseGrant: 'user',
    LeaseRevoke: 'user',
    LeaseKeepAlive: 'user',
    LeaseTimeToLive: 'user',
    LeaseLeases: 'user',
  }),
  ...service('etcdserverpb.Cluster', {
    MemberAdd: 'root',
    MemberRemove: 'root',
    MemberUpdate: 'root',
    MemberList: 'user',
    MemberPromote: 'root',
  }),
  ...service('etcdserverpb.Maintenance', {
    // To look at alarms; to raise or clear one is for root, see `accessOf`.
    Alarm: 'user',
    Status: 'user',
    Defragment: 'root',
    Hash: 'root',
    HashKV: 'root',
    Snapshot: 'root',
    MoveLeader: 'root',
    Downgrade: 'root',
  }),
  ...service('etcdserverpb.Auth', {
    AuthEnable: 'root',
    AuthDisable: 'root',
    // Whoever makes web tokens needs the auth revision that goes into them.
    AuthStatus: 'public',
    Authenticate: 'public',
    UserAdd: 'root',
    // Everybody may look at themselves and at their roles.
    UserGet: 'user',
    UserList: 'root',
    UserDelete: 'root',
    UserChangePassword: 'root',
    UserGrantRole: 'root',
    UserRevokeRole: 'root',
    RoleAdd: 'root',
    RoleGet: 'user',
    RoleList: 'root',
    RoleDelete: 'root',
    RoleGrantPermission: 'root',
    RoleRevokePermission: 'root',
  }),
  // Their keys are checked in the commands and reads that they are made of.
  ...service('v3lockpb.Lock', { Lock: 'keys', Unlock: 'keys' }),
  ...service('v3electionpb.Election', {
    Campaign: 'keys',
    Proclaim: 'keys',
    Leader: 'keys',
    Observe: 'keys',
    Resign: 'keys',
  }),
  ...service('grpc.health.v1.Health', { Check: 'public', Watch: 'public' }),
]);

function service(
  name: string,
  methods: Readonly<Record<string, CallAccess>>,
): (readonly [string, CallAccess])[] {
  return Object.entries(methods).map(([method, access]) => [`/${name}/${method}`, access] as const);
}

export function guarded(
  methods: Iterable<readonly [string, ServedMethod]>,
  face: MemberFace,
  tokens: Tokens,
): RpcTable {
  const table = new Map<string, RpcMethod>();
  for (const [path, method] of methods) table.set(path, guardedMethod(path, method, face, tokens));
  return table;
}

function guardedMethod(path: string, method: ServedMethod, face: MemberFace, tokens: Tokens): RpcMethod {
  const access = ACCESS.get(path) ?? 'root';
  const { service } = face;
  if (method.kind === 'unary') {
    const { handler } = method;
    if (access === 'public') return { kind: 'unary', handler: (call) => handler(call, undefined) };
    return {
      kind: 'unary',
      handler(call) {
        // All that auth costs a cluster without it.
        if (!service.authEnabled) {
          handler(call, undefined);
          return;
        }
        identify(call, tokens, service, (identity) => {
          const level = accessOf(path, access, face, call.message);
          const caller = admitted(face, refusable(path, call), identity, level);
          if (caller !== 'refused') handler(call, caller);
        });
      },
    };
  }
  const { open } = method;
  if (access === 'public') return { kind: 'stream', open: (call) => open(call, ANYBODY) };
  return {
    kind: 'stream',
    open(call) {
      // A stream that asks by key answers by key, too: whether there is a caller counts with each request on it.
      // Auth may be enabled while the stream is open: from then on nobody stands behind it.
      if (!service.authEnabled) return open(call, ANYBODY);
      const stream = new IdentifiedStream(call, (identity) =>
        path !== WATCH && admitted(face, refusable(path, call), identity, access) === 'refused'
          ? undefined
          : open(call, identity),
      );
      identify(call, tokens, service, (identity) => stream.identified(identity));
      return stream;
    },
  };
}

function refusable(path: string, call: FailingCall): FailingCall {
  return COMPOSED.test(path) ? { fail: (_code, text) => call.fail(STATUS.unknown, text) } : call;
}

/** The caller, where it may go on; otherwise the call is failed. */
function admitted(
  face: MemberFace,
  call: FailingCall,
  identity: Identity,
  access: CallAccess,
): Caller | undefined | 'refused' {
  const caller = identity.caller();
  if (caller === 'invalidAuthToken') {
    face.fail(call, caller);
    return 'refused';
  }
  if (access === 'public' || access === 'keys') return caller;
  const refusal = face.service.accessRefusal(caller, access);
  if (refusal === undefined) return caller;
  const { grpcCode, text } = ETCD_ERRORS[refusal.code];
  call.fail(grpcCode, text);
  return 'refused';
}

function accessOf(path: string, access: CallAccess, face: MemberFace, message: Uint8Array): CallAccess {
  if (path !== ALARM) return access;
  const request = face.tryDecode(message, alarmRequest.decode);
  return request?.action === ALARM_GET ? access : 'root';
}
