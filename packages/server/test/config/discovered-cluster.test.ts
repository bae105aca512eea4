/** Founders from DNS: whom a member finds, by which names, and that all members find the same cluster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDiscoveredConfig } from '../../src/config/discovered-cluster.ts';
import type { MemberConfig } from '../../src/config/member-config.ts';
import { KnownDns, type KnownNames } from '../dns/known-dns.ts';

const PLAIN = '_etcd-server._tcp.example.org';
const SECURE = '_etcd-server-ssl._tcp.example.org';
const THREE: KnownNames = {
  services: { [PLAIN]: ['c.example.org:2380', 'a.example.org:2380', 'b.example.org:2380'] },
  addresses: {
    'a.example.org': ['10.0.0.1'],
    'b.example.org': ['10.0.0.2', 'fd00::2'],
    'c.example.org': ['10.0.0.3'],
  },
};

async function read(line: string, names: KnownNames, dns = new KnownDns(names)) {
  return await readDiscoveredConfig(
    {
      arguments: line.split(' '),
      environment: {},
      readFile: () => assert.fail('no file is asked for'),
      workingDirectory: '/home/me',
    },
    dns,
  );
}

async function accepted(line: string, names: KnownNames): Promise<MemberConfig> {
  const result = await read(`--discovery-srv example.org ${line}`, names);
  assert.ok(result.ok, result.ok ? '' : result.problem.message);
  return result.config;
}

async function refused(line: string, names: KnownNames): Promise<string> {
  const result = await read(`--discovery-srv example.org ${line}`, names);
  assert.ok(!result.ok, 'it was accepted');
  assert.equal(result.problem.kind, 'refused');
  return result.problem.message;
}

const line = (name: string, url: string): string => `--name ${name} --initial-advertise-peer-urls ${url}`;

test('a member finds itself by what its address resolves to; the others have numbers', async () => {
  const config = await accepted(line('m2', 'http://10.0.0.2:2380'), THREE);
  assert.deepEqual(
    config.founders.map(({ name, peerUrls }) => [name, peerUrls]),
    [
      ['0', ['http://a.example.org:2380']],
      ['m2', ['http://b.example.org:2380']],
      ['1', ['http://c.example.org:2380']],
    ],
  );
  assert.equal(config.memberId, config.founders[1]!.id);
  // What the others know it by, or the member list would change its mind.
  assert.deepEqual(config.advertisePeerUrls, ['http://b.example.org:2380']);
});

test('all members find one cluster, in whatever order DNS answers and by whatever address they advertise', async () => {
  const reversed = { ...THREE, services: { [PLAIN]: [...THREE.services![PLAIN]!].reverse() } };
  const configs = [
    await accepted(line('m1', 'http://10.0.0.1:2380'), THREE),
    await accepted(line('m2', 'http://[fd00::2]:2380'), {
      ...reversed,
      addresses: { ...THREE.addresses, 'fd00::2': ['fd00::2'] },
    }),
    await accepted(line('m3', 'http://c.example.org:2380'), reversed),
  ];
  assert.equal(new Set(configs.map(({ clusterId }) => clusterId)).size, 1);
  assert.equal(new Set(configs.map(({ memberId }) => memberId)).size, 3);
  for (const { founders } of configs)
    assert.deepEqual(
      founders.map(({ id }) => id),
      configs.map(({ memberId }) => memberId),
    );
});

test('the ids are those of the same cluster spelled out', async () => {
  const { clusterId } = await accepted(line('m1', 'http://10.0.0.1:2380'), THREE);
  const urls = ['a', 'b', 'c'].map((host, at) => `m${at + 1}=http://${host}.example.org:2380`);
  const spelled = await read(
    `--name m1 --initial-advertise-peer-urls http://a.example.org:2380 --initial-cluster ${urls.join()}`,
    {},
  );
  assert.ok(spelled.ok);
  assert.equal(spelled.config.clusterId, clusterId);
});

test('members on one machine are told apart by their ports', async () => {
  const names = {
    services: { [PLAIN]: ['h:1', 'h:2'] },
    addresses: { h: ['127.0.0.1'], localhost: ['127.0.0.1'] },
  };
  const { founders } = await accepted(line('m', 'http://localhost:2'), names);
  assert.deepEqual(
    founders.map(({ name, peerUrls }) => `${name}=${peerUrls}`),
    ['0=http://h:1', 'm=http://h:2'],
  );
});

test('a record whose host has no address yet is a founder all the same, and one that comes twice is one', async () => {
  const names = {
    ...THREE,
    services: { [PLAIN]: [...THREE.services![PLAIN]!, 'late.example.org:2380', 'late.example.org:2380'] },
  };
  const { founders } = await accepted(line('m1', 'http://10.0.0.1:2380'), names);
  assert.deepEqual(
    founders.map(({ name }) => name),
    ['m1', '0', '1', '2'],
  );
});

test('a member that is called by a number keeps its name', async () => {
  const { founders } = await accepted(line('0', 'http://10.0.0.2:2380'), THREE);
  assert.deepEqual(
    founders.map(({ name }) => name),
    ['1', '0', '2'],
  );
});

test('the secure service is https, and a service name goes behind the service', async () => {
  const names = { services: { [`_etcd-server-ssl-blue._tcp.example.org`]: ['a:2380'] } };
  const dns = new KnownDns(names);
  const result = await read(
    `--discovery-srv example.org --discovery-srv-name blue --peer-cert-file c --peer-key-file k --listen-peer-urls https://10.0.0.1:2380 ${line('m', 'https://a:2380')}`,
    names,
    dns,
  );
  assert.ok(result.ok, result.ok ? '' : result.problem.message);
  assert.deepEqual(
    result.config.founders.map(({ peerUrls }) => peerUrls),
    [['https://a:2380']],
  );
  assert.deepEqual(dns.asked, [
    '_etcd-server-ssl-blue._tcp.example.org',
    '_etcd-server-blue._tcp.example.org',
  ]);
});

test('refusals say what DNS said', async () => {
  const self = line('m1', 'http://10.0.0.1:2380');
  assert.equal(
    await refused(`${self} --initial-cluster m1=http://10.0.0.1:2380`, THREE),
    'multiple discovery or bootstrap flags are set. Choose one of "initial-cluster", "discovery-endpoints" or "discovery-srv"',
  );
  assert.equal(
    await refused(self, {}),
    `error querying DNS SRV records for --discovery-srv example.org: ${SECURE}: querySrv ENOTFOUND ${SECURE}; ${PLAIN}: querySrv ENOTFOUND ${PLAIN}`,
  );
  assert.match(await refused(self, { services: { [PLAIN]: [] } }), /querySrv ENOTFOUND _etcd-server-ssl/);
  assert.match(
    await refused(line('m1', 'http://10.0.0.9:2380'), THREE),
    /^cannot find local etcd member "m1" in SRV records \(http:\/\/a\.example\.org:2380,.*\(http:\/\/10\.0\.0\.9:2380\)\.$/,
  );
  assert.match(
    await refused(line('m1', 'https://10.0.0.1:2380'), THREE),
    /^bootstrap at http:\/\/a\.example\.org:2380 from DNS has scheme mismatch with expected peer https:\/\/10/,
  );
  const twice = { ...THREE, addresses: { ...THREE.addresses, 'c.example.org': ['10.0.0.1'] } };
  assert.match(await refused(self, twice), /name this member 2 times .* Leave one record for each member\.$/);
});

test('without the flag nobody is asked', async () => {
  const dns = new KnownDns({});
  assert.ok((await read('--name m', {}, dns)).ok);
  assert.deepEqual(dns.asked, []);
});
