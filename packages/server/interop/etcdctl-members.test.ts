/** etcdctl's member commands on clusters of real processes: they grow, shrink and are mended while clients write. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from './cluster/cluster.ts';
import type { MemberProcess } from './cluster/member-process.ts';
import { etcdctl, etcdctlAnyExit } from './etcdctl.ts';
import { Writer } from './writer.ts';

const LIMIT = { timeout: 240_000 };
const UNHEALTHY = /etcdserver: unhealthy cluster/;

async function started(t: TestContext, memberCount: number): Promise<Cluster> {
  const cluster = await Cluster.start({ memberCount });
  t.after(() => cluster.destroy());
  return cluster;
}

async function refusal(asked: MemberProcess, ...args: string[]): Promise<string> {
  const { code, stderr } = await etcdctlAnyExit(asked, args);
  assert.notEqual(code, 0, args.join(' '));
  return /^Error: (.*)$/m.exec(stderr)?.[1] ?? stderr;
}

/** What etcdctl says once the members have been in touch for long enough for a change. */
async function whenHealthy(asked: MemberProcess, ...args: string[]): Promise<string> {
  for (;;) {
    const { code, stdout, stderr } = await etcdctlAnyExit(asked, args);
    if (code === 0) return stdout;
    assert.match(stderr, UNHEALTHY);
    await sleep(200);
  }
}

/** Adds a member and starts it, as somebody does who follows what etcdctl prints. */
async function grow(
  cluster: Cluster,
  asked: MemberProcess,
  name: string,
  ...flags: string[]
): Promise<MemberProcess> {
  const recruit = await cluster.recruit(name);
  const printed = await whenHealthy(asked, 'member', 'add', name, `--peer-urls=${recruit.peerUrl}`, ...flags);
  assert.match(printed, /^Member +[0-9a-f]+ added to cluster +[0-9a-f]+$/m);
  assert.match(printed, /^ETCD_INITIAL_CLUSTER_STATE="existing"$/m);
  const named = /^ETCD_INITIAL_CLUSTER="(.*)"$/m.exec(printed)![1]!.split(',');
  const expected = recruit.options.initialMembers.map(
    (one) => `${one.name}=http://127.0.0.1:${one.peerPort}`,
  );
  assert.deepEqual(named.sort(), expected.sort());
  await recruit.start();
  return recruit;
}

async function idOf(asked: MemberProcess, name: string): Promise<string> {
  const { stdout } = await etcdctl(asked, ['member', 'list']);
  return new RegExp(`^([0-9a-f]+), [a-z]+, ${name},`, 'm').exec(stdout)![1]!;
}

function leave(cluster: Cluster, member: MemberProcess): void {
  cluster.members.splice(cluster.members.indexOf(member), 1);
}

async function untilVoting(asked: MemberProcess, name: string): Promise<void> {
  for (;;) {
    const { stdout } = await etcdctl(asked, ['member', 'list']);
    if (new RegExp(`, started, ${name},.*, false$`, 'm').test(stdout)) return;
    await sleep(50);
  }
}

test(
  'S3 one member becomes five and one again under load; nothing that was acknowledged is lost',
  LIMIT,
  async (t) => {
    const cluster = await started(t, 1);
    const first = cluster.members[0]!;
    const writers = [new Writer([first], { prefix: 'first-', inFlight: 4 })];
    t.after(() => Promise.all(writers.map((writer) => writer.stop())));
    for (let size = 2; size <= 5; size++) {
      const asked = cluster.members[size - 2]!;
      const grown = await grow(cluster, asked, `m${size}`);
      await untilVoting(asked, `m${size}`);
      writers.push(new Writer([grown], { prefix: `m${size}-`, inFlight: 2 }));
    }
    const last = cluster.members[4]!;
    for (let size = 5; size > 1; size--) {
      // Whoever leads goes first, as long as it is not the last.
      const leader = await cluster.leader();
      const gone = leader === last ? cluster.members[0]! : leader;
      await whenHealthy(last, 'member', 'remove', await idOf(last, gone.name));
      leave(cluster, gone);
      assert.equal((await gone.untilExit(20_000)).code, 0);
      assert.match(gone.log(), /removed from the cluster/);
    }
    await writers[4]!.nextAcknowledged();
    for (const writer of writers) await writer.stop();
    const { stdout } = await etcdctl(last, ['get', '', '--prefix', '--keys-only']);
    const kept = new Set(stdout.split('\n'));
    let acknowledged = 0;
    for (const writer of writers)
      for (const key of writer.acknowledged.keys()) {
        acknowledged++;
        assert.ok(kept.has(key), `${key} is lost`);
      }
    assert.ok(acknowledged > 500, `${acknowledged} puts were acknowledged`);
  },
);

