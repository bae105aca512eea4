/** A member that comes back without its data, or with an old copy of it, must not vote under its old name (pitfall 30). */
import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { TestCluster } from './test-cluster.ts';

const LIMIT = { timeout: 30_000 };

test(
  'pitfall 30 a member whose data is gone ends and says why; the others go on, and take it back with its data',
  LIMIT,
  async (t) => {
    const cluster = await TestCluster.started(t);
    const { followers } = await cluster.roles(cluster.members[0]!);
    const [forgetful, witness] = [followers[0]!, followers[1]!];
    const { dataDirectory } = forgetful.config;
    const copy = `${dataDirectory}.copy`;
    await witness.client.put('kept', 'yes');
    await cluster.stop(forgetful);
    cpSync(dataDirectory, copy, { recursive: true });

    rmSync(dataDirectory, { recursive: true });
    const emptied = await cluster.start(forgetful);
    assert.match(await emptied.failed, /already been bootstrapped.*Give it back its data directory/);
    await cluster.stop(forgetful);
    await witness.client.put('kept', 'still');

    const giveBack = (): void => {
      rmSync(dataDirectory, { recursive: true });
      cpSync(copy, dataDirectory, { recursive: true });
    };
    giveBack();
    for (let life = 0; life < 2; life++) {
      await (await cluster.start(forgetful)).ready;
      assert.equal(await forgetful.client.get('kept'), 'still');
      await cluster.stop(forgetful);
    }
    giveBack();
    const outdated = await cluster.start(forgetful);
    assert.match(await outdated.failed, /by a later state of it/);
  },
);
