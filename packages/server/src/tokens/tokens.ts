/** What makes tokens and tells whose they are. There are two kinds, and a member has one of them. */
import type { Caller, Failure } from '@synod/coordination';
import type { ServiceFailure } from '@synod/coordination/service/service-api.ts';

/** Somebody who was made out by a token; a long call asks again each time it counts. */
export interface TokenOwner {
  /** `undefined`: the token is worth nothing any more. */
  caller(): Caller | undefined;
}

export type TokenIssue =
  | { readonly kind: 'issued'; readonly token: string }
  /** This member can only tell tokens, having no private key. */
  | { readonly kind: 'cannotSign' }
  | Failure
  | ServiceFailure;

export interface Tokens {
  /** `undefined`: nobody's token. `done` is called once, possibly before the return. */
  identify(token: string, done: (owner: TokenOwner | undefined) => void): void;
  /**
   * For a user whose password was found right at this auth revision; `authRevisionOld` if that is not the present one.
   */
  issue(user: string, authRevision: number, done: (issue: TokenIssue) => void): void;
}
