/** Commands about users and roles as bytes: part of every log, so a number once given keeps its meaning. */
import { type ByteReader, type ByteWriter, MalformedBytes, unreachable } from '@synod/consensus';
import { readPermission, writePermission } from '../auth/account-rows.ts';
import type { AuthCommand } from './commands.ts';
import { readText, writeText } from './text-codec.ts';
import { type KeySpan, key } from './values.ts';

const KIND = {
  enable: 1,
  disable: 2,
  signIn: 3,
  addUser: 4,
  changePassword: 5,
  deleteUser: 6,
  grantRole: 7,
  revokeRole: 8,
  addRole: 9,
  deleteRole: 10,
  grantPermission: 11,
  revokePermission: 12,
} as const satisfies Record<AuthCommand['kind'], number>;

export function writeAuthCommand(writer: ByteWriter, command: AuthCommand): void {
  writer.u8(KIND[command.kind]);
  switch (command.kind) {
    case 'enable':
    case 'disable':
      return;
    case 'signIn':
      writeText(writer, command.user);
      writer.varint(command.authRevision);
      writeText(writer, command.token);
      return;
    case 'addUser':
      writeText(writer, command.user);
      writer.u8(command.passwordHash === undefined ? 0 : 1);
      if (command.passwordHash !== undefined) writeText(writer, command.passwordHash);
      return;
    case 'changePassword':
      writeText(writer, command.user);
      writeText(writer, command.passwordHash);
      return;
    case 'deleteUser':
      writeText(writer, command.user);
      return;
    case 'grantRole':
    case 'revokeRole':
      writeText(writer, command.user);
      writeText(writer, command.role);
      return;
    case 'addRole':
    case 'deleteRole':
      writeText(writer, command.role);
      return;
    case 'grantPermission':
      writeText(writer, command.role);
      writePermission(writer, command.permission);
      return;
    case 'revokePermission':
      writeText(writer, command.role);
      writeSpan(writer, command.span);
      return;
    default:
      unreachable(command);
  }
}

/** @throws MalformedBytes */
export function readAuthCommand(reader: ByteReader): AuthCommand {
  const number = reader.u8();
  const module = 'auth';
  switch (number) {
    case KIND.enable:
      return { module, kind: 'enable' };
    case KIND.disable:
      return { module, kind: 'disable' };
    case KIND.signIn: {
      const user = readText(reader);
      const authRevision = reader.varint();
      return { module, kind: 'signIn', user, authRevision, token: readText(reader) };
    }
    case KIND.addUser: {
      const user = readText(reader);
      const passwordHash = reader.u8() === 0 ? undefined : readText(reader);
      return { module, kind: 'addUser', user, passwordHash };
    }
    case KIND.changePassword: {
      const user = readText(reader);
      return { module, kind: 'changePassword', user, passwordHash: readText(reader) };
    }
    case KIND.deleteUser:
      return { module, kind: 'deleteUser', user: readText(reader) };
    case KIND.grantRole:
    case KIND.revokeRole: {
      const user = readText(reader);
      const kind = number === KIND.grantRole ? 'grantRole' : 'revokeRole';
      return { module, kind, user, role: readText(reader) };
    }
    case KIND.addRole:
      return { module, kind: 'addRole', role: readText(reader) };
    case KIND.deleteRole:
      return { module, kind: 'deleteRole', role: readText(reader) };
    case KIND.grantPermission: {
      const role = readText(reader);
      return { module, kind: 'grantPermission', role, permission: readPermission(reader) };
    }
    case KIND.revokePermission: {
      const role = readText(reader);
      return { module, kind: 'revokePermission', role, span: readSpan(reader) };
    }
    default:
      throw new MalformedBytes(`an auth command numbered ${number}`);
  }
}

function writeSpan(writer: ByteWriter, { from, to }: KeySpan): void {
  writer.latin1(from);
  writer.u8(to === undefined ? 0 : 1);
  if (to !== undefined) writer.latin1(to);
}

function readSpan(reader: ByteReader): KeySpan {
  const from = key(reader.latin1());
  return { from, to: reader.u8() === 0 ? undefined : key(reader.latin1()) };
}
