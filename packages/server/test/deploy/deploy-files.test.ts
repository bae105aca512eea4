/**
 * What stands in deploy/ is for people to copy: every flag and variable in it exists, each member's configuration is read by
 * the reader that members use, and the members of one cluster agree on who they are.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { FLAGS, flagNamed } from '../../src/config/flags.ts';
import type { MemberConfig } from '../../src/config/member-config.ts';
import { readConfig } from '../../src/config/read-config.ts';

const root = new URL('../../../../', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), 'utf8');

type Environment = Readonly<Record<string, string>>;

const UNIT = textOf('deploy/systemd/synod.service');
const CONTAINERFILE = textOf('deploy/containers/Containerfile');
const COMPOSE = parse(textOf('deploy/containers/compose.yaml'), { merge: true });
const MANIFESTS = parseAllDocuments(textOf('deploy/kubernetes/synod.yaml')).map((document) => {
  assert.deepEqual(document.errors, []);
  return document.toJS();
});

/** As a member would read it; nothing in it may be worth a warning. */
function memberConfig(environment: Environment, givenArguments: readonly string[] = []): MemberConfig {
  const result = readConfig({
    arguments: givenArguments,
    environment,
    readFile: () => assert.fail('no file is named'),
    workingDirectory: '/',
  });
  assert.ok(result.ok, result.ok ? '' : result.problem.message);
  assert.deepEqual(result.warnings, []);
  return result.config;
}

function assertOneCluster(members: readonly MemberConfig[]): void {
  assert.equal(members.length, 3);
  assert.equal(new Set(members.map(({ clusterId }) => clusterId)).size, 1);
  const [{ founders }] = members as [MemberConfig];
  assert.deepEqual(
    founders.map(({ id, name, peerUrls }) => [id, name, peerUrls]),
    members.map(({ memberId, name, advertisePeerUrls }) => [memberId, name, advertisePeerUrls]),
  );
}

const portOf = (url: string | undefined): number => Number(new URL(url!).port);

const settingOf = (unit: string, name: string): string[] =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map((match) => match[1]!);

/** What stands in a parsed file at a path of keys, which has dots between them. */
function at<Value>(tree: unknown, path: string): Value {
  let here = tree;
  for (const key of path.split('.')) {
    assert.ok(typeof here === 'object' && here !== null && key in here, `${path}: there is no ${key}`);
    here = (here as Readonly<Record<string, unknown>>)[key];
  }
  return here as Value;
}

const manifest = (kind: string, name = 'synod'): unknown =>
  MANIFESTS.find((one) => at(one, 'kind') === kind && at(one, 'metadata.name') === name);

