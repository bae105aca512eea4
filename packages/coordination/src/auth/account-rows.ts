/** The rows of the auth table. Knows their bytes, not what users and roles may do. */
import { ByteReader, ByteWriter, MalformedBytes } from '@synod/consensus';
import { readText, readTexts, writeText, writeTexts } from '../machine/text-codec.ts';
import { type Key, key } from '../machine/values.ts';
import type { Role, User } from './accounts.ts';
import type { Permission } from './permission.ts';

/** First byte of every value in the table. */
const ROW_VERSION = 1;

export const ROW_KIND = { settings: 0, user: 1, role: 2 } as const;
type RowKind = (typeof ROW_KIND)[keyof typeof ROW_KIND];

const KINDS: readonly RowKind[] = Object.values(ROW_KIND);

export interface AuthSettings {
  readonly isEnabled: boolean;
  /** Rises with every change of users, roles and permissions. */
  readonly revision: number;
  /** The number of the user's or role's row made last. Monotonic: a number that was free again would be so on some members only. */
  readonly lastRowNumber: number;
}

export const rowKey = {
  write(kind: RowKind, rowNumber: number): Uint8Array {
    const writer = new ByteWriter(9);
    writer.u8(kind);
    writer.varint(rowNumber);
    return writer.finish();
  },
  /** @throws MalformedBytes */
  read(bytes: Uint8Array): { readonly kind: RowKind; readonly rowNumber: number } {
    const reader = new ByteReader(bytes);
    const number = reader.u8();
    const kind = KINDS.find((known) => known === number);
    if (kind === undefined) throw new MalformedBytes(`an auth row of kind ${number}`);
    const rowNumber = reader.varint();
    reader.end();
    return { kind, rowNumber };
  },
};

export const SETTINGS_ROW_KEY: Uint8Array = rowKey.write(ROW_KIND.settings, 0);

export function encodeSettings(settings: AuthSettings): Uint8Array {
  const writer = rowWriter();
  writer.u8(settings.isEnabled ? 1 : 0);
  writer.varint(settings.revision);
  writer.varint(settings.lastRowNumber);
  return writer.finish();
}

/** @throws MalformedBytes, as all below. */
export function decodeSettings(bytes: Uint8Array): AuthSettings {
  const reader = rowReader(bytes);
  const isEnabled = reader.u8() === 1;
  const settings = { isEnabled, revision: reader.varint(), lastRowNumber: reader.varint() };
  reader.end();
  return settings;
}

export function encodeUser(user: User): Uint8Array {
  const writer = rowWriter();
  writeText(writer, user.name);
  writer.u8(user.passwordHash === undefined ? 0 : 1);
  if (user.passwordHash !== undefined) writeText(writer, user.passwordHash);
  writeTexts(writer, user.roles);
  return writer.finish();
}

export function decodeUser(bytes: Uint8Array): User {
  const reader = rowReader(bytes);
  const name = readText(reader);
  const passwordHash = reader.u8() === 0 ? undefined : readText(reader);
  const roles = readTexts(reader);
  reader.end();
  return { name, passwordHash, roles };
}

export function encodeRole(role: Role): Uint8Array {
  const writer = rowWriter();
  writeText(writer, role.name);
  writer.varint(role.permissions.length);
  for (const permission of role.permissions) writePermission(writer, permission);
  return writer.finish();
}

export function decodeRole(bytes: Uint8Array): Role {
  const reader = rowReader(bytes);
  const name = readText(reader);
  const permissions: Permission[] = [];
  for (let count = reader.varint(); count > 0; count--) permissions.push(readPermission(reader));
  reader.end();
  return { name, permissions };
}

const ACCESSES: readonly Permission['access'][] = ['read', 'write', 'readWrite'];

export function writePermission(writer: ByteWriter, { access, span }: Permission): void {
  writer.u8(ACCESSES.indexOf(access));
  writer.latin1(span.from);
  writer.u8(span.to === undefined ? 0 : 1);
  if (span.to !== undefined) writer.latin1(span.to);
}

export function readPermission(reader: ByteReader): Permission {
  const access = ACCESSES[reader.u8()];
  if (access === undefined) throw new MalformedBytes('a permission to do something unknown');
  const from = key(reader.latin1());
  const to: Key | undefined = reader.u8() === 0 ? undefined : key(reader.latin1());
  return { access, span: { from, to } };
}

function rowWriter(): ByteWriter {
  const writer = new ByteWriter(64);
  writer.u8(ROW_VERSION);
  return writer;
}

function rowReader(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== ROW_VERSION) throw new MalformedBytes(`an auth row of version ${version}`);
  return reader;
}
