/** What a scrape shows: etcd's names with etcd's kinds and labels, and values that move. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createMemberMetrics, type MemberMetrics } from '../../src/metrics/member-metrics.ts';

/** Kind by name, as etcd's own code declares them; `Vec` has labels. */
const ETCD_METRICS: ReadonlyMap<string, string> = new Map(
  readFileSync(new URL('wire/etcd-metrics.tsv', import.meta.url), 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.split('\t') as [name: string, kind: string]),
);

/** Labels of the metrics that have any, as etcd and gRPC's metrics for Go name them. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  etcd_debugging_server_alarms: ['alarm_type', 'server_id'],
  etcd_cluster_version: ['cluster_version'],
  etcd_network_active_peers: ['Local', 'Remote'],
  etcd_network_known_peers: ['Local', 'Remote'],
  etcd_network_peer_received_bytes_total: ['From'],
  etcd_network_peer_round_trip_time_seconds: ['To'],
  etcd_network_peer_sent_bytes_total: ['To'],
  etcd_server_id: ['server_id'],
  etcd_server_version: ['server_version'],
  grpc_server_handled_total: ['grpc_code', 'grpc_method', 'grpc_service', 'grpc_type'],
  grpc_server_started_total: ['grpc_method', 'grpc_service', 'grpc_type'],
};

/** What the fake sources tell; a test changes it. */
function world() {
  return {
    currentRevision: 7,
    compactRevision: 3,
    authRevision: 4,
    keys: 5,
    store: { totalBytes: 8192, usedBytes: 4096 },
    storeBytesMax: 16_384,
    alarms: [{ member: 'bbbb', name: 'NOSPACE' }],
    pending: 2,
    committed: 41,
    applied: 40,
    watchers: 6,
    slowWatchers: 1,
    watchStreams: 4,
    isLearner: false,
    client: { received: 100, sent: 200 },
    peers: [{ peer: 'bbbb', bytesSent: 10, bytesReceived: 20, isConnected: true }],
  };
}

function connected(facts: ReturnType<typeof world>): MemberMetrics {
  const metrics = createMemberMetrics({ memberId: 'aaaa', serverVersion: '3.7.0', clusterVersion: '3.7.0' });
  metrics.connect({
    currentRevision: () => facts.currentRevision,
    compactRevision: () => facts.compactRevision,
    authRevision: () => facts.authRevision,
    keys: () => facts.keys,
    storeBytes: () => facts.store,
    storeBytesMax: () => facts.storeBytesMax,
    alarms: () => facts.alarms,
    proposalsPending: () => facts.pending,
    committedIndex: () => facts.committed,
    appliedIndex: () => facts.applied,
    watchers: () => facts.watchers,
    slowWatchers: () => facts.slowWatchers,
    watchStreams: () => facts.watchStreams,
    clientBytes: () => facts.client,
    peers: () => facts.peers,
    isLearner: () => facts.isLearner,
  });
  return metrics;
}

/** Values by name with labels, as the text has them. */
async function scrape(metrics: MemberMetrics): Promise<ReadonlyMap<string, number>> {
  const text = await metrics.registry.metrics();
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const blank = line.lastIndexOf(' ');
    values.set(line.slice(0, blank), Number(line.slice(blank + 1)));
  }
  return values;
}

function used(): MemberMetrics {
  const metrics = connected(world());
  metrics.callStarted('/etcdserverpb.KV/Put');
  metrics.callEnded('/etcdserverpb.KV/Put', 0);
  metrics.roundTrip('bbbb', 3);
  return metrics;
}

test('every name of etcd’s has etcd’s kind and labels', async () => {
  const metrics = used();
  const shown = (await metrics.registry.getMetricsAsJSON()).filter(({ name }) => /^(etcd|grpc)_/.test(name));
  assert.ok(shown.length >= 25);
  for (const { name, type, values } of shown) {
    const labels = [...new Set(values.flatMap((value) => Object.keys(value.labels)))];
    assert.deepEqual(labels.filter((label) => label !== 'le').sort(), LABELS[name] ?? [], name);
    if (name.startsWith('grpc_')) continue;
    const kind = ETCD_METRICS.get(name);
    assert.ok(kind !== undefined, `${name} is no metric of etcd's`);
    assert.equal(kind.replace(/(Vec|Func)$/, '').toLowerCase(), String(type), name);
    assert.equal(kind.endsWith('Vec'), name in LABELS, name);
  }
});

test('histograms have etcd’s buckets', async () => {
  const values = await scrape(used());
  const bounds = (name: string) =>
    [...values.keys()]
      .map((key) => new RegExp(`^${name}_bucket\\{le="([^"]+)"`).exec(key)?.[1])
      .filter((bound) => bound !== undefined);
  const disk = bounds('etcd_disk_wal_fsync_duration_seconds');
  assert.deepEqual([disk.length, disk[0], disk.at(-2), disk.at(-1)], [15, '0.001', '8.192', '+Inf']);
  assert.deepEqual(bounds('etcd_disk_backend_commit_duration_seconds'), disk);
  const roundTrip = bounds('etcd_network_peer_round_trip_time_seconds');
  assert.deepEqual([roundTrip.length, roundTrip[0], roundTrip.at(-2)], [17, '0.0001', '3.2768']);
});

