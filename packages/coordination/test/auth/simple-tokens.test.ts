/** The tokens that members remember: whose they are, and when they are worth nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimpleTokens } from '@synod/coordination';

function world() {
  const state = { nowMs: 0, authRevision: 3 };
  const tokens = new SimpleTokens({
    ttlMs: 300_000,
    nowMs: () => state.nowMs,
    authRevision: () => state.authRevision,
  });
  const signedIn = (user: string, token: string): void => tokens.changed({ kind: 'signedIn', user, token });
  return { state, tokens, signedIn };
}

test('A7 a token is its user’s, at the present auth revision', () => {
  const { state, tokens, signedIn } = world();
  signedIn('u', 'abc.1');
  assert.deepEqual(tokens.find('abc.1'), { kind: 'user', name: 'u', authRevision: 3 });
  state.authRevision = 5;
  assert.deepEqual(tokens.find('abc.1'), { kind: 'user', name: 'u', authRevision: 5 });
  assert.equal(tokens.find('abc.2'), undefined);
});

test('A7 a token ends when it was not used for its time, and not while it is used', () => {
  const { state, tokens, signedIn } = world();
  signedIn('u', 'used.1');
  signedIn('u', 'idle.2');
  for (let i = 0; i < 4; i++) {
    state.nowMs += 299_000;
    tokens.tick();
    assert.ok(tokens.find('used.1') !== undefined);
  }
  assert.equal(tokens.count, 1);
  assert.equal(tokens.find('idle.2'), undefined);
  // Not even where no tick came between.
  state.nowMs += 300_000;
  assert.equal(tokens.find('used.1'), undefined);
});

test('A7 a token ends with its user’s password, with auth, and with the state it came from', () => {
  const { tokens, signedIn } = world();
  signedIn('u', 'a.1');
  signedIn('v', 'b.2');
  tokens.changed({ kind: 'signedOut', user: 'u' });
  assert.deepEqual([tokens.find('a.1') === undefined, tokens.find('b.2') === undefined], [true, false]);
  tokens.changed({ kind: 'disabled' });
  assert.equal(tokens.find('b.2'), undefined);
  signedIn('v', 'c.3');
  tokens.forgetAll();
  assert.equal(tokens.find('c.3'), undefined);
});
