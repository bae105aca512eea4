/** What can be asked of users and roles through the log. Passwords are hashes before they come here. */
import type { Permission } from '../auth/permission.ts';
import type { KeySpan } from './values.ts';

export type AuthCommand = { readonly module: 'auth' } & (
  | { readonly kind: 'enable' | 'disable' }
  /** A password was found right at this auth revision: makes a token known to every member. The log's index ends it. */
  | {
      readonly kind: 'signIn';
      readonly user: string;
      readonly authRevision: number;
      readonly token: string;
    }
  /** Without a hash the user has no password, and can only come with a certificate. */
  | { readonly kind: 'addUser'; readonly user: string; readonly passwordHash: string | undefined }
  | { readonly kind: 'changePassword'; readonly user: string; readonly passwordHash: string }
  | { readonly kind: 'deleteUser'; readonly user: string }
  | { readonly kind: 'grantRole' | 'revokeRole'; readonly user: string; readonly role: string }
  | { readonly kind: 'addRole' | 'deleteRole'; readonly role: string }
  | { readonly kind: 'grantPermission'; readonly role: string; readonly permission: Permission }
  | { readonly kind: 'revokePermission'; readonly role: string; readonly span: KeySpan }
);
