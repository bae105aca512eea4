/** Simple tokens at a member that has not applied as much as the one that made them (A7). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Command, type CommandResult, revision, SimpleTokens } from '@synod/coordination';
import type {
  AuthKnown,
  Completion,
  CoordinationService,
  ServiceFailure,
} from '@synod/coordination/service/service-api.ts';
import { SimpleTokenKind } from '../../src/tokens/simple-token-kind.ts';
import type { TokenIssue } from '../../src/tokens/tokens.ts';

function world() {
  const tokens = new SimpleTokens({ ttlMs: 1000, nowMs: () => 0, authRevision: () => 3 });
  /** Questions that wait for the member to come so far. */
  const barriers: Completion<AuthKnown | ServiceFailure>[] = [];
  const submitted: { command: Command; completion: Completion<CommandResult | ServiceFailure> }[] = [];
  const service: Pick<CoordinationService, 'auth' | 'status' | 'submit'> = {
    auth: (completion) => void barriers.push(completion),
    submit: (command, completion) => void submitted.push({ command, completion }),
    status: () => ({
      leader: undefined,
      term: 1,
      commitIndex: 10,
      appliedIndex: 10,
      isLearner: false,
      storeBytes: 0,
      storeBytesUsed: 0,
      storeBytesMax: 0,
      errors: [],
    }),
  };
  const kind = new SimpleTokenKind(tokens, service);
  const found: (string | undefined)[] = [];
  const identify = (token: string): void =>
    kind.identify(token, (owner) => {
      const caller = owner?.caller();
      found.push(caller?.kind === 'user' ? caller.name : undefined);
    });
  return { kind, tokens, barriers, submitted, found, identify };
}

test('A7 a token of an entry that is not applied yet is looked for again once it must be', () => {
  const { tokens, barriers, found, identify } = world();
  identify('letters.11');
  assert.deepEqual(found, []);
  tokens.changed({ kind: 'signedIn', user: 'u', token: 'letters.11' });
  barriers[0]!.complete({ kind: 'serviceFailure', code: 'timeout' });
  assert.deepEqual(found, ['u']);
  identify('others.12');
  barriers[1]!.complete({ kind: 'serviceFailure', code: 'timeout' });
  assert.deepEqual(found, ['u', undefined]);
});

test('A7 a token of an entry that is applied, or of none, is not waited for', () => {
  const { barriers, found, identify } = world();
  for (const token of ['letters.10', 'letters', '', 'letters.', 'letters.x', `letters.${'9'.repeat(30)}`])
    identify(token);
  assert.deepEqual(found, [undefined, undefined, undefined, undefined, undefined, undefined]);
  assert.equal(barriers.length, 0);
});

test('A7 a sign-in names the auth revision at which the password was right, and letters nobody can guess', () => {
  const { kind, submitted } = world();
  const issues: TokenIssue[] = [];
  for (let i = 0; i < 2; i++) kind.issue('u', 3, (issue) => issues.push(issue));
  const [first, second] = submitted.map(({ command }) => command);
  assert.ok(first?.kind === 'signIn' && second?.kind === 'signIn');
  assert.deepEqual([first.user, first.authRevision], ['u', 3]);
  assert.match(first.token, /^[A-Za-z]{16}$/);
  assert.notEqual(first.token, second.token);
  submitted[0]!.completion.complete({ kind: 'signedIn', token: 'letters.11', revision: revision(2) });
  submitted[1]!.completion.complete({ kind: 'serviceFailure', code: 'timeout' });
  assert.deepEqual(issues, [
    { kind: 'issued', token: 'letters.11' },
    { kind: 'serviceFailure', code: 'timeout' },
  ]);
});