test('every variable and every flag of a member in deploy/ is one that works', () => {
  const files = globSync('deploy/*/*', { cwd: root });
  assert.ok(files.length >= 7);
  const offences: string[] = [];
  let count = 0;
  for (const path of files) {
    // Of these lines the flags are other programs'.
    const text = textOf(path).replace(/^(RUN| && |#? *(docker|kubectl)|.*: kubectl).*$/gm, '');
    const variables = [...text.matchAll(/\bETCD_([A-Z0-9_]+)/g)].map(([, name]) =>
      name!.toLowerCase().replaceAll('_', '-'),
    );
    const flags = [...text.matchAll(/(?<![\w-])--([a-z][a-z0-9-]+)/g)].map(([, name]) => name!);
    for (const name of [...variables, ...flags.filter((flag) => flag !== 'eval')]) {
      count++;
      const known = flagNamed(name);
      if (known === undefined || FLAGS[known].status !== 'works') offences.push(`${path}: ${name}`);
    }
  }
  assert.ok(count > 50);
  assert.deepEqual(offences, []);
});

test('systemd: three environments are three members of one cluster', () => {
  const members = ['m1', 'm2', 'm3'].map((name) => {
    const text = textOf(`deploy/systemd/${name}.env`);
    const config = memberConfig(parseEnv(text) as Environment);
    assert.equal(config.name, name);
    // What is offered for taking in is right too.
    memberConfig(parseEnv(text.replace(/^#(?=ETCD_)/gm, '').replaceAll('http:', 'https:')) as Environment);
    return config;
  });
  assertOneCluster(members);
});

test('systemd: the unit starts a member in its own directory, and leaves one down that was removed', () => {
  assert.deepEqual(settingOf(UNIT, 'ExecStart'), [
    '/usr/bin/node /opt/synod/packages/server/src/main.ts start',
  ]);
  assert.ok(existsSync(new URL('packages/server/src/main.ts', root)));
  assert.deepEqual(settingOf(UNIT, 'Environment'), [
    `ETCD_DATA_DIR=%S/${settingOf(UNIT, 'StateDirectory')[0]}/data`,
  ]);
  assert.deepEqual(settingOf(UNIT, 'Restart'), ['on-failure']);
  // Either would break a member: see the comment there.
  for (const name of ['MemoryDenyWriteExecute', 'ProtectProc', 'ProcSubset'])
    assert.deepEqual(settingOf(UNIT, name), [], name);
});

test('the image has every package with its sources, and a Node that runs them', () => {
  const { workspaces, engines } = JSON.parse(textOf('package.json')) as {
    workspaces: string[];
    engines: { node: string };
  };
  const copied = [...CONTAINERFILE.matchAll(/^COPY (.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
  for (const path of copied) assert.ok(existsSync(new URL(path, root)), path);
  for (const workspace of workspaces)
    for (const part of ['package.json', 'src']) assert.ok(copied.includes(`${workspace}/${part}`), workspace);
  const major = Number(/^FROM node:(\d+)-slim$/m.exec(CONTAINERFILE)?.[1]);
  assert.ok(major > Number(/^>=(\d+)/.exec(engines.node)?.[1]));
});

test('compose: three services are three members of one cluster, each with a volume and a port of its own', () => {
  const services = Object.entries(at<Record<string, unknown>>(COMPOSE, 'services'));
  const names = services.map(([name]) => name);
  const members = services.map(([name, service]) => {
    const config = memberConfig(at(service, 'environment'));
    assert.equal(config.name, name);
    for (const url of [...config.advertisePeerUrls, ...config.advertiseClientUrls])
      assert.equal(new URL(url).hostname, name);
    assert.deepEqual(at(service, 'volumes'), [`${name}:/var/lib/synod`]);
    assert.ok(config.dataDirectory.startsWith('/var/lib/synod/'));
    const clientPort = portOf(config.listenClientUrls[0]);
    assert.match(at(service, 'ports.0'), new RegExp(`:${clientPort}$`));
    const check = at<string[]>(service, 'healthcheck.test').at(-1);
    assert.ok(check?.includes(`127.0.0.1:${clientPort}/readyz`), check);
    return config;
  });
  assertOneCluster(members);
  assert.equal(new Set(services.map(([, service]) => at(service, 'ports.0'))).size, 3);
  assert.deepEqual(Object.keys(at(COMPOSE, 'volumes')), names);
});

test('Kubernetes: three pods are three members of one cluster', () => {
  const spec = at(manifest('StatefulSet'), 'spec');
  const container = at(spec, 'template.spec.containers.0');
  const members = Array.from({ length: at(spec, 'replicas') }, (_, ordinal) => {
    const pod: Environment = { POD_NAME: `synod-${ordinal}`, POD_NAMESPACE: 'default' };
    const flags = at<string[]>(container, 'args').map((text) =>
      text.replace(/\$\((\w+)\)/g, (_whole, name: string) => pod[name] ?? ''),
    );
    const config = memberConfig(at(manifest('ConfigMap'), 'data'), flags);
    for (const url of config.advertisePeerUrls)
      assert.equal(new URL(url).hostname, `synod-${ordinal}.${at(spec, 'serviceName')}`);
    return config;
  });
  assertOneCluster(members);
  const [{ listenClientUrls, listenPeerUrls, listenMetricsUrls }] = members as [MemberConfig];
  const listened = { clients: listenClientUrls, peers: listenPeerUrls, metrics: listenMetricsUrls };
  assert.deepEqual(
    at(container, 'ports'),
    Object.entries(listened).map(([name, urls]) => ({ name, containerPort: portOf(urls[0]) })),
  );
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
    assert.equal(at(container, `${probe}.httpGet.port`), 'metrics');
});

test('Kubernetes: the services find the pods, before they are ready where members look for each other', () => {
  const spec = at(manifest('StatefulSet'), 'spec');
  const peers = at(manifest('Service', at(spec, 'serviceName')), 'spec');
  assert.equal(at(peers, 'clusterIP'), 'None');
  assert.equal(at(peers, 'publishNotReadyAddresses'), true);
  // In order, the first pod would wait to be ready for the others, which wait for it.
  assert.equal(at(spec, 'podManagementPolicy'), 'Parallel');
  for (const selector of [
    at(peers, 'selector'),
    at(manifest('Service'), 'spec.selector'),
    at(manifest('PodDisruptionBudget'), 'spec.selector.matchLabels'),
    at(spec, 'selector.matchLabels'),
  ])
    assert.deepEqual(selector, at(spec, 'template.metadata.labels'));
});
