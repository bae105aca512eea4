/** `synod dev` as processes: ready, a member dies and comes back, the whole stops and goes on, and what stands in its way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { freeBasePort, portIfFree, SynodProcess, scratchDirectory } from './synod-process.ts';

interface Place {
  readonly basePort: number;
  readonly directory: string;
}

function dev(context: TestContext, { basePort, directory }: Place, ...more: string[]): SynodProcess {
  return new SynodProcess(context, ['dev', '--base-port', `${basePort}`, '--data-dir', directory, ...more]);
}

/** A free port is only known to have been free: when somebody else was faster, another is tried. */
async function started(
  context: TestContext,
  members: number,
  ...more: string[]
): Promise<Place & { readonly cluster: SynodProcess }> {
  const directory = scratchDirectory(context);
  for (;;) {
    const basePort = await freeBasePort(members);
    const cluster = dev(context, { basePort, directory }, '--members', `${members}`, ...more);
    try {
      await cluster.line(/The cluster is ready/);
      return { basePort, directory, cluster };
    } catch (error) {
      if (!/is taken/.test(cluster.said)) throw error;
    }
  }
}

function processId(directory: string, member: string): number {
  return Number(readFileSync(join(directory, member, 'synod.pid'), 'utf8'));
}

function health(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/health', agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}

describe('synod dev', { timeout: 180_000 }, () => {
  test('three members serve; one that is killed is started again; Ctrl-C stops all; it goes on', async (context) => {
    const { cluster, basePort, directory } = await started(context, 3);
    await cluster.line(/m3 {2}clients http:\/\/127\.0\.0\.1:\d+ /);
    await cluster.line(/ETCDCTL_ENDPOINTS=127\.0\.0\.1:\d+,127\.0\.0\.1:\d+,127\.0\.0\.1:\d+$/);
    for (const at of [0, 1, 2]) assert.match(await health(basePort + 10 * at), /"health":"true"/);

    const before = processId(directory, 'm2');
    process.kill(before, 'SIGKILL');
    await cluster.line(/^m2 died \(signal SIGKILL\)\. It starts again in 1 s\.$/);
    await cluster.line(/^m2 serves again\.$/);
    assert.notEqual(processId(directory, 'm2'), before);
    assert.match(await health(basePort + 10), /"health":"true"/);

    cluster.child.kill('SIGINT');
    const ending = await cluster.ended;
    assert.equal(ending.code, 0);
    assert.match(ending.stdout, /^Stopping …\nStopped\.$/m);
    for (const at of [0, 1, 2]) assert.notEqual(await portIfFree(basePort + 10 * at), undefined);

    const again = dev(context, { basePort, directory });
    await again.line(/The cluster is ready/);
    assert.match(await health(basePort), /"health":"true"/);
  });

  test('--no-restart leaves a member that dies down; when the last has died, there is nothing to do', async (context) => {
    const { cluster, directory } = await started(context, 2, '--no-restart');
    for (const member of ['m2', 'm1']) {
      process.kill(processId(directory, member), 'SIGKILL');
      await cluster.line(
        new RegExp(`^${member} died \\(signal SIGKILL\\)\\. It stays down, as --no-restart asks\\.$`),
      );
    }
    const ending = await cluster.ended;
    assert.equal(ending.code, 1);
    assert.equal(ending.stderr, 'synod dev: no member is left\n');
    assert.doesNotMatch(ending.stdout, /serves again/);
  });

  test('a member that was removed stays down; one that is stopped from outside is started again', async (context) => {
    const { cluster, basePort, directory } = await started(context, 3);
    const synod = (...args: string[]) =>
      new SynodProcess(context, ['--endpoints', `127.0.0.1:${basePort}`, ...args]).ended;
    const { stdout } = await synod('member', 'list');
    const id = /^([0-9a-f]+), started, m3,/m.exec(stdout)![1]!;
    for (;;) {
      const { code, stderr } = await synod('member', 'remove', id);
      if (code === 0) break;
      // Until all have been connected for five seconds.
      assert.match(stderr, /unhealthy cluster/);
    }
    await cluster.line(/^m3 stopped \(this member has been removed .*\)\. It stays down\.$/);
    process.kill(processId(directory, 'm2'), 'SIGTERM');
    await cluster.line(/^m2 died \(exit code 0.*\)\. It starts again in 1 s\.$/);
    await cluster.line(/^m2 serves again\.$/);
  });

  test('a port that is taken: one line, exit code 1, and nobody stays behind', async (context) => {
    const basePort = await freeBasePort(2);
    const other = createServer().listen({ host: '127.0.0.1', port: basePort + 10 });
    context.after(() => other.close());
    await once(other, 'listening');
    const directory = scratchDirectory(context);
    const { code, stderr } = await dev(context, { basePort, directory }, '--members', '2').ended;
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `synod dev: m2 could not start: the address for clients is taken (http://127.0.0.1:${basePort + 10}). ` +
        'Stop what listens there, or choose another.\n',
    );
    assert.notEqual(await portIfFree(basePort), undefined);
  });

  test('a data directory that is in use, and one of another cluster: one line, exit code 1', async (context) => {
    const { cluster, basePort, directory } = await started(context, 1);
    const otherPort = await freeBasePort(1);
    const inUse = await dev(context, { basePort: otherPort, directory }, '--members', '1').ended;
    assert.equal(inUse.code, 1);
    assert.match(
      inUse.stderr,
      /^synod dev: m1 could not start: the data directory .* is in use by process \d+\. .*\n$/,
    );
    cluster.child.kill('SIGINT');
    await cluster.ended;
    const other = await dev(context, { basePort, directory }, '--members', '2').ended;
    assert.equal(other.code, 1);
    assert.match(other.stderr, /^synod dev: m1 could not start: the data directory belongs to cluster .*\n$/);
  });

  test('when it is killed itself, its members stop by themselves', async (context) => {
    const { cluster, basePort, directory } = await started(context, 1);
    const member = processId(directory, 'm1');
    cluster.child.kill('SIGKILL');
    await cluster.ended;
    assert.ok(await gone(member), 'the member lives on');
    assert.notEqual(await portIfFree(basePort), undefined);
  });
});

/** Whether a process ends within ten seconds. */
async function gone(processId: number): Promise<boolean> {
  const deadlineMs = performance.now() + 10_000;
  while (performance.now() < deadlineMs) {
    try {
      process.kill(processId, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
