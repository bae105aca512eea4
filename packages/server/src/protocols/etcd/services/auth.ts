/** etcdserverpb.Auth: users, roles and permissions. Signing in is in authenticate.ts. Who may ask is decided in access.ts. */
import {
  type AuthCommand,
  type Caller,
  type CommandResult,
  key,
  type Permission,
  ROOT,
} from '@synod/coordination';
import type { AuthKnown, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { PASSWORD_BYTES_MAX } from '../../../passwords/limits.ts';
import type { PasswordHasher } from '../../../passwords/password-hasher.ts';
import type { Tokens } from '../../../tokens/tokens.ts';
import type { MemberFace } from '../member-face.ts';
import {
  authStatusResponse,
  namesResponse,
  roleGetResponse,
  roleGrantPermissionRequest,
  roleNameRequest,
  roleRevokePermissionRequest,
  userAddRequest,
  userChangePasswordRequest,
  userNameRequest,
  userRoleRequest,
} from '../messages/auth-messages.ts';
import { spanOf } from '../neutral-commands.ts';
import type { MessageTable } from '../protobuf/message-table.ts';
import type { ServedMethod, UnaryCall } from '../rpc.ts';
import { Authentication } from './authenticate.ts';

type AuthFacts = AuthKnown['facts'];
type Handler = (call: UnaryCall, caller: Caller | undefined) => void;

export function authHandlers(
  face: MemberFace,
  passwords: PasswordHasher,
  tokens: Tokens,
): readonly (readonly [string, ServedMethod])[] {
  const methods: Readonly<Record<string, Handler>> = {
    AuthEnable: (call, caller) => submitAlone(face, call, caller, { module: 'auth', kind: 'enable' }),
    AuthDisable: (call, caller) => submitAlone(face, call, caller, { module: 'auth', kind: 'disable' }),
    AuthStatus: (call) => authStatus(face, call),
    Authenticate: (call) => Authentication.begin({ face, passwords, tokens }, call),
    UserAdd: (call, caller) => userAdd(face, passwords, call, caller),
    UserGet: (call, caller) => userGet(face, call, caller),
    UserList: (call) => list(face, call, (facts) => facts.userNames()),
    UserDelete: change(face, userNameRequest, ({ name }) => ({ kind: 'deleteUser', user: name })),
    UserChangePassword: (call, caller) => userChangePassword(face, passwords, call, caller),
    UserGrantRole: change(face, userRoleRequest, ({ user, role }) => ({ kind: 'grantRole', user, role })),
    UserRevokeRole: change(face, userRoleRequest, ({ user, role }) => ({ kind: 'revokeRole', user, role })),
    RoleAdd: change(face, roleNameRequest, ({ role }) => ({ kind: 'addRole', role })),
    RoleGet: (call, caller) => roleGet(face, call, caller),
    RoleList: (call) => list(face, call, (facts) => facts.roleNames()),
    RoleDelete: change(face, roleNameRequest, ({ role }) => ({ kind: 'deleteRole', role })),
    RoleGrantPermission: (call, caller) => roleGrantPermission(face, call, caller),
    RoleRevokePermission: change(face, roleRevokePermissionRequest, (request) => ({
      kind: 'revokePermission',
      role: request.role,
      span: spanOf(request.key, request.rangeEnd),
    })),
  };
  return Object.entries(methods).map(
    ([name, handler]) => [`/etcdserverpb.Auth/${name}`, { kind: 'unary', handler }] as const,
  );
}

/** A command without the module's name, which is always the same. */
type Change = AuthCommand extends infer One ? (One extends AuthCommand ? Omit<One, 'module'> : never) : never;

/** A call that becomes one command. */
function change<Request>(
  face: MemberFace,
  table: MessageTable<Request>,
  changeOf: (request: Request) => Change,
): Handler {
  return (call, caller) => {
    const request = face.decode(call, table.decode);
    if (request === undefined || face.refuses(call, false)) return;
    submit(face, call, caller, { module: 'auth', ...changeOf(request) });
  };
}

function submitAlone(
  face: MemberFace,
  call: UnaryCall,
  caller: Caller | undefined,
  command: AuthCommand,
): void {
  if (face.isMessage(call) && !face.refuses(call, false)) submit(face, call, caller, command);
}

function submit(face: MemberFace, call: UnaryCall, caller: Caller | undefined, command: AuthCommand): void {
  face.service.submit(
    command,
    {
      complete(result: CommandResult | ServiceFailure) {
        if (result.kind === 'authChanged') {
          face.writeHeader(result.revision);
          call.respond(face.writer.finish());
        } else if (result.kind === 'failure' || result.kind === 'serviceFailure') face.failWith(call, result);
        else throw new Error(`an auth command came to a ${result.kind}`);
      },
    },
    caller,
  );
}

function userAdd(
  face: MemberFace,
  passwords: PasswordHasher,
  call: UnaryCall,
  caller: Caller | undefined,
): void {
  const request = face.decode(call, userAddRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const user = request.name;
  if (request.options.at(-1)?.noPassword === true)
    submit(face, call, caller, { module: 'auth', kind: 'addUser', user, passwordHash: undefined });
  else
    withHash(face, passwords, call, request.password, (passwordHash) =>
      submit(face, call, caller, { module: 'auth', kind: 'addUser', user, passwordHash }),
    );
}

function userChangePassword(
  face: MemberFace,
  passwords: PasswordHasher,
  call: UnaryCall,
  caller: Caller | undefined,
): void {
  const request = face.decode(call, userChangePasswordRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const user = request.name;
  withHash(face, passwords, call, request.password, (passwordHash) =>
    submit(face, call, caller, { module: 'auth', kind: 'changePassword', user, passwordHash }),
  );
}

function withHash(
  face: MemberFace,
  passwords: PasswordHasher,
  call: UnaryCall,
  password: string,
  go: (hash: string) => void,
): void {
  if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) {
    face.fail(call, 'passwordTooLong');
    return;
  }
  passwords.hash(password, (hash) => {
    if (hash === undefined) face.fail(call, 'tooManyRequests');
    else go(hash);
  });
}

function authStatus(face: MemberFace, call: UnaryCall): void {
  if (!face.isMessage(call) || face.refuses(call, false)) return;
  ask(face, call, ({ isEnabled, revision }) =>
    authStatusResponse.encode(face.writer, { enabled: isEnabled, authRevision: revision }),
  );
}

function list(face: MemberFace, call: UnaryCall, namesIn: (facts: AuthFacts) => readonly string[]): void {
  if (!face.isMessage(call) || face.refuses(call, false)) return;
  ask(face, call, (facts) => namesResponse.encode(face.writer, { names: namesIn(facts) }));
}

/** Asks for the facts, and answers with what `write` puts behind the header. */
function ask(face: MemberFace, call: UnaryCall, write: (facts: AuthFacts) => void): void {
  whenKnown(face, call, (facts) => {
    face.writeHeader(face.service.revision);
    write(facts);
    call.respond(face.writer.finish());
  });
}

function whenKnown(face: MemberFace, call: UnaryCall, go: (facts: AuthFacts) => void): void {
  face.service.auth({
    complete(result: AuthKnown | ServiceFailure) {
      if (result.kind === 'authKnown') go(result.facts);
      else face.failWith(call, result);
    },
  });
}

/** Everybody may know their own roles. */
function userGet(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, userNameRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  whenKnown(face, call, (facts) => {
    const refusal = face.service.accessRefusal(caller, 'root');
    const isSelf = caller?.kind === 'user' && caller.name === request.name;
    const user = facts.user(request.name);
    if (refusal !== undefined && !isSelf) face.fail(call, refusal.code);
    else if (user === undefined) face.fail(call, 'userNotFound');
    else {
      face.writeHeader(face.service.revision);
      namesResponse.encode(face.writer, { names: user.roles });
      call.respond(face.writer.finish());
    }
  });
}

/** Everybody may know what their roles allow. */
function roleGet(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, roleNameRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  whenKnown(face, call, (facts) => {
    const refusal = face.service.accessRefusal(caller, 'root');
    const isOwn = caller?.kind === 'user' && facts.user(caller.name)?.roles.includes(request.role) === true;
    const role = facts.role(request.role);
    if (refusal !== undefined && !isOwn) face.fail(call, refusal.code);
    else if (role === undefined) face.fail(call, 'roleNotFound');
    else {
      face.writeHeader(face.service.revision);
      const perm = role.name === ROOT ? [ALL_OF_ROOT] : role.permissions.map(wirePermission);
      roleGetResponse.encode(face.writer, { perm });
      call.respond(face.writer.finish());
    }
  });
}

const ACCESSES: readonly Permission['access'][] = ['read', 'write', 'readWrite'];

/** How etcd shows what root may: its permissions are not kept anywhere. */
const ALL_OF_ROOT = { permType: ACCESSES.indexOf('readWrite'), key: '', rangeEnd: '\0' };

function wirePermission({ access, span }: Permission) {
  return { permType: ACCESSES.indexOf(access), key: span.from, rangeEnd: span.to ?? '' };
}

function roleGrantPermission(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, roleGrantPermissionRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  const asked = request.perm.at(-1);
  if (asked === undefined) {
    face.fail(call, 'permissionNotGiven');
    return;
  }
  const access = ACCESSES[asked.permType];
  if (access === undefined) {
    face.fail(call, 'authManagementInvalid');
    return;
  }
  const permission: Permission = { access, span: spanOf(key(asked.key), asked.rangeEnd) };
  submit(face, call, caller, { module: 'auth', kind: 'grantPermission', role: request.name, permission });
}
