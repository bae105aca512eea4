/** The flags of a discovery service: what the member is told of it, by flags and by etcd's file, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { founderId } from '../../src/config/cluster-identity.ts';
import { accepted, refused } from './read.ts';

const SERVICE = '--discovery-token t --discovery-endpoints http://a:1,b:2,https://c:3';

test('a token and endpoints; etcd’s defaults for the rest', () => {
  const { discovery, memberId, founders } = accepted(`--name m1 ${SERVICE}`);
  assert.deepEqual(
    { ...discovery, endpoints: discovery!.endpoints.map(({ text, isSecure }) => [text, isSecure]) },
    {
      token: 't',
      endpoints: [
        ['http://a:1', false],
        ['b:2', undefined],
        ['https://c:3', true],
      ],
      dialTimeoutMs: 2_000,
      requestTimeoutMs: 5_000,
      keepaliveTimeMs: 2_000,
      keepaliveTimeoutMs: 6_000,
      user: undefined,
      tls: { isVerified: true, isSecureByDefault: false },
    },
  );
  // The token is in the ids, as with etcd, which cannot know yet who else there is.
  assert.equal(memberId, founderId(['http://localhost:2380'], 't'));
  assert.deepEqual(
    founders.map(({ name }) => name),
    ['m1'],
  );
  assert.equal(accepted('').discovery, undefined);
});

test('etcd’s file has them in a group of groups', () => {
  const text = `
discovery-config:
  token: t
  client:
    endpoints: [https://a:1, b:2]
    dial-timeout: 3000000000
    request-timeout: 7s
    keepalive-time: 11s
    keepalive-timeout: 13s
    secure: {insecure-transport: false, insecure-skip-tls-verify: true, cert: c.pem, key: /k.pem, cacert: ca.pem}
    auth: {username: u, password: p}
`;
  const { discovery } = accepted('--config-file f', { files: { f: text } });
  assert.deepEqual(
    { ...discovery, endpoints: discovery!.endpoints.map((endpoint) => endpoint.text) },
    {
      token: 't',
      endpoints: ['https://a:1', 'b:2'],
      dialTimeoutMs: 3_000,
      requestTimeoutMs: 7_000,
      keepaliveTimeMs: 11_000,
      keepaliveTimeoutMs: 13_000,
      user: { name: 'u', password: 'p' },
      tls: {
        authoritiesFile: '/home/me/ca.pem',
        certificate: { certificateFile: '/home/me/c.pem', keyFile: '/k.pem' },
        isVerified: false,
        isSecureByDefault: true,
      },
    },
  );
});

test('an endpoint without a scheme speaks TLS where anything says so', () => {
  const isSecure = (flags: string): boolean =>
    accepted(`${SERVICE} ${flags}`).discovery!.tls.isSecureByDefault;
  assert.equal(isSecure('--discovery-insecure-transport'), false);
  for (const flags of [
    '--discovery-insecure-transport=false',
    '--discovery-insecure-skip-tls-verify',
    '--discovery-cacert ca',
    '--discovery-cert c --discovery-key k',
  ])
    assert.equal(isSecure(flags), true, flags);
});

test('what contradicts itself is refused in etcd’s words', () => {
  const several =
    /^multiple discovery or bootstrap flags are set\. Choose one of "initial-cluster", "discovery-endpoints" or "discovery-srv"$/;
  const both = /^both --discovery-token and --discovery-endpoints must be set$/;
  const cases = [
    [`${SERVICE} --initial-cluster default=http://localhost:2380`, several],
    [`${SERVICE} --discovery-srv example.org`, several],
    ['--discovery-token t', both],
    ['--discovery-endpoints a:1', both],
    [
      '--discovery-token t --discovery-endpoints a:1,,b:2',
      /^--discovery-endpoints must not contain empty endpoints$/,
    ],
    ['--discovery-token t --discovery-endpoints ftp://a', /"ftp:\/\/a" must be HOST:PORT/],
    [
      `${SERVICE} --discovery-cert c`,
      /^KeyFile and CertFile must both be present\[key: , cert: \/home\/me\/c\]/,
    ],
    [`${SERVICE} --discovery-dial-timeout soon`, /it must be a duration such as/],
  ] as const;
  for (const [line, words] of cases) assert.match(refused(line).message, words, line);
});
