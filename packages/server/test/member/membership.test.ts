/** Members come, get a vote, go, and are replaced, while clients write: nothing acknowledged is lost (G1 to G6). */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import type { TableMessage } from '../protocols/etcd/wire/table-codec.ts';
import { CallFailed } from './etcd-client.ts';
import { PROTOCOLS, TestCluster, type TestMember } from './test-cluster.ts';

const LIMIT = { timeout: 60_000 };
/** The rules for the careful are tested without waiting in coordination/test/service/quorum-care.test.ts. */
const BOLD = { strictReconfiguration: false };

/** Writes through whoever runs, one put after the other, and keeps account of what was acknowledged. */
class SteadyWriter {
  readonly acknowledged: string[] = [];
  private readonly cluster: TestCluster;
  private readonly running: Promise<void>;
  private stopped = false;

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const up = this.cluster.members.filter(({ running }) => running !== undefined);
      const member = up[i % up.length]!;
      const key = `written/${i}`;
      try {
        await member.client.put(key, String(i), 1_000);
        this.acknowledged.push(key);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
}

const idOf = ({ config }: TestMember): bigint => BigInt(`0x${config.memberId}`);

async function listed(member: TestMember): Promise<TableMessage[]> {
  const { members } = await member.client.call('Cluster', 'MemberList', { linearizable: true });
  return members as TableMessage[];
}

/** Until every member that runs has the same list, with a name and a vote for each. */
async function untilAllVote(cluster: TestCluster, count: number): Promise<void> {
  for (;;) {
    const lists = await Promise.all(cluster.members.map((member) => listed(member).catch(() => [])));
    const isSettled = lists.every(
      (list) =>
        list.length === count && list.every(({ name, isLearner }) => name !== undefined && !isLearner),
    );
    if (isSettled) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

for (const protocol of PROTOCOLS) {
  test(
    `${protocol}: G1 G2 from one member to five and back under load, nothing is lost`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, { protocol, size: 1, ...BOLD });
      const writer = new SteadyWriter(cluster);
      t.after(() => writer.stop());
      for (let size = 2; size <= 5; size++) {
        const asked = cluster.members[size - 2]!;
        const added = await cluster.add(asked);
        await (await cluster.start(added)).ready;
        await untilAllVote(cluster, size);
      }
      const five = cluster.members[4]!;
      // Oldest first, and the last one is asked to remove the one that leads, whoever that is.
      for (let size = 5; size > 1; size--) {
        const gone = cluster.members[0]!;
        const { running } = gone;
        await cluster.removeMember(size % 2 === 0 ? gone : five, gone);
        assert.match(await running!.removed, /has been removed from the cluster/);
        await cluster.stop(gone);
      }
      await writer.stop();
      assert.equal((await listed(five)).length, 1);
      assert.ok(writer.acknowledged.length > 50, `${writer.acknowledged.length} puts`);
      for (const key of writer.acknowledged) assert.notEqual(await five.client.get(key), undefined, key);
    },
  );

  test(
    `${protocol}: G4 G5 a dead member is replaced; if it comes back it stops and says why`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, { protocol, snapshotCount: 20, ...BOLD });
      const { followers } = await cluster.roles(cluster.members[0]!);
      const [dead, asked] = [followers[0]!, followers[1]!];
      for (let i = 0; i < 100; i++) await asked.client.put(`key/${i}`, 'x');
      await cluster.stop(dead);
      await cluster.removeMember(asked, dead);
      const added = await cluster.add(asked);
      const replacement = await cluster.start(added);
      await replacement.ready;
      await untilAllVote(cluster, 3);
      assert.equal(await added.client.get('key/99'), 'x');
      // It was stopped when it was removed, so nobody could tell it.
      const revenant = await cluster.start(dead);
      assert.match(await revenant.removed, /has been removed .* empty its data directory/);
      await cluster.stop(dead);
      // The same member under its own flags again: its data directory says who it is.
      await cluster.stop(added);
      await (await cluster.start(added)).ready;
      assert.equal(await added.client.get('key/99'), 'x');
    },
  );

  test(
    `${protocol}: G3 a learner serves no clients, is refused a vote while it lags, and then gets it`,
    LIMIT,
    async (t) => {
      const cluster = await TestCluster.started(t, { protocol, ...BOLD });
      const [asked] = cluster.members;
      for (let i = 0; i < 50; i++) await asked!.client.put(`key/${i}`, 'x');
      const learner = await cluster.add(asked!, true);
      const promote = () => asked!.client.call('Cluster', 'MemberPromote', { ID: idOf(learner) });
      // Once it is in the consensus, and has nothing.
      await asked!.lines.until((line) => line === 'the membership changed');
      await assert.rejects(
        promote,
        /9 etcdserver: can only promote a learner member which is in sync with leader/,
      );
      await assert.rejects(cluster.add(asked!, true), /too many learner members in cluster/);
      await (await cluster.start(learner)).ready;
      await assert.rejects(learner.client.put('k', 'v'), /rpc not supported for learner/);
      for (;;) {
        const outcome = await promote().catch((error: Error) => error.message);
        if (typeof outcome !== 'string') break;
        assert.match(outcome, /in sync with leader/);
      }
      await untilAllVote(cluster, 4);
      await learner.client.put('k', 'v');
      await assert.rejects(promote, /can only promote a learner member$/);
    },
  );

  test(`${protocol}: G6 who is not added, or has run before, does not get in`, LIMIT, async (t) => {
    const cluster = await TestCluster.started(t, { protocol, ...BOLD });
    const [asked] = cluster.members;
    const added = await cluster.add(asked!);
    await (await cluster.start(added)).ready;
    await untilAllVote(cluster, 4);
    await cluster.stop(added);
    rmSync(added.config.dataDirectory, { recursive: true });
    await assert.rejects(cluster.start(added), /has already been bootstrapped.*remove the member/);
    await cluster.removeMember(asked!, added);
    await assert.rejects(cluster.start(added), /has no member at .*Add it first: synod member add m4/);
    for (const member of [...cluster.members]) await cluster.stop(member);
    await assert.rejects(cluster.start(added), /could not retrieve cluster information from the given URLs/);
  });
}
