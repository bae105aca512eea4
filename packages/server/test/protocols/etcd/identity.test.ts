/** Who makes a call: by token, by certificate, or nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '@synod/coordination';
import { type Identity, identify } from '../../../src/protocols/etcd/identity.ts';
import type { CallMetadata } from '../../../src/protocols/etcd/rpc.ts';
import type { Tokens } from '../../../src/tokens/tokens.ts';

function called(headers: Readonly<Record<string, string>>, peerCommonName?: string): CallMetadata {
  return { metadata: (name) => headers[name], peerCommonName };
}

const TOKENS: Tokens = {
  identify: (token, done) =>
    done(
      token === 'good' || token === 'ahead'
        ? { caller: () => ({ kind: 'user', name: 'u', authRevision: token === 'good' ? 3 : 9 }) }
        : token === 'over'
          ? { caller: () => undefined }
          : undefined,
    ),
  issue: () => {},
};

function whoIs(call: CallMetadata): {
  caller?: Caller | undefined | 'invalidAuthToken';
  barriers: (() => void)[];
} {
  const seen: { caller?: ReturnType<Identity['caller']>; barriers: (() => void)[] } = { barriers: [] };
  const service = {
    authRevision: 3,
    auth: (completion: { complete(result: { kind: 'serviceFailure'; code: 'timeout' }): void }) =>
      void seen.barriers.push(() => completion.complete({ kind: 'serviceFailure', code: 'timeout' })),
  };
  identify(call, TOKENS, service, (identity) => {
    seen.caller = identity.caller();
  });
  return seen;
}

const U: Caller = { kind: 'user', name: 'u', authRevision: 3 };

test('A4 a token is looked for where etcd looks for it', () => {
  assert.deepEqual(whoIs(called({ token: 'good' })).caller, U);
  assert.deepEqual(whoIs(called({ authorization: 'good' })).caller, U);
  assert.deepEqual(whoIs(called({ authorization: 'Bearer good' })).caller, U);
  assert.equal(whoIs(called({ token: 'bad', authorization: 'good' })).caller, 'invalidAuthToken');
  assert.equal(whoIs(called({ token: '' })).caller, 'invalidAuthToken');
  assert.equal(whoIs(called({ token: 'over' })).caller, 'invalidAuthToken');
  assert.equal(whoIs(called({})).caller, undefined);
});

test('A4 a certificate’s common name is the user where no token is shown, and not through the gateway', () => {
  assert.deepEqual(whoIs(called({}, 'ann')).caller, { kind: 'user', name: 'ann', authRevision: 3 });
  assert.deepEqual(whoIs(called({ token: 'good' }, 'ann')).caller, U);
  assert.equal(whoIs(called({ token: 'bad' }, 'ann')).caller, 'invalidAuthToken');
  assert.equal(whoIs(called({ 'grpcgateway-accept': '*/*' }, 'ann')).caller, undefined);
  assert.equal(whoIs(called({}, '')).caller, undefined);
});

test('A5 a caller from ahead of this member’s state waits until the state has come so far', () => {
  const seen = whoIs(called({ token: 'ahead' }));
  assert.equal(seen.caller, undefined);
  assert.equal(seen.barriers.length, 1);
  seen.barriers[0]!();
  assert.deepEqual(seen.caller, { kind: 'user', name: 'u', authRevision: 9 });
});
