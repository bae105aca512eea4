/** Debian's etcd as the discovery service: three members find each other through it, a fourth is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cluster } from './cluster/cluster.ts';
import { freePorts } from './cluster/free-ports.ts';
import { MemberProcess } from './cluster/member-process.ts';
import { target, targetNamed } from './cluster/target.ts';
import { etcdctl } from './etcdctl.ts';

const TOKEN = '6c007a14875d53d9bf0ef5a6fc0257c8';
const REGISTRY = `/_etcd/registry/${TOKEN}`;

async function said(asked: MemberProcess, args: readonly string[]): Promise<string> {
  return (await etcdctl(asked, args)).stdout;
}

test('three members found a cluster through etcd, by its v3 discovery; a fourth is one too many', {
  timeout: 120_000,
  skip: target.name === 'etcd' && 'etcd 3.4 has no such discovery',
}, async (t) => {
  const service = await Cluster.start({ target: targetNamed('etcd'), memberCount: 1 });
  t.after(() => service.destroy());
  const asked = service.members[0]!;
  await said(asked, ['put', `${REGISTRY}/_config/size`, '3']);

  const directory = mkdtempSync(join(tmpdir(), 'synod-discovery-interop-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const names = ['m1', 'm2', 'm3', 'm4'];
  const ports = await freePorts(2 * names.length);
  const members = names.map(
    (name, at) =>
      new MemberProcess({
        name,
        clientPort: ports[2 * at]!,
        peerPort: ports[2 * at + 1]!,
        target,
        dataDir: join(directory, name),
        logFile: join(directory, `${name}.log`),
        initialMembers: [],
        clusterToken: 'unused',
        commandPrefix: [],
        extraFlags: ['--discovery-token', TOKEN, '--discovery-endpoints', asked.clientUrl],
      }),
  );
  t.after(() => Promise.all(members.map((member) => member.kill())));
  const [first, second, third, fourth] = members as [
    MemberProcess,
    MemberProcess,
    MemberProcess,
    MemberProcess,
  ];
  await Promise.all([first, second, third].map((member) => member.start()));
  await said(first, ['put', 'k', 'v']);
  assert.equal(await said(third, ['get', 'k', '--print-value-only']), 'v\n');
  const listed = await said(second, ['member', 'list']);
  assert.equal(listed.trimEnd().split('\n').length, 3);

  const entries = await said(asked, ['get', '--prefix', `${REGISTRY}/members/`, '--print-value-only']);
  assert.deepEqual(
    entries.trimEnd().split('\n').sort(),
    [first, second, third].map((member) => `${member.name}=${member.peerUrl}`),
  );
  const keys = await said(asked, ['get', '--prefix', `${REGISTRY}/members/`, '--keys-only']);
  for (const key of keys.split('\n').filter((line) => line !== '')) {
    const id = key.slice(`${REGISTRY}/members/`.length);
    assert.ok(listed.includes(`${id}, started`), `${id} in:\n${listed}`);
  }

  fourth.spawn();
  assert.deepEqual(await fourth.untilExit(20_000), { code: 1, signal: null });
  assert.match(fourth.logTail(), /could not start: discovery: cluster is full: the token 6c007a/);

  // Who has data asks nobody.
  await service.members[0]!.kill();
  await third.kill();
  await third.start();
  assert.equal(await said(third, ['get', 'k', '--print-value-only']), 'v\n');
});
