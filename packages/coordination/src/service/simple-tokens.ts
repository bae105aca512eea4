/**
 * The tokens of those who signed in with a password: known to every member through the log, kept in memory by each, and
 * forgotten where they were not used for a while, on each by its own clock. Not part of the state: a member that starts
 * knows none, and its clients sign in again.
 */
import type { Caller } from '../auth/caller.ts';
import type { AuthChange } from '../machine/machine-api.ts';
import { SIMPLE_TOKENS_MAX } from './limits.ts';

interface Token {
  readonly user: string;
  deadlineMs: number;
  /** Remade when rights changed, so that it need not be made for each request. */
  caller: Extract<Caller, { readonly kind: 'user' }>;
}

export interface SimpleTokensParts {
  /** A token is forgotten so long after it was last used. */
  readonly ttlMs: number;
  readonly nowMs: () => number;
  readonly authRevision: () => number;
}

export class SimpleTokens {
  private readonly parts: SimpleTokensParts;
  /** In the order of their deadlines. */
  private readonly tokens = new Map<string, Token>();

  constructor(parts: SimpleTokensParts) {
    this.parts = parts;
  }

  get count(): number {
    return this.tokens.size;
  }

  /** Whose token it is; `undefined`: nobody's, here and now. Being asked for keeps it. */
  find(text: string): Caller | undefined {
    const token = this.tokens.get(text);
    if (token === undefined) return undefined;
    const nowMs = this.parts.nowMs();
    this.tokens.delete(text);
    if (token.deadlineMs <= nowMs) return undefined;
    token.deadlineMs = nowMs + this.parts.ttlMs;
    this.tokens.set(text, token);
    const authRevision = this.parts.authRevision();
    if (token.caller.authRevision !== authRevision)
      token.caller = { kind: 'user', name: token.user, authRevision };
    return token.caller;
  }

  /** A command was applied that made a token, or took away what some stood for. */
  changed(change: AuthChange): void {
    switch (change.kind) {
      case 'signedIn':
        this.add(change.user, change.token);
        return;
      case 'signedOut':
        for (const [text, { user }] of this.tokens) if (user === change.user) this.tokens.delete(text);
        return;
      case 'disabled':
        this.forgetAll();
    }
  }

  /** The state was replaced: who was signed out meanwhile is not known. */
  forgetAll(): void {
    this.tokens.clear();
  }

  tick(): void {
    const nowMs = this.parts.nowMs();
    for (const [text, { deadlineMs }] of this.tokens) {
      if (deadlineMs > nowMs) return;
      this.tokens.delete(text);
    }
  }

  private add(user: string, text: string): void {
    for (const oldest of this.tokens.keys()) {
      if (this.tokens.size < SIMPLE_TOKENS_MAX) break;
      this.tokens.delete(oldest);
    }
    const deadlineMs = this.parts.nowMs() + this.parts.ttlMs;
    const caller = { kind: 'user', name: user, authRevision: this.parts.authRevision() } as const;
    this.tokens.set(text, { user, deadlineMs, caller });
  }
}
