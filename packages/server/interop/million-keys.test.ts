/** Restart of the whole cluster with 1,000,000 keys of 100 bytes: back in service within 10 s, and with what memory. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Cluster } from './cluster/cluster.ts';
import { target } from './cluster/target.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { prefixEnd, putsRequest, range, revisionOf, TXN } from './key-value.ts';
import { sharedCluster } from './shared-cluster.ts';

const cluster = sharedCluster();

const KEYS = 1_000_000;
const VALUE_BYTES = 100;
const PUTS_PER_TXN = 128;
const TXNS_IN_FLIGHT = 16;

const keyAt = (at: number): string => `million/${String(at).padStart(7, '0')}`;
const valueAt = (at: number): string => `${at} `.padEnd(VALUE_BYTES, 'x');

/** One transaction after the other, several lanes at a time, spread over the members. */
async function load(): Promise<void> {
  const channels = cluster().members.map((member) => new GrpcChannel(member));
  let next = 0;
  const lane = async (channel: GrpcChannel): Promise<void> => {
    while (next < KEYS) {
      const first = next;
      next = Math.min(KEYS, first + PUTS_PER_TXN);
      const puts = Array.from(
        { length: next - first },
        (_, at) => [keyAt(first + at), valueAt(first + at)] as const,
      );
      revisionOf(await channel.unary(TXN, putsRequest(puts)));
    }
  };
  await Promise.all(Array.from({ length: TXNS_IN_FLIGHT }, (_, at) => lane(channels[at % channels.length]!)));
  for (const channel of channels) channel.close();
}

/** Resident memory in MiB: now, and at its highest. */
function memory({ members }: Cluster): string {
  return members
    .map(({ name, processId }) => {
      const status = readFileSync(`/proc/${processId}/status`, 'utf8');
      const mib = (field: string): number =>
        Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)![1]) / 1024);
      return `${name} ${mib('VmRSS')} (peak ${mib('VmHWM')})`;
    })
    .join(', ');
}

async function expectAllKeys(): Promise<void> {
  for (const member of cluster().members) {
    const channel = new GrpcChannel(member);
    const all = await range(channel, { key: 'million/', rangeEnd: prefixEnd('million/'), countOnly: true });
    assert.equal(all.count, KEYS);
    for (const at of [0, 1, 127, 128, 499_999, KEYS - 1]) {
      const { values } = await range(channel, { key: keyAt(at), serializable: true });
      assert.equal(values[0]?.value, valueAt(at));
    }
    channel.close();
  }
}

/** From the start of the processes until each member serves and a linearizable read was answered. */
async function restartMs(): Promise<number> {
  const startedAtMs = performance.now();
  await cluster().startAll(60_000);
  const channel = new GrpcChannel(cluster().members[0]!);
  await range(channel, { key: keyAt(0) });
  channel.close();
  return Math.round(performance.now() - startedAtMs);
}

test(`${KEYS} keys: load, stop, start; then kill -9, start`, async (context) => {
  const startedAtMs = performance.now();
  await load();
  context.diagnostic(`loaded in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  context.diagnostic(`memory after the load, MiB: ${memory(cluster())}`);
  await expectAllKeys();

  await cluster().stopAll();
  const afterStopMs = await restartMs();
  context.diagnostic(`serving ${afterStopMs} ms after a clean stop`);
  context.diagnostic(`memory after the restart, MiB: ${memory(cluster())}`);
  await expectAllKeys();

  await cluster().killAll();
  const afterKillMs = await restartMs();
  context.diagnostic(`serving ${afterKillMs} ms after kill -9 of all`);
  await expectAllKeys();

  assert.ok(afterStopMs <= target.restartServingMsMax, `${afterStopMs} ms after a clean stop`);
  assert.ok(afterKillMs <= target.restartServingMsMax, `${afterKillMs} ms after kill -9`);
});
