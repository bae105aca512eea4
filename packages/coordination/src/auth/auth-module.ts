/**
 * Users, roles and permissions, driven by commands from the log, the same on every member (docs/spec/auth.md). Knows no
 * password and no token: hashes come in from outside, and who a caller is was settled there. Nothing here throws for
 * anything a command says (S10).
 */
import { unreachable } from '@synod/consensus';
import type { Backend } from '../backend/backend.ts';
import type { AuthCommand } from '../machine/auth-commands.ts';
import type { AuthChange } from '../machine/machine-api.ts';
import type { FailureReason } from '../machine/results.ts';
import { ALL_AFTER, type KeySpan } from '../machine/values.ts';
import { Accounts, byCodePoints, type Role, type User } from './accounts.ts';
import { type Permission, ROOT } from './permission.ts';

type Outcome = FailureReason | undefined;
type SignIn = Extract<AuthCommand, { readonly kind: 'signIn' }>;

/** etcd's form: it tells a member that has not come so far that the token may well exist. */
export function tokenAt(token: string, logIndex: number): string {
  return `${token}.${logIndex}`;
}

export class AuthModule {
  private readonly accounts: Accounts;
  private readonly changed: (change: AuthChange) => void;

  /** `changed` is called inside the commands that end or begin sessions of users, never while rows are loaded. */
  constructor(backend: Pick<Backend, 'scan' | 'put' | 'remove'>, changed: (change: AuthChange) => void) {
    this.accounts = new Accounts(backend);
    this.changed = changed;
  }

  load(): void {
    this.accounts.load();
  }

  get isEnabled(): boolean {
    return this.accounts.settings.isEnabled;
  }

  get revision(): number {
    return this.accounts.settings.revision;
  }

  user(name: string): User | undefined {
    return this.accounts.user(name);
  }

  role(name: string): Role | undefined {
    return this.accounts.role(name);
  }

  userNames(): string[] {
    return this.accounts.userNames();
  }

  roleNames(): string[] {
    return this.accounts.roleNames();
  }

  /**
   * `undefined`: done. The command is permitted: that was decided before (command-rights.ts).
   * @param logIndex of the entry that holds the command
   */
  apply(command: AuthCommand, logIndex: number): Outcome {
    switch (command.kind) {
      case 'enable':
        return this.enable();
      case 'disable':
        return this.disable();
      case 'signIn':
        return this.signIn(command, logIndex);
      case 'addUser':
        return this.addUser(command.user, command.passwordHash);
      case 'changePassword':
        return this.changePassword(command.user, command.passwordHash);
      case 'deleteUser':
        return this.deleteUser(command.user);
      case 'grantRole':
        return this.grantRole(command.user, command.role);
      case 'revokeRole':
        return this.revokeRole(command.user, command.role);
      case 'addRole':
        return this.addRole(command.role);
      case 'deleteRole':
        return this.deleteRole(command.role);
      case 'grantPermission':
        return this.grantPermission(command.role, command.permission);
      case 'revokePermission':
        return this.revokePermission(command.role, command.span);
      default:
        return unreachable(command);
    }
  }

  /** Nobody could ever turn it off again without a root user who has the root role (A2). */
  private enable(): Outcome {
    if (this.isEnabled) return undefined;
    const root = this.accounts.user(ROOT);
    if (root === undefined) return { code: 'rootUserMissing' };
    if (!root.roles.includes(ROOT)) return { code: 'rootRoleMissing' };
    this.accounts.settle({ isEnabled: true, revision: this.revision });
    return undefined;
  }

  private disable(): Outcome {
    if (!this.isEnabled) return undefined;
    this.accounts.settle({ isEnabled: false, revision: this.revision + 1 });
    this.changed({ kind: 'disabled' });
    return undefined;
  }

  /** Whoever changed a password meanwhile wants the old one to be worth nothing (A7). */
  private signIn({ user, authRevision, token }: SignIn, logIndex: number): Outcome {
    if (!this.isEnabled) return { code: 'authNotEnabled' };
    if (authRevision !== this.revision) return { code: 'authRevisionOld' };
    if (this.accounts.user(user) === undefined) return { code: 'authenticationFailed' };
    this.changed({ kind: 'signedIn', user, token: tokenAt(token, logIndex) });
    return undefined;
  }

