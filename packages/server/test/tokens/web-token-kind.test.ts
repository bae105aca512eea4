/** Web tokens: what a member signs and what it lets pass (A7). */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { type WebTokenKeys, WebTokenKind } from '../../src/tokens/web-token-kind.ts';
import { type SignMethod, tokenOptionsOf } from '../../src/tokens/web-token-options.ts';

const NOW_MS = 1_800_000_000_000;

type Pair = Pick<WebTokenKeys, 'publicKey' | 'privateKey'>;

function pem({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Pair {
  return {
    publicKey: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })),
    privateKey: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

const RSA = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }));
const ELLIPTIC = pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const EDWARDS = pem(generateKeyPairSync('ed25519'));
const SECRET: Pair = { publicKey: undefined, privateKey: randomBytes(64) };

function kindOf(signMethod: SignMethod, keys: Pair, clock = { nowMs: NOW_MS }): WebTokenKind {
  return new WebTokenKind({ keys: { signMethod, ttlMs: 60_000, ...keys }, nowMs: () => clock.nowMs });
}

function issue(kind: WebTokenKind, user = 'u', authRevision = 5): Promise<string> {
  return new Promise((resolve) =>
    kind.issue(user, authRevision, (issued) =>
      resolve(issued.kind === 'issued' ? issued.token : issued.kind),
    ),
  );
}

function callerOf(kind: WebTokenKind, token: string): Promise<unknown> {
  return new Promise((resolve) => kind.identify(token, (owner) => resolve(owner?.caller())));
}

const METHODS: readonly (readonly [SignMethod, Pair])[] = [
  ['RS256', RSA],
  ['RS512', RSA],
  ['PS384', RSA],
  ['ES256', ELLIPTIC],
  ['EdDSA', EDWARDS],
  ['HS256', SECRET],
];

for (const [method, keys] of METHODS)
  test(`${method}: a token that was signed here is its user’s, at its auth revision`, async () => {
    const kind = kindOf(method, keys);
    await kind.tryKeys();
    const token = await issue(kind);
    assert.deepEqual(await callerOf(kind, token), { kind: 'user', name: 'u', authRevision: 5 });
    // Remembered the second time.
    assert.deepEqual(await callerOf(kind, token), { kind: 'user', name: 'u', authRevision: 5 });
  });

test('A7 a token ends when it says so, remembered or not', async () => {
  const clock = { nowMs: NOW_MS };
  const kind = kindOf('RS256', RSA, clock);
  const token = await issue(kind);
  const owner = await new Promise<{ caller(): unknown } | undefined>((resolve) =>
    kind.identify(token, resolve),
  );
  clock.nowMs += 61_000;
  assert.equal(owner?.caller(), undefined);
  assert.equal(await callerOf(kind, token), undefined);
  assert.equal(await callerOf(kindOf('RS256', RSA, clock), token), undefined);
});

test('A7 no token passes that is signed otherwise, by another key, by none, or says too little', async () => {
  const kind = kindOf('RS256', RSA);
  const others = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const claims = (payload: Record<string, unknown>): Promise<string> =>
    new SignJWT(payload).setProtectedHeader({ alg: 'RS256' }).sign(createPrivateKey(RSA.privateKey!));
  const unsigned = [{ alg: 'none' }, { username: 'root', revision: 99 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  // The public key is known to everybody: as a secret it must not count.
  const confused = await new SignJWT({ username: 'root', revision: 99 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(RSA.publicKey!);
  const bad = [
    '',
    'abc.3',
    `${unsigned}.`,
    confused,
    await issue(kindOf('RS256', others)),
    await issue(kindOf('PS256', RSA)),
    await claims({ username: 'root' }),
    await claims({ revision: 5 }),
    await claims({ username: 7, revision: 5 }),
    await claims({ username: 'root', revision: 1.5 }),
    `${await issue(kind)}x`,
    'x'.repeat(100_000),
  ];
  for (const token of bad) assert.equal(await callerOf(kind, token), undefined, token.slice(0, 60));
  assert.deepEqual(await callerOf(kind, await claims({ username: 'u', revision: 5 })), {
    kind: 'user',
    name: 'u',
    authRevision: 5,
  });
});

test('with a public key alone, tokens are told and not made', async () => {
  const verifier = kindOf('ES256', { publicKey: ELLIPTIC.publicKey, privateKey: undefined });
  await verifier.tryKeys();
  assert.equal(await issue(verifier), 'cannotSign');
  assert.notEqual(await callerOf(verifier, await issue(kindOf('ES256', ELLIPTIC))), undefined);
});

test('keys that do not fit the method are found at the start', async () => {
  await assert.rejects(async () => kindOf('ES256', RSA).tryKeys());
  assert.throws(() => kindOf('RS256', { publicKey: Buffer.from('no key'), privateKey: undefined }));
});

test('--auth-token: every option, and what is wrong with the others', () => {
  assert.deepEqual(tokenOptionsOf('simple'), { kind: 'simple' });
  assert.deepEqual(tokenOptionsOf('jwt,pub-key=a.pem,priv-key=b.pem,sign-method=ES384,ttl=10m'), {
    kind: 'jwt',
    signMethod: 'ES384',
    ttlMs: 600_000,
    publicKeyFile: 'a.pem',
    privateKeyFile: 'b.pem',
  });
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /must be simple, or jwt/],
    ['other', /must be simple, or jwt/],
    ['jwt', /needs a sign-method/],
    ['jwt,sign-method=none,pub-key=a', /needs a sign-method/],
    ['jwt,sign-method=RS256', /needs pub-key/],
    ['jwt,sign-method=RS256,pub-key=a,pub-key=b', /given twice/],
    ['jwt,sign-method=RS256,pub-key', /option=value/],
    ['jwt,sign-method=RS256,pub-key=a,ttl=soon', /ttl must be/],
    ['jwt,sign-method=RS256,pub-key=a,colour=blue', /no option colour/],
  ];
  for (const [text, expected] of wrong) assert.match(String(tokenOptionsOf(text)), expected, text);
});
