/** Who is let in by a port that speaks TLS, who is not, and the words for it (T1–T6, T11, T12). */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import type { Dns } from '../../src/dns/dns.ts';
import { HANDSHAKES_MAX } from '../../src/tls/limits.ts';
import { createSecureServer } from '../../src/tls/secure-server.ts';
import type { TlsConfig } from '../../src/tls/tls-config.ts';
import { KnownDns } from '../dns/known-dns.ts';
import { RecordedEvents } from '../recorded-events.ts';
import { CertificateFolder, type Issued, TestAuthority } from './test-authority.ts';

const LIMIT = { timeout: 10_000 };

interface Surroundings {
  /** Who is let in is told so and kept, instead of being sent away with a greeting. */
  readonly keeps?: boolean;
  readonly dns?: Dns;
}

async function world(t: TestContext, rules: Partial<TlsConfig> = {}, { keeps, dns }: Surroundings = {}) {
  const authority = new TestAuthority();
  const folder = new CertificateFolder(t);
  const refused = new RecordedEvents<string>();
  const secure = createSecureServer({
    config: {
      own: folder.issued('server', authority.issue()),
      authoritiesFile: folder.write('ca.pem', authority.certificate),
      revocationFile: folder.write('crl', authority.revocations()),
      requiresCertificate: true,
      commonNameIsUser: true,
      checksAddress: false,
      versionMin: 'TLSv1.2',
      ...rules,
    },
    protocols: ['http/1.1', 'h2'],
    onSocket: (socket, commonName) => {
      socket.on('error', () => {});
      if (keeps === true) socket.write('stay');
      else socket.end(`welcome ${commonName}`);
    },
    dns,
    onRefused: (_, { reason }) => refused.push(reason),
  });
  secure.server.listen(0, '127.0.0.1');
  await once(secure.server, 'listening');
  t.after(() => {
    secure.abandonHandshakes();
    secure.server.close();
  });
  const { port } = secure.server.address() as AddressInfo;
  const { abandonHandshakes } = secure;

  /** What is said to a client with this certificate; empty: nothing. */
  const ask = (shown: Issued | undefined, options: ConnectionOptions = {}) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: authority.certificate,
      ...(shown === undefined ? {} : { cert: shown.certificate, key: shown.key }),
      ...options,
    });
    let text = '';
    return new Promise<{ text: string; alpn: unknown; serial: string | undefined }>((resolve) => {
      let alpn: unknown;
      let serial: string | undefined;
      socket.on('secureConnect', () => {
        alpn = socket.alpnProtocol;
        serial = socket.getPeerX509Certificate()?.serialNumber;
      });
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve({ text, alpn, serial }));
    });
  };
  return { authority, folder, refused, port, ask, abandonHandshakes };
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(
    `T1 a good certificate is let in, by its common name; all others are not (${maxVersion})`,
    LIMIT,
    async (t) => {
      const { authority, folder, refused, ask } = await world(t);
      const refusalOf = async (shown: Issued | undefined): Promise<string> => {
        const count = refused.all.length;
        assert.equal((await ask(shown, { maxVersion })).text, '');
        return await refused.until(() => refused.all.length > count, 1);
      };
      const alice = authority.issue({ commonName: 'alice' });
      assert.equal((await ask(alice, { maxVersion })).text, 'welcome alice');
      await refusalOf(undefined);
      assert.match(refused.all.at(-1)!, /it showed no certificate/);
      await refusalOf(new TestAuthority('stranger').issue());
      assert.match(refused.all.at(-1)!, /authority that is not trusted/);
      await refusalOf(new TestAuthority().issue());
      assert.match(refused.all.at(-1)!, /not signed by the authority|not trusted/);
      await refusalOf(authority.issue({ notAfter: new Date('2001-01-01T00:00:00Z') }));
      assert.match(refused.all.at(-1)!, /has expired/);
      authority.revoke(alice);
      for (const list of [authority.revocations(), authority.revocationsInPem()]) {
        folder.write('crl', list);
        await refusalOf(alice);
        assert.match(refused.all.at(-1)!, /was revoked/);
      }
      assert.equal((await ask(authority.issue({ commonName: 'bob' }), { maxVersion })).text, 'welcome bob');
    },
  );
}

test('T2 of verified certificates only those with a name that is allowed', LIMIT, async (t) => {
  const hostname = await world(t, { allowedNames: { kind: 'hostname', names: ['a.test', '10.0.0.1'] } });
  for (const host of ['a.test', '10.0.0.1'])
    assert.equal((await hostname.ask(hostname.authority.issue({ hosts: [host] }))).text, 'welcome member');
  assert.equal(
    (await hostname.ask(hostname.authority.issue({ commonName: 'a.test', hosts: ['b.test'] }))).text,
    '',
  );
  assert.match(hostname.refused.all.at(-1)!, /none of the names that are let in \(a\.test,10\.0\.0\.1\)/);
  const common = await world(t, { allowedNames: { kind: 'commonName', names: ['m1', 'CN=x,y'] } });
  for (const commonName of ['m1', 'CN=x,y'])
    assert.equal((await common.ask(common.authority.issue({ commonName }))).text, `welcome ${commonName}`);
  assert.equal((await common.ask(common.authority.issue({ commonName: 'm2\nCN=m1' }))).text, '');
});

