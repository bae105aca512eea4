/** Whether a certificate is for the address that it comes from: IP addresses, names looked up either way, and none (T12). */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { alternativeNames } from '../../src/tls/alternative-names.ts';
import { addressRefusal } from '../../src/tls/holder-address.ts';
import { KnownDns, type KnownNames } from '../dns/known-dns.ts';
import { TestAuthority } from './test-authority.ts';

const authority = new TestAuthority();

function certificateFor(...hosts: string[]): X509Certificate {
  return new X509Certificate(authority.issue({ hosts }).certificate);
}

async function refusal(hosts: readonly string[], from: string, known: KnownNames = {}) {
  const dns = new KnownDns(known);
  return { reason: await addressRefusal(certificateFor(...hosts), from, dns), asked: dns.asked };
}

test('T12 an IP address in the certificate is compared, whatever its form, and nobody is asked', async () => {
  const cases = [
    [['10.0.0.1'], '10.0.0.1'],
    [['10.0.0.9', '10.0.0.1'], '::ffff:10.0.0.1'],
    [['fd00::1'], 'fd00::1'],
    [['fe80::1'], 'fe80::1%eth0'],
    [['m1.test', '10.0.0.1'], '10.0.0.1'],
  ] as const;
  for (const [hosts, from] of cases)
    assert.deepEqual(await refusal(hosts, from), { reason: undefined, asked: [] }, hosts.join());
});

test('T12 another IP address than the certificate has is refused, and told what to do', async () => {
  assert.deepEqual(await refusal(['10.0.0.1', 'fd00::1'], '::ffff:10.0.0.2'), {
    reason:
      'its certificate is for 10.0.0.1, FD00:0:0:0:0:0:0:1, not for 10.0.0.2, where it connects from. Give it a certificate for that address, or have a name of its certificate resolve to it; --peer-skip-client-san-verification lets it in as it is',
    asked: [],
  });
});

test('T12 a name in the certificate counts when it resolves to the address', async () => {
  const known = { addresses: { 'm1.test': ['10.0.0.7', 'fd00::1'], 'm2.test': ['10.0.0.2'] } };
  for (const from of ['10.0.0.7', 'fd00::1'])
    assert.equal((await refusal(['m2.test', 'm1.test'], from, known)).reason, undefined);
  // Beside an IP address that is another's.
  assert.equal((await refusal(['10.0.0.1', 'm2.test'], '10.0.0.2', known)).reason, undefined);
  const { reason } = await refusal(['m2.test', 'gone.test'], '10.0.0.7', known);
  assert.match(
    reason!,
    /^its certificate is for m2\.test, gone\.test, not for 10\.0\.0\.7, where it connects from \(DNS: gone\.test: getaddrinfo ENOTFOUND gone\.test; 10\.0\.0\.7: getHostByAddr ENOTFOUND 10\.0\.0\.7\)\. Give/,
  );
});

test('T12 a name counts that DNS has for the address, and a wildcard that it is below', async () => {
  const known = { names: { '10.0.0.1': ['a.b.Peers.test', 'm1.test'] } };
  for (const hosts of [['*.peers.test'], ['*.b.peers.test'], ['M1.test'], ['other.test', '*.test']])
    assert.equal((await refusal(hosts, '10.0.0.1', known)).reason, undefined, hosts.join());
  for (const hosts of [['*.a.b.peers.test'], ['*.eers.test'], ['b.peers.test'], ['test']])
    assert.match((await refusal(hosts, '10.0.0.1', known)).reason!, /where it connects from/, hosts.join());
  // A wildcard is no name to look up.
  assert.deepEqual((await refusal(['*.peers.test'], '10.0.0.9', known)).asked, ['10.0.0.9']);
});

test('T12 a certificate for no address and no name is let in from anywhere', async () => {
  assert.deepEqual(await refusal([], '10.0.0.1'), { reason: undefined, asked: [] });
});

test('a name that looks like more than one is one', () => {
  const names = alternativeNames(
    certificateFor('a.test', 'b.test, IP Address:10.0.0.1', '10.0.0.2', 'say "c"'),
  );
  assert.deepEqual(names, {
    dnsNames: ['a.test', 'b.test, IP Address:10.0.0.1', 'say "c"'],
    ipAddresses: ['10.0.0.2'],
  });
});
