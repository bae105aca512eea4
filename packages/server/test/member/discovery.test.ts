/** Members that find each other through a discovery service, which is another Synod here. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { foundedClusterId, founderId } from '../../src/config/cluster-identity.ts';
import type { MemberConfig } from '../../src/config/member-config.ts';
import type { RunningMember } from '../../src/member/running-member.ts';
import { StartFailure } from '../../src/member/start-failure.ts';
import { startMember } from '../../src/member/start-member.ts';
import { SynodProcess } from '../cli/synod-process.ts';
import { accepted } from '../config/read.ts';
import { RecordedEvents } from '../recorded-events.ts';
import { CertificateFolder, TestAuthority } from '../tls/test-authority.ts';
import { AuthClient } from './auth-client.ts';
import { EtcdClient } from './etcd-client.ts';
import { PeerRelay } from './peer-relay.ts';
import {
  type ClusterOptions,
  logInto,
  PROTOCOLS,
  TEST_TUNING,
  TestCluster,
  type TestMember,
} from './test-cluster.ts';

const LIMIT = { timeout: 60_000 };
const SIZE_KEY = '/_etcd/registry/t/_config/size';
const MEMBERS = '/_etcd/registry/t/members/';

/** A member that may come to be: its peers find it at its relay. */
class Founder {
  readonly config: MemberConfig;
  readonly lines = new RecordedEvents<string>();
  readonly url: string;
  private readonly relay: PeerRelay;
  private stopping = new AbortController();
  private running: Promise<RunningMember> | undefined;

  private constructor(relay: PeerRelay, config: MemberConfig) {
    this.relay = relay;
    this.url = relay.url;
    this.config = config;
  }

  static async create(
    t: TestContext,
    name: string,
    endpoints: string,
    flags: readonly string[] = [],
  ): Promise<Founder> {
    const relay = new PeerRelay();
    await relay.listen();
    const directory = mkdtempSync(join(tmpdir(), 'synod-discovery-'));
    const config = accepted([
      ...['--name', name, '--data-dir', join(directory, 'data')],
      ...['--listen-client-urls', 'http://127.0.0.1:0', '--advertise-client-urls', 'http://127.0.0.1:1'],
      ...['--listen-peer-urls', 'http://127.0.0.1:0', '--initial-advertise-peer-urls', relay.url],
      ...['--heartbeat-interval', '50', '--election-timeout', '500'],
      ...['--discovery-token', 't', '--discovery-endpoints', endpoints],
      ...flags,
    ]);
    const founder = new Founder(relay, config);
    t.after(async () => {
      await founder.stop();
      relay.close();
      rmSync(directory, { recursive: true, force: true });
    });
    return founder;
  }

  get id(): string {
    return founderId([this.url], 't');
  }

  get entry(): string {
    return `${this.config.name}=${this.url}`;
  }

  /** Resolves when it listens, its founders being known by then. */
  async start(): Promise<RunningMember> {
    this.stopping = new AbortController();
    this.running = startMember(this.config, logInto(this.lines), {
      ...TEST_TUNING,
      discoveryPaces: { retryFirstMs: 20, retryLastMs: 50 },
      stopping: this.stopping.signal,
    });
    const running = await this.running;
    this.relay.targetPort = running.peerPorts[0]!;
    return running;
  }

  async ready(): Promise<EtcdClient> {
    const running = await this.start();
    await running.ready;
    return new EtcdClient(running.clientPorts[0]!);
  }

  /** The words with which it does not start. */
  async refusal(): Promise<string> {
    try {
      await this.start();
    } catch (error) {
      assert.ok(error instanceof StartFailure, `not a StartFailure: ${error}`);
      return error.message;
    }
    throw new Error('the member started');
  }

