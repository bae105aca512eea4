/**
 * etcdserverpb.Auth/Authenticate: a name and a password for a token. The password is compared outside of the log, so
 * between that and the token the account may change: then it is compared again (A7).
 */
import type { AuthKnown, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import type { PasswordHasher } from '../../../passwords/password-hasher.ts';
import type { TokenIssue, Tokens } from '../../../tokens/tokens.ts';
import { AUTHENTICATION_TRIES_MAX } from '../limits.ts';
import type { MemberFace } from '../member-face.ts';
import { authenticateRequest, authenticateResponse } from '../messages/auth-messages.ts';
import type { UnaryCall } from '../rpc.ts';

type AuthenticateRequest = ReturnType<typeof authenticateRequest.decode>;

export interface AuthenticationParts {
  readonly face: MemberFace;
  readonly passwords: PasswordHasher;
  readonly tokens: Tokens;
}

export class Authentication {
  private readonly parts: AuthenticationParts;
  private readonly call: UnaryCall;
  private readonly request: AuthenticateRequest;
  private tries = 0;

  private constructor(parts: AuthenticationParts, call: UnaryCall, request: AuthenticateRequest) {
    this.parts = parts;
    this.call = call;
    this.request = request;
  }

  static begin(parts: AuthenticationParts, call: UnaryCall): void {
    const request = parts.face.decode(call, authenticateRequest.decode);
    if (request === undefined || parts.face.refuses(call, false)) return;
    new Authentication(parts, call, request).attempt();
  }

  private attempt(): void {
    const { face } = this.parts;
    this.tries++;
    face.service.auth({
      complete: (result: AuthKnown | ServiceFailure) => {
        if (result.kind === 'serviceFailure') face.failWith(this.call, result);
        else if (!result.facts.isEnabled) face.fail(this.call, 'authNotEnabled');
        else this.comparePassword(result.facts);
      },
    });
  }

  private comparePassword(facts: AuthKnown['facts']): void {
    const { face, passwords } = this.parts;
    const { revision } = facts;
    const account = facts.user(this.request.name);
    if (account !== undefined && account.passwordHash === undefined) {
      face.fail(this.call, 'userHasNoPassword');
      return;
    }
    passwords.matches(this.request.password, account?.passwordHash, (matches) => {
      if (matches === undefined) face.fail(this.call, 'tooManyRequests');
      else if (matches) this.askForToken(revision);
      else face.fail(this.call, 'authenticationFailed');
    });
  }

  private askForToken(authRevision: number): void {
    const { face, tokens } = this.parts;
    if (face.service.authRevision === authRevision)
      tokens.issue(this.request.name, authRevision, (issue) => this.issued(issue));
    else this.attemptAgain();
  }

  private issued(issue: TokenIssue): void {
    const { face } = this.parts;
    if (issue.kind === 'issued') {
      face.writeHeader(face.service.revision);
      authenticateResponse.encode(face.writer, { token: issue.token });
      this.call.respond(face.writer.finish());
    } else if (issue.kind === 'cannotSign') face.fail(this.call, 'tokenCannotBeSigned');
    else if (issue.kind === 'failure' && issue.reason.code === 'authRevisionOld') this.attemptAgain();
    else face.failWith(this.call, issue);
  }

  private attemptAgain(): void {
    if (this.tries < AUTHENTICATION_TRIES_MAX) this.attempt();
    else this.parts.face.fail(this.call, 'authRevisionOld');
  }
}
