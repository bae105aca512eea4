/**
 * C4: fifty puts in flight while the leader is killed with `kill -9`, five times over, then all three members at once.
 * Every acknowledged put must be there with its revision, on every member, and the revisions must have no gap.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MemberProcess } from './cluster/member-process.ts';
import { target } from './cluster/target.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { prefixEnd, type RevisedValue, range } from './key-value.ts';
import { sharedCluster } from './shared-cluster.ts';
import { Writer } from './writer.ts';

const cluster = sharedCluster();

const IN_FLIGHT = 50;
const KILLS = 5;
/** Between two faults: long enough that the cluster is at its work again. */
const CALM_MS = 1_000;
const PAGE_KEYS = 5_000;

/** Every key under the prefix as this member reads it, and the revision it read at. */
async function readAll(
  member: MemberProcess,
  prefix: string,
): Promise<{ revision: number; values: RevisedValue[] }> {
  const channel = new GrpcChannel(member);
  const values: RevisedValue[] = [];
  let key = prefix;
  for (;;) {
    const page = await range(channel, { key, rangeEnd: prefixEnd(prefix), limit: PAGE_KEYS });
    values.push(...page.values);
    if (page.values.length < PAGE_KEYS) {
      channel.close();
      return { revision: page.revision, values };
    }
    key = `${values.at(-1)!.key}\0`;
  }
}

async function expectNothingLost(writer: Writer, firstRevision: number): Promise<void> {
  for (const member of cluster().members) {
    const { revision, values } = await readAll(member, writer.prefix);
    const found = new Map(values.map((value) => [value.key, value]));
    for (const [key, acknowledged] of writer.acknowledged) {
      const value = found.get(key);
      assert.ok(value, `${member.name} has ${key}, acknowledged at revision ${acknowledged.revision}`);
      assert.equal(value.modRevision, acknowledged.revision, `${member.name}: the revision of ${key}`);
      assert.equal(value.value, acknowledged.value);
    }
    // S2: each key was written at most once, even where the client never heard of it.
    assert.ok(values.every((value) => value.version === 1 && value.createRevision === value.modRevision));
    // S3: each write is one revision, so the revisions of all keys are consecutive.
    const revisions = values.map((value) => value.modRevision).sort((left, right) => left - right);
    assert.equal(revisions[0], firstRevision);
    assert.equal(revisions.at(-1), revision);
    assert.equal(revisions.length, revision - firstRevision + 1, `${member.name} has no gap`);
  }
}

test(`C4 ${KILLS} leaders killed one after the other, then all members at once`, async (context) => {
  const writer = new Writer(cluster().members, { prefix: 'fault/', inFlight: IN_FLIGHT });
  context.after(() => writer.stop());
  await writer.nextAcknowledged();
  const firstRevision = 2;
  const resumedMs: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(CALM_MS);
    const leader = await cluster().leader();
    const killedAtMs = performance.now();
    const killed = leader.kill();
    const resumedAtMs = await writer.nextAcknowledged();
    await killed;
    resumedMs.push(Math.round(resumedAtMs - killedAtMs));
    await leader.start();
  }
  context.diagnostic(`writes resumed after ${resumedMs.join(', ')} ms`);

  await sleep(CALM_MS);
  await cluster().killAll();
  const restartedAtMs = performance.now();
  await cluster().startAll();
  await writer.nextAcknowledged();
  const backMs = Math.round(performance.now() - restartedAtMs);
  context.diagnostic(`after all were killed, writes resumed ${backMs} ms from the restart`);
  await sleep(CALM_MS);
  await writer.stop();
  context.diagnostic(
    `${writer.acknowledged.size} puts acknowledged, ${writer.unknownOutcomes} of unknown outcome`,
  );

  await expectNothingLost(writer, firstRevision);
  assert.ok(writer.acknowledged.size > 1_000, 'enough was written to mean something');
  for (const ms of resumedMs) assert.ok(ms <= target.writesResumeMsMax, `resumed after ${ms} ms`);
});
