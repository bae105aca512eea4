/** What requests, applied entries and background work come to in histograms and counters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Command, type CommandResult, key, leaseId, NO_LEASE, revision } from '@synod/coordination';
import { EVERYTHING } from '../../../coordination/test/keyspace/everything.ts';
import { connectedMetrics, metricWorld, scrape } from './metric-world.ts';

const PUT: Command = {
  module: 'keyspace',
  kind: 'put',
  key: key('k'),
  value: new Uint8Array(1),
  lease: NO_LEASE,
  previous: false,
  keepValue: false,
  keepLease: false,
};
const COMPACT: Command = { module: 'keyspace', kind: 'compact', revision: revision(3) };
const PROMOTE: Command = { module: 'members', kind: 'promote', id: 'bbbb' };
const failure = (code: 'noSpace' | 'revisionCompacted'): CommandResult => ({
  kind: 'failure',
  reason: code === 'noSpace' ? { code } : { code, compactRevision: revision(3) },
  revision: revision(4),
});

function underTest() {
  const world = metricWorld();
  const metrics = connectedMetrics(world);
  const applies = (command: Command, result: CommandResult, milliseconds: number): void => {
    metrics.applies.entryBegins();
    world.nowMs += milliseconds;
    metrics.applies.entryApplied([command], [result]);
  };
  return { world, metrics, applies, values: () => scrape(metrics) };
}

test('entries by what they ask for and whether they got it', async () => {
  const { applies, values } = underTest();
  applies(PUT, { kind: 'put', revision: revision(2), previous: undefined }, 0.15);
  applies(PUT, { kind: 'put', revision: revision(2), previous: undefined }, 101);
  applies(PUT, failure('noSpace'), 1);
  applies(COMPACT, failure('revisionCompacted'), 2);
  applies(PROMOTE, failure('noSpace'), 200);
  const shown = await values();
  const name = 'etcd_server_apply_duration_seconds';
  const put = 'version="v3",op="Put"';
  assert.equal(shown.get(`${name}_count{${put},success="true"}`), 2);
  assert.equal(shown.get(`${name}_sum{${put},success="true"}`), 0.10115);
  assert.equal(shown.get(`${name}_bucket{le="0.0001",${put},success="true"}`), 0);
  assert.equal(shown.get(`${name}_bucket{le="0.0002",${put},success="true"}`), 1);
  assert.equal(shown.get(`${name}_bucket{le="+Inf",${put},success="true"}`), 2);
  assert.equal(shown.get(`${name}_count{${put},success="false"}`), 1);
  assert.equal(shown.get(`${name}_count{version="v3",op="Compaction",success="true"}`), 1);
  assert.equal(
    [...shown.keys()].filter((sample) => sample.startsWith(`${name}_count`)).length,
    3,
    'what etcd has no name for is not among them',
  );
  assert.equal(shown.get('etcd_server_slow_apply_total'), 2, 'what takes more than a tenth of a second');
});

test('requests by what they ask for; ranges with and without their wait', async () => {
  const { metrics, values } = underTest();
  const { requests } = metrics;
  requests.commandEnded(PUT, 3, true);
  requests.commandEnded(PUT, 5, true);
  requests.commandEnded(PUT, 7, false);
  requests.commandEnded(PROMOTE, 7, true);
  requests.rangeRead(0.25, true);
  requests.rangeRead(0.5, false);
  requests.rangeAnswered(EVERYTHING, 150, true);
  requests.rangeAnswered(EVERYTHING, 1, false);
  const shown = await values();
  const counts = [...shown].filter(([sample]) => /^etcd_server_(request|range)_.*_count/.test(sample));
  assert.deepEqual(Object.fromEntries(counts), {
    'etcd_server_request_duration_seconds_count{type="Put",success="true"}': 2,
    'etcd_server_request_duration_seconds_count{type="Put",success="false"}': 1,
    'etcd_server_request_duration_seconds_count{type="Range",success="true"}': 1,
    'etcd_server_request_duration_seconds_count{type="Range",success="false"}': 1,
    'etcd_server_range_duration_seconds_count{success="true"}': 1,
    'etcd_server_range_duration_seconds_count{success="false"}': 1,
  });
  assert.equal(shown.get('etcd_server_request_duration_seconds_sum{type="Put",success="true"}'), 0.008);
  assert.equal(shown.get('etcd_server_range_duration_seconds_sum{success="true"}'), 0.00025);
  assert.equal(
    shown.get('etcd_server_slow_apply_total'),
    1,
    'a range that took more than a tenth of a second',
  );
});

test('leases as they come and go', async () => {
  const { metrics, values } = underTest();
  const id = leaseId('5');
  metrics.applies.leaseChanged({ kind: 'granted', id, ttlSeconds: 60, grantNumber: 1 });
  metrics.applies.leaseChanged({ kind: 'granted', id, ttlSeconds: 5, grantNumber: 2 });
  metrics.applies.leaseChanged({ kind: 'checkpointed', id, remainingSeconds: 3, epoch: 1, word: 1 });
  metrics.applies.leaseChanged({ kind: 'ended', id });
  const shown = await values();
  assert.equal(shown.get('etcd_debugging_lease_granted_total'), 2);
  assert.equal(shown.get('etcd_debugging_lease_revoked_total'), 1);
  assert.equal(shown.get('etcd_debugging_lease_ttl_total_count'), 2);
  assert.equal(shown.get('etcd_debugging_lease_ttl_total_sum'), 65);
  assert.equal(shown.get('etcd_debugging_lease_ttl_total_bucket{le="8"}'), 1);
});

test('hashes and compactions, with the date of the last', async () => {
  const { world, metrics, values } = underTest();
  assert.equal((await values()).get('etcd_debugging_mvcc_db_compaction_last'), 0);
  const { requests } = metrics;
  requests.hashed('keyspace', 30);
  requests.hashed('everything', 50);
  requests.hashed('everything', 70);
  requests.compactionStep(2);
  requests.compactionStep(3);
  world.unixMs = 1_700_000_009_900;
  requests.compacted(180);
  const shown = await values();
  assert.equal(shown.get('etcd_mvcc_hash_rev_duration_seconds_sum'), 0.03);
  assert.equal(shown.get('etcd_mvcc_hash_duration_seconds_count'), 2);
  const compaction = 'etcd_debugging_mvcc_db_compaction';
  assert.equal(shown.get(`${compaction}_pause_duration_milliseconds_sum`), 5);
  assert.equal(shown.get(`${compaction}_pause_duration_milliseconds_bucket{le="2"}`), 1);
  assert.equal(shown.get(`${compaction}_total_duration_milliseconds_sum`), 180);
  assert.equal(shown.get(`${compaction}_last`), 1_700_000_009);
});
