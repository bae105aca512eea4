/** A cluster that compacts by itself, on both protocols: all members alike, and no further than it was told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROTOCOLS, TestCluster } from './test-cluster.ts';

const KEPT_MS = 300;

for (const protocol of PROTOCOLS)
  test(`${protocol}: what is older than the period is compacted, on every member`, {
    timeout: 30_000,
  }, async (t) => {
    const cluster = await TestCluster.started(t, {
      protocol,
      autoCompaction: { kind: 'periodic', periodMs: KEPT_MS },
    });
    const [first] = cluster.members;
    for (let i = 0; i < 5; i++) await first!.client.put('k', `${i}`);
    for (const { client } of cluster.members) {
      const old = { key: Buffer.from('k'), revision: 2n, serializable: true };
      // As long as the history is there it is read; the compaction takes one period, and a commit to arrive.
      let refusal = '';
      while (refusal === '')
        refusal = await client.call('KV', 'Range', old).then(
          () => new Promise<string>((resolve) => setTimeout(resolve, KEPT_MS / 10, '')),
          (error: Error) => error.message,
        );
      assert.match(refusal, /required revision has been compacted/);
      const { kvs } = (await client.call('KV', 'Range', { key: Buffer.from('k') })) as {
        kvs: { value: Buffer }[];
      };
      assert.equal(kvs[0]!.value.toString(), '4');
    }
  });
