/**
 * Users and roles as they stand, in memory and in rows. What changes them, and what they allow, is decided by others.
 * A row's key is a number that its user or role got when it was made: names may be longer than a store takes as a key.
 */
import { type Backend, TABLE } from '../backend/backend.ts';
import {
  type AuthSettings,
  decodeRole,
  decodeSettings,
  decodeUser,
  encodeRole,
  encodeSettings,
  encodeUser,
  ROW_KIND,
  rowKey,
  SETTINGS_ROW_KEY,
} from './account-rows.ts';
import type { Permission } from './permission.ts';

export interface User {
  readonly name: string;
  /** A bcrypt hash; undefined: the user has no password, and comes with a certificate. */
  readonly passwordHash: string | undefined;
  /** In the order of their names. */
  readonly roles: readonly string[];
}

export interface Role {
  readonly name: string;
  /** In the order of their first keys; of equal ones in the order in which they were granted. */
  readonly permissions: readonly Permission[];
}

interface Kept<Account> {
  readonly account: Account;
  readonly rowNumber: number;
}

type Rows = Pick<Backend, 'scan' | 'put' | 'remove'>;

export class Accounts {
  private readonly backend: Rows;
  /** By name. Durable. */
  private readonly users = new Map<string, Kept<User>>();
  private readonly roles = new Map<string, Kept<Role>>();
  /** Durable with the next `settle`, which ends every change. */
  private kept: AuthSettings = NEW_CLUSTER;

  constructor(backend: Rows) {
    this.backend = backend;
  }

  /** @throws MalformedBytes when a row is not what this version wrote. */
  load(): void {
    this.users.clear();
    this.roles.clear();
    this.kept = NEW_CLUSTER;
    for (const { key, value } of this.backend.scan(TABLE.auth, {})) {
      const { kind, rowNumber } = rowKey.read(key);
      if (kind === ROW_KIND.settings) this.kept = decodeSettings(value);
      else if (kind === ROW_KIND.user) {
        const account = decodeUser(value);
        this.users.set(account.name, { account, rowNumber });
      } else {
        const account = decodeRole(value);
        this.roles.set(account.name, { account, rowNumber });
      }
    }
  }

  get settings(): Omit<AuthSettings, 'lastRowNumber'> {
    return this.kept;
  }

  settle(settings: Omit<AuthSettings, 'lastRowNumber'>): void {
    this.kept = { ...this.kept, ...settings };
    this.backend.put(TABLE.auth, SETTINGS_ROW_KEY, encodeSettings(this.kept));
  }

  user(name: string): User | undefined {
    return this.users.get(name)?.account;
  }

  role(name: string): Role | undefined {
    return this.roles.get(name)?.account;
  }

  userNames(): string[] {
    return [...this.users.keys()].sort(byCodePoints);
  }

  roleNames(): string[] {
    return [...this.roles.keys()].sort(byCodePoints);
  }

  putUser(user: User): void {
    const rowNumber = this.users.get(user.name)?.rowNumber ?? this.newRowNumber();
    this.users.set(user.name, { account: user, rowNumber });
    this.backend.put(TABLE.auth, rowKey.write(ROW_KIND.user, rowNumber), encodeUser(user));
  }

  putRole(role: Role): void {
    const rowNumber = this.roles.get(role.name)?.rowNumber ?? this.newRowNumber();
    this.roles.set(role.name, { account: role, rowNumber });
    this.backend.put(TABLE.auth, rowKey.write(ROW_KIND.role, rowNumber), encodeRole(role));
  }

  removeUser(name: string): void {
    const kept = this.users.get(name);
    if (kept === undefined) return;
    this.users.delete(name);
    this.backend.remove(TABLE.auth, rowKey.write(ROW_KIND.user, kept.rowNumber));
  }

  private newRowNumber(): number {
    const lastRowNumber = this.kept.lastRowNumber + 1;
    this.kept = { ...this.kept, lastRowNumber };
    return lastRowNumber;
  }

  removeRole(name: string): void {
    const kept = this.roles.get(name);
    if (kept === undefined) return;
    this.roles.delete(name);
    this.backend.remove(TABLE.auth, rowKey.write(ROW_KIND.role, kept.rowNumber));
  }
}

/** The auth revision of a cluster whose users and roles nobody touched is 1, as etcd's. */
const NEW_CLUSTER: AuthSettings = { isEnabled: false, revision: 1, lastRowNumber: 0 };

/** In the order of their UTF-8 bytes, which is that of their code points: the order in which etcd lists names. */
export function byCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return inCodePointOrder(left) - inCodePointOrder(right);
  }
  return a.length - b.length;
}

const SURROGATES_FROM = 0xd800;
const BEHIND_SURROGATES = 0xe000;
const UNITS = 0x10000;

/** A surrogate stands for a code point beyond all that one unit can say. */
function inCodePointOrder(unit: number): number {
  return unit >= SURROGATES_FROM && unit < BEHIND_SURROGATES ? unit + UNITS : unit;
}
