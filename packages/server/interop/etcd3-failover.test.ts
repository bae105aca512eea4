/** The npm client etcd3 while members die: locks, elections, watches and calls go on at the members that are left. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Etcd3, type KeyValue } from './etcd3-client.ts';
import { sharedCluster } from './shared-cluster.ts';

let client: Etcd3;
const cluster = sharedCluster(
  {},
  {
    started: (started) => {
      client = connect(started.members);
    },
    stopping: () => client?.close(),
  },
);

/** Runs the work until it succeeds: what an application does while a leader is elected. */
async function persistently<Result>(work: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

describe('locks', () => {
  test('exclude each other, and pass on', async () => {
    const first = await client.lock('lock').ttl(10).acquire();
    await assert.rejects(client.lock('lock').ttl(10).acquire(), {
      name: 'Error',
      message: /Failed to acquire/,
    });
    await first.release();
    const second = await client.lock('lock').ttl(10).acquire();
    await second.release();
  });

  test('do() runs alone', async () => {
    let inside = 0;
    let most = 0;
    const attempt = (): Promise<void> =>
      client.lock('do').do(async () => {
        inside++;
        most = Math.max(most, inside);
        await sleep(10);
        inside--;
      });
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, attempt));
    assert.equal(most, 1);
    assert.ok(outcomes.some((outcome) => outcome.status === 'fulfilled'));
  });
});

describe('elections', () => {
  test('campaign, observe, proclaim and resign', async () => {
    const election = client.election('vote', 5);
    const first = election.campaign('alpha');
    await first.wait();
    assert.equal(await election.leader(), 'alpha');

    const observer = await election.observe();
    // Between two leaders the observer may see none: what counts is who it comes to see.
    const sees = async (value: string): Promise<void> => {
      while (observer.leader() !== value) await once(observer, 'change');
    };
    try {
      assert.equal(observer.leader(), 'alpha');
      await first.proclaim('alpha again');
      await sees('alpha again');

      const second = election.campaign('beta');
      const elected = once(second, 'elected');
      await first.resign();
      await elected;
      await sees('beta');
      await second.resign();
    } finally {
      await observer.cancel();
    }
    assert.equal(await election.leader(), undefined);
  });
});

describe('when a member is killed', () => {
  test('calls go on at the others, whichever member it was', async () => {
    await client.put('failover').value('before');
    for (const member of cluster().members) {
      await member.kill();
      await persistently(() => client.put('failover').value(`without ${member.name}`).exec());
      assert.equal(await persistently(() => client.get('failover').string()), `without ${member.name}`);
      await member.start();
    }
  });

  test('C11 a watch resumes elsewhere: no change lost, none twice, in order', async () => {
    const own = connect(cluster().members);
    const watcher = await own.watch().prefix('resume/').create();
    const seen: number[] = [];
    const done = new Promise<void>((resolve) => {
      watcher.on('put', (kv: KeyValue) => {
        seen.push(Number(kv.value.toString()));
        if (kv.key.toString() === 'resume/last') resolve();
      });
    });
    let count = 0;
    const write = async (times: number): Promise<void> => {
      for (let at = 0; at < times; at++) {
        count++;
        await persistently(() => client.put(`resume/${count}`).value(count).exec());
      }
    };
    await write(20);
    for (const member of cluster().members) {
      await member.kill();
      await write(20);
      await member.start();
    }
    count++;
    await persistently(() => client.put('resume/last').value(count).exec());
    await done;
    // A put that was retried may have taken effect twice; a value is then seen twice, but order and completeness hold.
    assert.deepEqual(
      [...new Set(seen)],
      Array.from({ length: count }, (_, at) => at + 1),
    );
    assert.ok(seen.every((value, at) => at === 0 || value >= seen[at - 1]!));
    await watcher.cancel();
    own.close();
  });

  test('a lease and its lock outlive the leader', async () => {
    const lease = client.lease(5);
    await lease.put('kept').value('1');
    let lost = false;
    lease.on('lost', () => {
      lost = true;
    });
    const leader = await cluster().leader();
    await leader.kill();
    for (let renewed = 0; renewed < 3; renewed++) await once(lease, 'keepaliveSucceeded');
    assert.equal(await persistently(() => client.get('kept').string()), '1');
    assert.equal(lost, false);
    await leader.start();
    await persistently(() => lease.revoke());
  });
});