  /** Also while it waits. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const running = await this.running?.catch(() => undefined);
    this.running = undefined;
    this.relay.cut();
    await running?.stop();
  }
}

/** A cluster of one, told how many founders there are to be. */
async function service(t: TestContext, size: string | undefined, options: ClusterOptions = {}) {
  const cluster = await TestCluster.started(t, { ...options, size: 1 });
  const member = cluster.members[0]!;
  if (size !== undefined) await member.client.put(SIZE_KEY, size);
  return { cluster, member, endpoint: endpointOf(member) };
}

function endpointOf({ running }: TestMember): string {
  return `127.0.0.1:${running!.clientPorts[0]}`;
}

async function registered(member: TestMember): Promise<Record<string, string>> {
  const range = { key: Buffer.from(MEMBERS), range_end: Buffer.from(`${MEMBERS.slice(0, -1)}0`) };
  const { kvs } = await member.client.call('KV', 'Range', range);
  const entries = ((kvs ?? []) as { key: Buffer; value: Buffer }[]).map(({ key, value }) => [
    Buffer.from(key).toString(),
    Buffer.from(value).toString(),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

const isWaiting = (line: string): boolean => line === 'waiting for peers from discovery service';

for (const protocol of PROTOCOLS)
  test(`three members found one cluster, and need the service no more, on ${protocol}`, LIMIT, async (t) => {
    const { cluster, member, endpoint } = await service(t, '3');
    const flags = ['--consensus', protocol];
    const founders = await Promise.all(
      ['m1', 'm2', 'm3'].map((name) => Founder.create(t, name, endpoint, flags)),
    );
    const clients = await Promise.all(founders.map((founder) => founder.ready()));
    await clients[0]!.put('k', 'v');
    assert.equal(await clients[2]!.get('k'), 'v');

    const { header, members } = (await clients[1]!.call('Cluster', 'MemberList', {})) as {
      header: { cluster_id: bigint };
      members: { ID: bigint; name: string }[];
    };
    const hex = (id: bigint): string => id.toString(16).padStart(16, '0');
    assert.equal(hex(header.cluster_id), foundedClusterId(founders.map(({ id }) => id)));
    assert.deepEqual(
      new Map(members.map(({ ID, name }) => [hex(ID), name])),
      new Map(
        [...founders].sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ id, config }) => [id, config.name]),
      ),
    );
    assert.deepEqual(
      await registered(member),
      Object.fromEntries(founders.map(({ id, entry }) => [MEMBERS + id.replace(/^0+/, ''), entry])),
    );

    await cluster.stop(member);
    const [first] = founders;
    await first!.stop();
    const again = await first!.ready();
    assert.equal(await again.get('k'), 'v');
    assert.equal(
      first!.lines.count((line) => line === 'discovery token is ignored since this member has data'),
      1,
    );
  });

test(
  'a member waits until there are as many as there are to be, through a break of its connection',
  LIMIT,
  async (t) => {
    const { cluster, member } = await service(t, '2');
    const relay = new PeerRelay();
    await relay.listen();
    t.after(() => relay.close());
    relay.targetPort = member.running!.clientPorts[0]!;
    const brief = ['--discovery-request-timeout', '1s'];
    const first = await Founder.create(t, 'm1', relay.url, brief);
    const second = await Founder.create(t, 'm2', relay.url, brief);
    let isStarted = false;
    const begun = first.ready().then((client) => {
      isStarted = true;
      return client;
    });
    await first.lines.until(isWaiting);
    // Something else below the prefix is nobody.
    await member.client.put(`${MEMBERS}notes`, 'nobody');
    await first.lines.until((line) => line === 'invalid peer info returned from discovery service');
    await cluster.stop(member);
    relay.cut();
    await first.lines.until((line) =>
      /^the discovery service cannot be asked: no endpoint can be reached/.test(line),
    );
    assert.equal(isStarted, false);
    await cluster.start(member);
    relay.targetPort = member.running!.clientPorts[0]!;
    const client = await second.ready();
    await (await begun).put('k', 'v');
    assert.equal(await client.get('k'), 'v');
  },
);

test('whoever comes when all are there is refused, and leaves nothing behind', LIMIT, async (t) => {
  const { member, endpoint } = await service(t, '2');
  await member.client.put(`${MEMBERS}b`, 'b=http://b:1');
  await member.client.put(`${MEMBERS}a`, 'a=http://a:1');
  const late = await Founder.create(t, 'late', endpoint);
  assert.equal(
    await late.refusal(),
    'discovery: cluster is full: the token t has its 2 members (b=http://b:1, a=http://a:1). To found another cluster use a new token; to add a member to this one: synod member add, and --initial-cluster-state existing with --initial-cluster in place of the token.',
  );
  assert.deepEqual(await registered(member), {
    [`${MEMBERS}a`]: 'a=http://a:1',
    [`${MEMBERS}b`]: 'b=http://b:1',
  });
  // Who registered together with the last of them, and came behind it.
  await member.client.put(MEMBERS + late.id.replace(/^0+/, ''), late.entry);
  assert.match(await late.refusal(), /^discovery: cluster is full: the token t has its 2 members \(b=/);
});

test('without a size that is a number there is no cluster', LIMIT, async (t) => {
  const { member, endpoint } = await service(t, undefined);
  const founder = await Founder.create(t, 'm1', endpoint);
  assert.match(
    await founder.refusal(),
    /^discovery: size key not found: .* of the token t is to have\. .*: synod put \/_etcd\/registry\/t\/_config\/size 3$/,
  );
  for (const size of ['', '0', '-1', 'three', '3.5']) {
    await member.client.put(SIZE_KEY, size);
    assert.match(
      await founder.refusal(),
      /^discovery: size key is bad: .*_config\/size is ".*" and must be/,
      size,
    );
  }
  assert.deepEqual(await registered(member), {});
  await member.client.put(SIZE_KEY, '1');
  await (await founder.ready()).put('k', 'v');
});

test('two of one name or of one address are told apart before they found anything', LIMIT, async (t) => {
  const { member, endpoint } = await service(t, '2');
  await member.client.put(`${MEMBERS}a`, 'm1=http://a:1');
  const founder = await Founder.create(t, 'm1', endpoint);
  assert.equal(
    await founder.refusal(),
    `discovery: another member of the token t is called m1 (m1=http://a:1; this one: ${founder.entry}). Give each a --name of its own; if nobody stands behind that one, remove its key: synod del ${MEMBERS}a`,
  );
  assert.deepEqual(Object.keys(await registered(member)), [`${MEMBERS}a`]);
  const ownKey = MEMBERS + founder.id.replace(/^0+/, '');
  // Both at once.
  await member.client.put(ownKey, founder.entry);
  assert.match(await founder.refusal(), /^discovery: two members of the token t are called m1 \(/);
  await member.client.put(ownKey, `other=${founder.url}`);
  assert.match(
    await founder.refusal(),
    /^discovery: found duplicate peer from discovery service: with the addresses of this member .* other=http:\/\/.* is registered/,
  );
  await member.client.put(ownKey, founder.entry);
  await member.client.put(`${MEMBERS}a`, `m2=${founder.url}`);
  assert.match(
    await founder.refusal(),
    /^discovery: initial cluster .* has duplicate url .* Start all members with a new token\.$/,
  );
  await member.client.put(`${MEMBERS}a`, 'm2=https://a:1');
  assert.match(await founder.refusal(), /must be provided for peer url https:\/\/a:1 with HTTPS scheme/);
});

test('a service with users lets in whoever may read and write there', LIMIT, async (t) => {
  const { member, endpoint } = await service(t, '1');
  const texts = await new AuthClient(member).texts(
    ['Auth/UserAdd', { name: 'root', password: 'secret' }],
    ['Auth/RoleAdd', { name: 'root' }],
    ['Auth/UserGrantRole', { user: 'root', role: 'root' }],
    ['Auth/UserAdd', { name: 'guest', password: 'welcome' }],
    ['Auth/AuthEnable', {}],
  );
  assert.deepEqual(new Set(texts), new Set(['OK']));
  const refusalOf = async (...flags: string[]) => (await Founder.create(t, 'm1', endpoint, flags)).refusal();
  const advice = `--discovery-user and --discovery-password name a user who may read ${SIZE_KEY}, and read and write below ${MEMBERS} (token t).`;
  const refused = (words: string): string =>
    `discovery: the discovery service (${endpoint}) refused: ${words}. ${advice}`;
  assert.equal(await refusalOf(), refused('etcdserver: user name is empty'));
  assert.equal(
    await refusalOf('--discovery-user', 'root', '--discovery-password', 'wrong'),
    refused('etcdserver: authentication failed, invalid user ID or password'),
  );
  assert.equal(
    await refusalOf('--discovery-user', 'guest', '--discovery-password', 'welcome'),
    refused('etcdserver: permission denied'),
  );
  const root = ['--discovery-user', 'root', '--discovery-password', 'secret'];
  await (await (await Founder.create(t, 'm1', endpoint, root)).ready()).put('k', 'v');
});

test('a service that speaks TLS and asks for certificates', LIMIT, async (t) => {
  const authority = new TestAuthority();
  const folder = new CertificateFolder(t);
  const ca = folder.write('ca.pem', authority.certificate);
  const { certificateFile, keyFile } = folder.issued('client', authority.issue({ commonName: 'founder' }));
  const cluster = await TestCluster.started(t, {
    size: 1,
    tlsOf: () => ({
      clientTls: {
        own: folder.issued('service', authority.issue()),
        authoritiesFile: ca,
        requiresCertificate: true,
        checksAddress: false,
        commonNameIsUser: false,
        versionMin: 'TLSv1.2',
      },
    }),
  });
  const endpoint = endpointOf(cluster.members[0]!);
  const shown = ['--discovery-cert', certificateFile, '--discovery-key', keyFile];
  const trusting = await Founder.create(t, 'm1', endpoint, [...shown, '--discovery-cacert', ca]);
  assert.match(await trusting.refusal(), /^discovery: size key not found/);
  const anybody = await Founder.create(t, 'm1', endpoint, [...shown, '--discovery-insecure-skip-tls-verify']);
  assert.match(await anybody.refusal(), /^discovery: size key not found/);

  const warned = async (flags: readonly string[], words: RegExp): Promise<void> => {
    const founder = await Founder.create(t, 'm1', endpoint, flags);
    const refusal = founder.refusal();
    await founder.lines.until((line) => words.test(line));
    await founder.stop();
    assert.equal(await refusal, 'it was asked to stop before its founders were known');
  };
  await warned(shown, /--discovery-cacert names the authority to trust/);
  await warned([], /it speaks TLS, and plaintext was sent; say https:\/\/, and --discovery-cacert names/);
  const missing = await Founder.create(t, 'm1', endpoint, ['--discovery-cacert', '/nowhere/ca.pem']);
  assert.match(await missing.refusal(), /^discovery: \/nowhere\/ca\.pem cannot be read: ENOENT/);
});

test('a process that waits ends well when it is asked to', LIMIT, async (t) => {
  const { endpoint } = await service(t, '3');
  const founder = await Founder.create(t, 'm1', endpoint);
  const child = new SynodProcess(t, [
    ...['start', '--name', 'm1', '--data-dir', founder.config.dataDirectory],
    ...['--listen-peer-urls', 'http://127.0.0.1:0', '--initial-advertise-peer-urls', founder.url],
    ...['--listen-client-urls', 'http://127.0.0.1:0', '--advertise-client-urls', 'http://127.0.0.1:1'],
    ...['--discovery-token', 't', '--discovery-endpoints', `127.0.0.1:1,${endpoint}`],
  ]);
  await child.line(/"msg":"waiting for peers from discovery service"/);
  child.child.kill('SIGTERM');
  const { code, stderr } = await child.ended;
  assert.equal(code, 0);
  assert.match(
    stderr.trimEnd().split('\n').at(-1)!,
    /"stopped: it was asked to stop before its founders were known"/,
  );
});

test(
  'a founder that comes back without its data is refused by the cluster that it founded',
  LIMIT,
  async (t) => {
    const { endpoint } = await service(t, '2');
    const founders = await Promise.all(['m1', 'm2'].map((name) => Founder.create(t, name, endpoint)));
    const [client] = await Promise.all(founders.map((founder) => founder.ready()));
    await client!.put('k', 'v');
    const [, second] = founders;
    await second!.stop();
    rmSync(second!.config.dataDirectory, { recursive: true });
    assert.match(await (await second!.start()).failed, /this member has already been bootstrapped/);
  },
);