test(
  'T3 files are read anew at each handshake, and who cannot read them takes nobody in',
  LIMIT,
  async (t) => {
    const { authority, folder, refused, ask } = await world(t);
    const client = authority.issue();
    const first = await ask(client);
    const next = authority.issue();
    folder.issued('server', next);
    assert.notEqual((await ask(client)).serial, first.serial);
    assert.equal((await ask(client)).serial, new X509Certificate(next.certificate).serialNumber);
    folder.write('server.pem', 'nonsense');
    assert.equal((await ask(client)).text, '');
    assert.match(refused.all.at(-1)!, /server\.pem and .*server-key\.pem cannot be used/);
    folder.issued('server', authority.issue());
    assert.equal((await ask(client)).text, 'welcome member');
    const other = new TestAuthority('other');
    folder.write('ca.pem', authority.certificate + other.certificate);
    assert.equal((await ask(client)).text, 'welcome member');
  },
);

test(
  'T4 who offers HTTP/1.1 gets it, as the gateway is there; who offers h2 alone gets that',
  LIMIT,
  async (t) => {
    const { authority, ask } = await world(t);
    const client = authority.issue();
    const chosen = async (...ALPNProtocols: string[]) => (await ask(client, { ALPNProtocols })).alpn;
    assert.equal(await chosen('h2'), 'h2');
    assert.equal(await chosen('grpc-exp', 'h2'), 'h2');
    assert.equal(await chosen('h2', 'http/1.1'), 'http/1.1');
    assert.equal((await ask(client)).alpn, false);
  },
);

test('T5 plaintext on a port of TLS is named', LIMIT, async (t) => {
  const { refused, port } = await world(t);
  for (const words of [
    'GET / HTTP/1.1\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'SYNODPEER\n and more than that',
  ]) {
    const count = refused.all.length;
    const socket = connectPlain(port, '127.0.0.1').on('error', () => {});
    socket.write(words);
    await refused.until(() => refused.all.length > count, 1);
    assert.match(refused.all.at(-1)!, /plaintext came to an address that speaks TLS/);
    socket.destroy();
  }
});

test('T6 versions and suites are those that are given', LIMIT, async (t) => {
  const old = await world(t, { versionMax: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
  const client = old.authority.issue();
  assert.equal((await old.ask(client, { minVersion: 'TLSv1.3' })).text, '');
  assert.equal((await old.ask(client, { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })).text, '');
  assert.equal((await old.ask(client)).text, 'welcome member');
});

test('T11 connections that are open do not count as handshakes, nor end with those', {
  timeout: 30_000,
}, async (t) => {
  const { authority, port, abandonHandshakes } = await world(t, {}, { keeps: true });
  const shown = authority.issue();
  const stay = () =>
    new Promise<ReturnType<typeof connect>>((resolve, reject) => {
      const credentials = { ca: authority.certificate, cert: shown.certificate, key: shown.key };
      const socket = connect({ host: '127.0.0.1', port, ...credentials });
      t.after(() => socket.destroy());
      socket
        .on('error', reject)
        .on('close', () => reject(new Error('closed')))
        .once('data', () => resolve(socket));
    });
  const kept = [await stay()];
  while (kept.length <= HANDSHAKES_MAX) kept.push(...(await Promise.all(Array.from({ length: 27 }, stay))));
  const half = connectPlain(port, '127.0.0.1');
  await once(half, 'connect');
  // What came before is taken by the time that this one is.
  await stay();
  abandonHandshakes();
  await once(half, 'close');
  assert.deepEqual(
    kept.filter(({ destroyed }) => destroyed),
    [],
  );
});

test('T12 a certificate must be for the address it comes from, where that is asked', LIMIT, async (t) => {
  const dns = new KnownDns({ addresses: { 'here.test': ['127.0.0.1'], 'there.test': ['10.0.0.1'] } });
  const strict = await world(t, { checksAddress: true }, { dns });
  const said = async (...hosts: string[]) => (await strict.ask(strict.authority.issue({ hosts }))).text;
  for (const hosts of [['127.0.0.1'], ['here.test'], []])
    assert.equal(await said(...hosts), 'welcome member');
  assert.deepEqual(strict.refused.all, []);
  for (const host of ['10.0.0.1', 'there.test']) {
    assert.equal(await said(host), '');
    const words = new RegExp(
      `^its certificate is for ${host}, not for 127\\.0\\.0\\.1, where it connects from`,
    );
    assert.match(strict.refused.all.at(-1)!, words);
  }
  const lax = await world(t, { checksAddress: false }, { dns });
  assert.equal((await lax.ask(lax.authority.issue({ hosts: ['10.0.0.1'] }))).text, 'welcome member');
});

test('T12 who waits for DNS to know an address ends with the handshakes', LIMIT, async (t) => {
  const silent = new Promise<never>(() => {});
  const asked = new RecordedEvents<string>();
  const ask = (host: string): Promise<never> => {
    asked.push(host);
    return silent;
  };
  const {
    authority,
    ask: connected,
    abandonHandshakes,
  } = await world(t, { checksAddress: true }, { dns: { services: ask, addresses: ask, names: ask } });
  const ended = connected(authority.issue({ hosts: ['slow.test'] }));
  await asked.until((host) => host === 'slow.test');
  abandonHandshakes();
  assert.equal((await ended).text, '');
});
