/**
 * Simple tokens: random letters and the index of the log entry that made them known. Every member keeps those that it
 * applied (SimpleTokens); one that has not come so far catches up before it says that it knows no such token.
 */
import { randomBytes } from 'node:crypto';
import type { SimpleTokens } from '@synod/coordination';
import type { CoordinationService } from '@synod/coordination/service/service-api.ts';
import { SIMPLE_TOKEN_LETTERS } from './limits.ts';
import type { TokenIssue, TokenOwner, Tokens } from './tokens.ts';

export class SimpleTokenKind implements Tokens {
  private readonly tokens: SimpleTokens;
  private readonly service: Pick<CoordinationService, 'auth' | 'status' | 'submit'>;

  constructor(tokens: SimpleTokens, service: Pick<CoordinationService, 'auth' | 'status' | 'submit'>) {
    this.tokens = tokens;
    this.service = service;
  }

  identify(token: string, done: (owner: TokenOwner | undefined) => void): void {
    if (this.tokens.find(token) !== undefined || !this.mayBeAhead(token)) {
      done(this.ownerOf(token));
      return;
    }
    this.service.auth({ complete: () => done(this.ownerOf(token)) });
  }

  issue(user: string, authRevision: number, done: (issue: TokenIssue) => void): void {
    this.service.submit(
      { module: 'auth', kind: 'signIn', user, authRevision, token: randomLetters() },
      {
        complete(result) {
          if (result.kind === 'signedIn') done({ kind: 'issued', token: result.token });
          else if (result.kind === 'failure' || result.kind === 'serviceFailure') done(result);
          else throw new Error(`a sign-in came to a ${result.kind}`);
        },
      },
    );
  }

  private ownerOf(token: string): TokenOwner | undefined {
    return this.tokens.find(token) === undefined ? undefined : { caller: () => this.tokens.find(token) };
  }

  /** Whether the token names an entry that this member has yet to apply. */
  private mayBeAhead(token: string): boolean {
    const index = Number(/\.(\d{1,16})$/.exec(token)?.[1] ?? 0);
    return index > this.service.status().appliedIndex;
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef';

/** 32 letters: five bits of each random byte, none likelier than another; 80 bits in all. */
function randomLetters(): string {
  let letters = '';
  for (const byte of randomBytes(SIMPLE_TOKEN_LETTERS)) letters += LETTERS[byte & 31];
  return letters;
}