test('gauges and counters follow their sources, at every scrape', async () => {
  const facts = world();
  const metrics = connected(facts);
  const before = await scrape(metrics);
  assert.equal(before.get('etcd_server_proposals_committed_total'), 41);
  assert.equal(before.get('etcd_server_proposals_applied_total'), 40);
  assert.equal(before.get('etcd_server_proposals_pending'), 2);
  assert.equal(before.get('etcd_debugging_mvcc_current_revision'), 7);
  assert.equal(before.get('etcd_debugging_mvcc_compact_revision'), 3);
  assert.equal(before.get('etcd_debugging_mvcc_keys_total'), 5);
  assert.equal(before.get('etcd_debugging_mvcc_watcher_total'), 6);
  assert.equal(before.get('etcd_debugging_mvcc_slow_watcher_total'), 1);
  assert.equal(before.get('etcd_debugging_mvcc_watch_stream_total'), 4);
  assert.equal(before.get('etcd_mvcc_db_total_size_in_bytes'), 8192);
  assert.equal(before.get('etcd_mvcc_db_total_size_in_use_in_bytes'), 4096);
  assert.equal(before.get('etcd_server_quota_backend_bytes'), 16_384);
  assert.equal(before.get('etcd_debugging_server_alarms{server_id="bbbb",alarm_type="NOSPACE"}'), 1);
  assert.equal(before.get('etcd_network_client_grpc_received_bytes_total'), 100);
  assert.equal(before.get('etcd_network_peer_sent_bytes_total{To="bbbb"}'), 10);
  assert.equal(before.get('etcd_network_peer_received_bytes_total{From="bbbb"}'), 20);
  assert.equal(before.get('etcd_network_active_peers{Local="aaaa",Remote="bbbb"}'), 1);
  assert.equal(before.get('etcd_network_known_peers{Local="aaaa",Remote="bbbb"}'), 1);
  assert.equal(before.get('etcd_server_is_learner'), 0);
  facts.isLearner = true;
  facts.committed = 50;
  facts.client = { received: 150, sent: 250 };
  facts.peers = [{ peer: 'bbbb', bytesSent: 11, bytesReceived: 22, isConnected: false }];
  facts.alarms = [];
  const after = await scrape(metrics);
  assert.equal(after.get('etcd_debugging_server_alarms{server_id="bbbb",alarm_type="NOSPACE"}'), undefined);
  assert.equal(after.get('etcd_server_proposals_committed_total'), 50);
  assert.equal(after.get('etcd_server_is_learner'), 1);
  assert.equal(after.get('etcd_network_client_grpc_sent_bytes_total'), 250);
  assert.equal(after.get('etcd_network_peer_received_bytes_total{From="bbbb"}'), 22);
  assert.equal(after.get('etcd_network_active_peers{Local="aaaa",Remote="bbbb"}'), 0);
});

test('who this is, and who leads', async () => {
  const metrics = connected(world());
  const first = await scrape(metrics);
  assert.equal(first.get('etcd_server_id{server_id="aaaa"}'), 1);
  assert.equal(first.get('etcd_server_version{server_version="3.7.0"}'), 1);
  assert.equal(first.get('etcd_cluster_version{cluster_version="3.7"}'), 1);
  const leadership = async () => {
    const values = await scrape(metrics);
    return ['has_leader', 'is_leader', 'leader_changes_seen_total'].map((name) =>
      values.get(`etcd_server_${name}`),
    );
  };
  assert.deepEqual(await leadership(), [0, 0, 0]);
  metrics.roleChanged(true, 'aaaa');
  assert.deepEqual(await leadership(), [1, 1, 1]);
  metrics.roleChanged(true, 'aaaa');
  assert.deepEqual(await leadership(), [1, 1, 1]);
  metrics.roleChanged(false, undefined);
  assert.deepEqual(await leadership(), [0, 0, 1]);
  metrics.roleChanged(false, 'bbbb');
  assert.deepEqual(await leadership(), [1, 0, 2]);
});

test('calls by method and status; the disk; the peers', async () => {
  const metrics = used();
  metrics.callStarted('/etcdserverpb.Watch/Watch');
  metrics.callStarted('/etcdserverpb.KV/Put');
  metrics.callEnded('/etcdserverpb.KV/Put', 8);
  metrics.journalSynced(1_000, 4);
  metrics.journalSynced(500, 400);
  metrics.backendCommitted(20);
  const values = await scrape(metrics);
  const put = 'grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Put"';
  assert.equal(values.get(`grpc_server_started_total{${put}}`), 2);
  assert.equal(values.get(`grpc_server_handled_total{${put},grpc_code="OK"}`), 1);
  assert.equal(values.get(`grpc_server_handled_total{${put},grpc_code="ResourceExhausted"}`), 1);
  const watch = 'grpc_type="bidi_stream",grpc_service="etcdserverpb.Watch",grpc_method="Watch"';
  assert.equal(values.get(`grpc_server_started_total{${watch}}`), 1);
  assert.equal(values.get('etcd_disk_wal_write_bytes_total'), 1_500);
  assert.equal(values.get('etcd_disk_wal_fsync_duration_seconds_count'), 2);
  assert.equal(values.get('etcd_disk_wal_fsync_duration_seconds_bucket{le="0.004"}'), 1);
  assert.equal(values.get('etcd_disk_backend_commit_duration_seconds_sum'), 0.02);
  assert.equal(values.get('etcd_network_peer_round_trip_time_seconds_count{To="bbbb"}'), 1);
});