  private addUser(name: string, passwordHash: string | undefined): Outcome {
    if (name === '') return { code: 'userEmpty' };
    if (this.accounts.user(name) !== undefined) return { code: 'userExists' };
    return this.keepUser({ name, passwordHash, roles: [] });
  }

  /** A user without a password stays one: the answer is that of a change all the same, as in etcd. */
  private changePassword(name: string, passwordHash: string): Outcome {
    const user = this.accounts.user(name);
    if (user === undefined) return { code: 'userNotFound' };
    const kept = user.passwordHash === undefined ? undefined : passwordHash;
    this.changed({ kind: 'signedOut', user: name });
    return this.keepUser({ ...user, passwordHash: kept });
  }

  private deleteUser(name: string): Outcome {
    if (this.isEnabled && name === ROOT) return { code: 'authManagementInvalid' };
    if (this.accounts.user(name) === undefined) return { code: 'userNotFound' };
    this.accounts.removeUser(name);
    this.changed({ kind: 'signedOut', user: name });
    return this.raiseRevision();
  }

  private grantRole(name: string, role: string): Outcome {
    const user = this.accounts.user(name);
    if (user === undefined) return { code: 'userNotFound' };
    if (role !== ROOT && this.accounts.role(role) === undefined) return { code: 'roleNotFound' };
    if (user.roles.includes(role)) return undefined;
    return this.keepUser({ ...user, roles: [...user.roles, role].sort(byCodePoints) });
  }

  private revokeRole(name: string, role: string): Outcome {
    if (this.isEnabled && name === ROOT && role === ROOT) return { code: 'authManagementInvalid' };
    const user = this.accounts.user(name);
    if (user === undefined) return { code: 'userNotFound' };
    if (!user.roles.includes(role)) return { code: 'roleNotGranted' };
    return this.keepUser(without(user, role));
  }

  private addRole(name: string): Outcome {
    if (name === '') return { code: 'roleEmpty' };
    if (this.accounts.role(name) !== undefined) return { code: 'roleExists' };
    return this.keepRole({ name, permissions: [] });
  }

  /** Takes the role from its users, too. */
  private deleteRole(name: string): Outcome {
    if (this.isEnabled && name === ROOT) return { code: 'authManagementInvalid' };
    if (this.accounts.role(name) === undefined) return { code: 'roleNotFound' };
    this.accounts.removeRole(name);
    for (const userName of this.accounts.userNames()) {
      const user = this.accounts.user(userName)!;
      if (user.roles.includes(name)) this.accounts.putUser(without(user, name));
    }
    return this.raiseRevision();
  }

  /** Of the same span a role has one permission: the last one granted. */
  private grantPermission(name: string, permission: Permission): Outcome {
    if (!canBeGranted(permission.span)) return { code: 'authManagementInvalid' };
    const role = this.accounts.role(name);
    if (role === undefined) return { code: 'roleNotFound' };
    const permissions = [...role.permissions];
    const at = permissions.findIndex(({ span }) => sameSpan(span, permission.span));
    if (at >= 0) permissions[at] = permission;
    else {
      const behind = permissions.findIndex(({ span }) => span.from > permission.span.from);
      permissions.splice(behind < 0 ? permissions.length : behind, 0, permission);
    }
    return this.keepRole({ name, permissions });
  }

  private revokePermission(name: string, span: KeySpan): Outcome {
    const role = this.accounts.role(name);
    if (role === undefined) return { code: 'roleNotFound' };
    const permissions = role.permissions.filter((permission) => !sameSpan(permission.span, span));
    if (permissions.length === role.permissions.length) return { code: 'permissionNotGranted' };
    return this.keepRole({ name, permissions });
  }

  private keepUser(user: User): Outcome {
    this.accounts.putUser(user);
    return this.raiseRevision();
  }

  private keepRole(role: Role): Outcome {
    this.accounts.putRole(role);
    return this.raiseRevision();
  }

  private raiseRevision(): Outcome {
    this.accounts.settle({ isEnabled: this.isEnabled, revision: this.revision + 1 });
    return undefined;
  }
}

function without(user: User, role: string): User {
  return { ...user, roles: user.roles.filter((name) => name !== role) };
}

function sameSpan(a: KeySpan, b: KeySpan): boolean {
  return a.from === b.from && a.to === b.to;
}

/** There is no empty key, and a span that ends before it begins holds none. */
function canBeGranted({ from, to }: KeySpan): boolean {
  return from !== '' && (to === undefined || to === ALL_AFTER || from < to);
}
