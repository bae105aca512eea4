/**
 * Whether a caller may do something: the one place where that is decided, for commands at every member and for reads at
 * the member that answers them (docs/spec/auth.md). Only asked while auth is enabled. Changes nothing.
 */
import type { FailureReason } from '../machine/results.ts';
import type { Key, KeySpan } from '../machine/values.ts';
import type { User } from './accounts.ts';
import type { AuthModule } from './auth-module.ts';
import type { Caller } from './caller.ts';
import { MergedSpans } from './merged-spans.ts';
import { type Access, type Permission, ROOT } from './permission.ts';

/** Why not; `undefined`: permitted. */
export type Refusal = Extract<
  FailureReason,
  { readonly code: 'userEmpty' | 'userNotFound' | 'permissionDenied' | 'authRevisionOld' }
>;

const NOBODY: Refusal = { code: 'userEmpty' };
const UNKNOWN: Refusal = { code: 'userNotFound' };
const DENIED: Refusal = { code: 'permissionDenied' };
const OLD: Refusal = { code: 'authRevisionOld' };

type UserRights = Readonly<Record<Access, MergedSpans>>;

export class Rights {
  private readonly auth: Pick<AuthModule, 'isEnabled' | 'revision' | 'user' | 'role'>;
  /** By user, what all roles together allow. Follows from the module's state at `cachedRevision`. */
  private readonly cache = new Map<string, UserRights>();
  private cachedRevision = 0;

  constructor(auth: Pick<AuthModule, 'isEnabled' | 'revision' | 'user' | 'role'>) {
    this.auth = auth;
  }

  /** What is left to those who have the root role, and to the members themselves. */
  refusalOfRoot(caller: Caller | undefined): Refusal | undefined {
    if (caller === undefined) return NOBODY;
    if (caller.kind === 'member') return undefined;
    const user = this.auth.user(caller.name);
    if (user === undefined) return UNKNOWN;
    return isRoot(user) ? undefined : DENIED;
  }

  /** What every user may do. */
  refusalOfUser(caller: Caller | undefined): Refusal | undefined {
    if (caller === undefined) return NOBODY;
    if (caller.kind === 'member') return undefined;
    return this.auth.user(caller.name) === undefined ? DENIED : undefined;
  }

  /** What needs a permission for all keys of a span. */
  refusalOfSpan(caller: Caller | undefined, span: KeySpan, access: Access): Refusal | undefined {
    const reach = this.reachOf(caller, access);
    if (!(reach instanceof MergedSpans)) return reach;
    return reach.covers(span) ? undefined : DENIED;
  }

  /** Likewise, of keys one by one. Of those who may do everything no key is looked at. */
  refusalOfKeys(caller: Caller | undefined, keys: Iterable<Key>, access: Access): Refusal | undefined {
    if (this.refusalOfRoot(caller) === undefined) return undefined;
    // Who asks is the same for every key; where there is none, it does not matter.
    const reach = this.reachOf(caller, access);
    if (reach === undefined) return undefined;
    for (const key of keys) {
      if (!(reach instanceof MergedSpans)) return reach;
      if (!reach.has(key)) return DENIED;
    }
    return undefined;
  }

  /** Forgets what it remembers: the state was replaced. */
  forget(): void {
    this.cache.clear();
  }

  /** The keys that a caller may access, or why none; `undefined`: all. */
  private reachOf(caller: Caller | undefined, access: Access): MergedSpans | Refusal | undefined {
    if (caller === undefined) return NOBODY;
    if (caller.kind === 'member') return undefined;
    if (caller.authRevision < this.auth.revision) return OLD;
    const user = this.auth.user(caller.name);
    if (user === undefined) return DENIED;
    return isRoot(user) ? undefined : this.rightsOf(user)[access];
  }

  private rightsOf(user: User): UserRights {
    if (this.cachedRevision !== this.auth.revision) {
      this.cache.clear();
      this.cachedRevision = this.auth.revision;
    }
    const known = this.cache.get(user.name);
    if (known !== undefined) return known;
    const permissions = user.roles.flatMap((name) => this.auth.role(name)?.permissions ?? []);
    const rights: UserRights = { read: allowing(permissions, 'read'), write: allowing(permissions, 'write') };
    this.cache.set(user.name, rights);
    return rights;
  }
}

function isRoot(user: User): boolean {
  return user.roles.includes(ROOT);
}

function allowing(permissions: readonly Permission[], access: Access): MergedSpans {
  const granted = permissions.filter((one) => one.access === access || one.access === 'readWrite');
  return new MergedSpans(granted.map(({ span }) => span));
}