test(
  'a dead member is replaced; started again it stops and says why; emptied it can be added anew',
  LIMIT,
  async (t) => {
    const cluster = await started(t, 3);
    const [asked, , dead] = cluster.members as [MemberProcess, MemberProcess, MemberProcess];
    await etcdctl(asked, ['put', 'kept', 'yes']);
    await dead.kill();
    const id = await idOf(asked, 'm3');
    const { stdout } = await etcdctl(asked, ['member', 'remove', id]);
    assert.match(stdout, new RegExp(`^Member +${id} removed from cluster`));
    leave(cluster, dead);
    dead.spawn();
    assert.equal((await dead.untilExit(20_000)).code, 0);
    assert.match(dead.log(), /removed from the cluster/);
    const replacement = await grow(cluster, asked, 'm4');
    assert.equal((await etcdctl(replacement, ['get', 'kept'])).stdout, 'kept\nyes\n');
    // With other flags than it was made with, as units that were never changed have them: the data says who it is.
    await replacement.kill();
    await replacement.start();
    assert.equal((await etcdctl(replacement, ['get', 'kept'])).stdout, 'kept\nyes\n');
    rmSync(dead.options.dataDir, { recursive: true });
  },
);

test('a learner gets no vote while it lags, serves no clients, and is promoted', LIMIT, async (t) => {
  const cluster = await started(t, 3);
  const [asked] = cluster.members as [MemberProcess];
  const learner = await cluster.recruit('m4');
  const added = await whenHealthy(
    asked,
    'member',
    'add',
    'm4',
    '--learner',
    `--peer-urls=${learner.peerUrl}`,
  );
  assert.match(added, /^Member +[0-9a-f]+ added to cluster/m);
  const { stdout } = await etcdctl(asked, ['member', 'list']);
  const id = /^([0-9a-f]+), unstarted, , \S*, , true$/m.exec(stdout)?.[1];
  assert.ok(id !== undefined, stdout);
  assert.match(await refusal(asked, 'member', 'promote', id), /in sync with leader$/);
  learner.spawn();
  for (;;) {
    const { code, stderr } = await etcdctlAnyExit(asked, ['member', 'promote', id]);
    if (code === 0) break;
    assert.match(stderr, /in sync with leader/);
    if (learner.log().includes('ready to serve')) {
      const { stderr: words } = await etcdctlAnyExit(learner, ['put', 'k', 'v']);
      if (words !== '') assert.match(words, /rpc not supported for learner/);
    }
    await sleep(20);
  }
  await untilVoting(asked, 'm4');
  await learner.untilServing();
  await etcdctl(learner, ['put', 'k', 'v']);
  assert.match(await refusal(asked, 'member', 'promote', id), /can only promote a learner member$/);
});

test('wrong requests get etcd’s words, and change nothing', LIMIT, async (t) => {
  const cluster = await started(t, 3);
  const [asked, other] = cluster.members as [MemberProcess, MemberProcess];
  const before = (await etcdctl(asked, ['member', 'list'])).stdout;
  const id = await idOf(asked, 'm1');
  assert.match(await refusal(asked, 'member', 'remove', 'abc'), /^etcdserver: member not found/);
  assert.match(await refusal(asked, 'member', 'promote', 'abc'), /^etcdserver: member not found/);
  assert.match(
    await refusal(asked, 'member', 'promote', id),
    /^etcdserver: can only promote a learner member$/,
  );
  assert.match(
    await refusal(asked, 'member', 'update', 'abc', '--peer-urls=http://127.0.0.1:1'),
    /^etcdserver: member not found/,
  );
  assert.match(
    await refusal(asked, 'member', 'update', id, `--peer-urls=${other.peerUrl}`),
    /^etcdserver: Peer URLs already exists/,
  );
  while (UNHEALTHY.test(await refusal(asked, 'member', 'add', 'x', `--peer-urls=${other.peerUrl}`)))
    await sleep(200);
  assert.match(
    await refusal(asked, 'member', 'add', 'x', '--learner', `--peer-urls=${other.peerUrl}`),
    /^etcdserver: Peer URLs already exists/,
  );
  assert.equal((await etcdctl(asked, ['member', 'list'])).stdout, before);
});

test('a member moves to another address: changed in the list, then started there', LIMIT, async (t) => {
  const cluster = await started(t, 3);
  const [asked, , moving] = cluster.members as [MemberProcess, MemberProcess, MemberProcess];
  const id = await idOf(asked, 'm3');
  leave(cluster, moving);
  const moved = await cluster.recruit('m3');
  const { stdout } = await etcdctl(asked, ['member', 'update', id, `--peer-urls=${moved.peerUrl}`]);
  assert.match(stdout, new RegExp(`^Member +${id} updated in cluster`));
  await moving.stop();
  await moved.start();
  await etcdctl(moved, ['put', 'k', 'v']);
  assert.equal(await idOf(moved, 'm3'), id);
  assert.match((await etcdctl(moved, ['member', 'list'])).stdout, new RegExp(`m3, ${moved.peerUrl}`));
  const healthy = (await etcdctl(cluster.members, ['endpoint', 'health'])).stderr;
  assert.equal(healthy.match(/is healthy/g)?.length, 3);
});
