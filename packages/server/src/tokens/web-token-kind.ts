/**
 * JSON web tokens: a user's name and the auth revision of its sign-in, signed. Nothing of them is kept in the cluster, so
 * any holder of the private key can make them. Signatures are made and checked in the platform's thread pool.
 */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { Caller } from '@synod/coordination';
import { jwtVerify, SignJWT } from 'jose';
import { TOKEN_CHARACTERS_MAX, VERIFIED_TOKENS_MAX } from './limits.ts';
import type { TokenIssue, TokenOwner, Tokens } from './tokens.ts';
import type { SignMethod } from './web-token-options.ts';

export interface WebTokenKeys {
  readonly signMethod: SignMethod;
  readonly ttlMs: number;
  /** What the files hold; at least one is there. For HS… it is the secret itself. */
  readonly publicKey: Buffer | undefined;
  readonly privateKey: Buffer | undefined;
}

export interface WebTokenParts {
  readonly keys: WebTokenKeys;
  /** The wall clock: what a token says of its end is for machines elsewhere, too. */
  readonly nowMs: () => number;
}

/** Verified once; good until it runs out. */
interface Verified {
  readonly caller: Caller;
  /** Infinity: the token says nothing of an end. */
  readonly expiresAtMs: number;
}

export class WebTokenKind implements Tokens {
  private readonly parts: WebTokenParts;
  private readonly verifyKey: KeyObject;
  private readonly signKey: KeyObject | undefined;
  /** By token, in the order in which they were verified. */
  private readonly verified = new Map<string, Verified>();

  /** @throws Error when the keys are not what the method needs. */
  constructor(parts: WebTokenParts) {
    this.parts = parts;
    const { signMethod, publicKey, privateKey } = parts.keys;
    if (signMethod.startsWith('HS')) {
      this.signKey = createSecretKey(privateKey ?? publicKey!);
      this.verifyKey = this.signKey;
    } else {
      this.signKey = privateKey === undefined ? undefined : createPrivateKey(privateKey);
      this.verifyKey = createPublicKey(publicKey ?? privateKey!);
    }
  }

  /** Signs and checks a token of nobody, so that keys that do not fit are found before a user is. */
  async tryKeys(): Promise<void> {
    if (this.signKey === undefined) return;
    await this.verify(await this.sign('', 0));
  }

  identify(token: string, done: (owner: TokenOwner | undefined) => void): void {
    const known = this.verified.get(token);
    if (known !== undefined) {
      done(this.ownerOf(known));
      return;
    }
    if (token.length > TOKEN_CHARACTERS_MAX) {
      done(undefined);
      return;
    }
    this.verify(token).then(
      (verified) => {
        this.remember(token, verified);
        done(this.ownerOf(verified));
      },
      () => done(undefined),
    );
  }

  issue(user: string, authRevision: number, done: (issue: TokenIssue) => void): void {
    if (this.signKey === undefined) done({ kind: 'cannotSign' });
    else
      this.sign(user, authRevision).then(
        (token) => done({ kind: 'issued', token }),
        () => done({ kind: 'cannotSign' }),
      );
  }

  private ownerOf({ caller, expiresAtMs }: Verified): TokenOwner {
    return { caller: () => (expiresAtMs > this.parts.nowMs() ? caller : undefined) };
  }

  private sign(username: string, revision: number): Promise<string> {
    const { signMethod, ttlMs } = this.parts.keys;
    return new SignJWT({ username, revision })
      .setProtectedHeader({ alg: signMethod, typ: 'JWT' })
      .setExpirationTime(Math.floor((this.parts.nowMs() + ttlMs) / 1000))
      .sign(this.signKey!);
  }

  /** Only by the method that was configured: a token must not choose how it is checked. */
  private async verify(token: string): Promise<Verified> {
    const { payload } = await jwtVerify(token, this.verifyKey, {
      algorithms: [this.parts.keys.signMethod],
      currentDate: new Date(this.parts.nowMs()),
    });
    const { username, revision, exp } = payload;
    if (typeof username !== 'string' || typeof revision !== 'number' || !Number.isSafeInteger(revision))
      throw new Error('a token without a user and an auth revision');
    const expiresAtMs = exp === undefined ? Number.POSITIVE_INFINITY : exp * 1000;
    return { caller: { kind: 'user', name: username, authRevision: Math.max(0, revision) }, expiresAtMs };
  }

  private remember(token: string, verified: Verified): void {
    for (const oldest of this.verified.keys()) {
      if (this.verified.size < VERIFIED_TOKENS_MAX) break;
      this.verified.delete(oldest);
    }
    this.verified.set(token, verified);
  }
}
