/** What a scrape shows: etcd's names with etcd's kinds and labels, and values that move. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connectedMetrics, metricWorld, scrape, usedMetrics } from './metric-world.ts';

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
  etcd_cluster_version: ['cluster_version'],
  etcd_debugging_server_alarms: ['alarm_type', 'server_id'],
  etcd_network_active_peers: ['Local', 'Remote'],
  etcd_network_disconnected_peers_total: ['Local', 'Remote'],
  etcd_network_known_peers: ['Local', 'Remote'],
  etcd_network_peer_received_bytes_total: ['From'],
  etcd_network_peer_received_failures_total: ['From'],
  etcd_network_peer_round_trip_time_seconds: ['To'],
  etcd_network_peer_sent_bytes_total: ['To'],
  etcd_network_peer_sent_failures_total: ['To'],
  etcd_network_server_stream_failures_total: ['API', 'Type'],
  etcd_network_snapshot_receive_failures: ['From'],
  etcd_network_snapshot_receive_inflights_total: ['From'],
  etcd_network_snapshot_receive_success: ['From'],
  etcd_network_snapshot_receive_total_duration_seconds: ['From'],
  etcd_network_snapshot_send_failures: ['To'],
  etcd_network_snapshot_send_inflights_total: ['To'],
  etcd_network_snapshot_send_success: ['To'],
  etcd_network_snapshot_send_total_duration_seconds: ['To'],
  etcd_server_apply_duration_seconds: ['op', 'success', 'version'],
  etcd_server_client_requests_total: ['client_api_version', 'type'],
  etcd_server_feature_enabled: ['name', 'stage'],
  etcd_server_healthcheck: ['name', 'type'],
  etcd_server_healthchecks_total: ['name', 'status', 'type'],
  etcd_server_id: ['server_id'],
  etcd_server_learner_promote_failures: ['Reason'],
  etcd_server_range_duration_seconds: ['success'],
  etcd_server_request_duration_seconds: ['success', 'type'],
  etcd_server_version: ['server_version'],
  grpc_server_handled_total: ['grpc_code', 'grpc_method', 'grpc_service', 'grpc_type'],
  grpc_server_handling_seconds: ['grpc_method', 'grpc_service', 'grpc_type'],
  grpc_server_started_total: ['grpc_method', 'grpc_service', 'grpc_type'],
};

test('every name of etcd’s has etcd’s kind and labels', async () => {
  const metrics = usedMetrics();
  const shown = (await metrics.registry.getMetricsAsJSON()).filter(({ name }) =>
    /^(etcd|grpc|os)_/.test(name),
  );
  assert.ok(shown.length >= 90);
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

/** First and last bound of each, and how many there are: each bound is twice the one before. */
const BOUNDS: Readonly<Record<string, readonly [first: number, last: number, count: number]>> = {
  etcd_debugging_lease_ttl_total: [1, 8_388_608, 24],
  etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds: [1, 4096, 13],
  etcd_debugging_mvcc_db_compaction_total_duration_milliseconds: [100, 819_200, 14],
  etcd_debugging_server_watch_send_loop_control_stream_duration_seconds: [0.001, 8.192, 14],
  etcd_debugging_server_watch_send_loop_progress_duration_seconds: [0.001, 8.192, 14],
  etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds: [0.001, 8.192, 14],
  etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds: [0.001, 8.192, 14],
  etcd_debugging_snap_save_marshalling_duration_seconds: [0.001, 8.192, 14],
  etcd_debugging_snap_save_total_duration_seconds: [0.001, 8.192, 14],
  etcd_disk_backend_commit_duration_seconds: [0.001, 8.192, 14],
  etcd_disk_backend_defrag_duration_seconds: [0.1, 409.6, 13],
  etcd_disk_backend_snapshot_duration_seconds: [0.01, 655.36, 17],
  etcd_disk_wal_fsync_duration_seconds: [0.001, 8.192, 14],
  etcd_disk_wal_write_duration_seconds: [0.001, 8.192, 14],
  etcd_mvcc_hash_duration_seconds: [0.01, 163.84, 15],
  etcd_mvcc_hash_rev_duration_seconds: [0.01, 163.84, 15],
  etcd_network_peer_round_trip_time_seconds: [0.0001, 3.2768, 16],
  etcd_network_snapshot_receive_total_duration_seconds: [0.1, 51.2, 10],
  etcd_network_snapshot_send_total_duration_seconds: [0.1, 51.2, 10],
  etcd_server_apply_duration_seconds: [0.0001, 52.4288, 20],
  etcd_server_range_duration_seconds: [0.0001, 52.4288, 20],
  etcd_server_request_duration_seconds: [0.0001, 52.4288, 20],
  etcd_snap_db_fsync_duration_seconds: [0.001, 8.192, 14],
  etcd_snap_db_save_total_duration_seconds: [0.1, 51.2, 10],
  etcd_snap_fsync_duration_seconds: [0.001, 8.192, 14],
};

test('histograms have etcd’s buckets', async () => {
  const values = [...(await scrape(usedMetrics())).keys()];
  const histograms = [...ETCD_METRICS].filter(([, kind]) => kind.startsWith('Histogram'));
  for (const [name] of histograms) {
    const shown = values
      .map((key) => new RegExp(`^${name}_bucket\\{le="([^"]+)"`).exec(key)?.[1])
      .filter((bound) => bound !== undefined);
    const expected = BOUNDS[name];
    if (expected === undefined) {
      assert.deepEqual(shown, [], `${name} has no bounds here`);
      continue;
    }
    const bounds = [...new Set(shown)];
    assert.deepEqual(
      [Number(bounds[0]), Number(bounds.at(-2)), bounds.length - 1, bounds.at(-1)],
      [...expected, '+Inf'],
      name,
    );
    for (const [i, bound] of bounds.slice(1, -1).entries())
      assert.equal(Number(bound), 2 * Number(bounds[i]), name);
  }
});

test('gauges and counters follow their sources, at every scrape', async () => {
  const facts = metricWorld();
  const metrics = connectedMetrics(facts);
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
  const others = {
    etcd_mvcc_range_total: 11,
    etcd_mvcc_put_total: 12,
    etcd_debugging_mvcc_total_put_size_in_bytes: 13,
    etcd_mvcc_delete_total: 14,
    etcd_mvcc_txn_total: 15,
    etcd_debugging_mvcc_db_compaction_keys_total: 16,
    etcd_debugging_lease_renewed_total: 18,
    etcd_debugging_server_lease_expired_total: 19,
    etcd_mvcc_db_open_read_transactions: 2,
    etcd_disk_defrag_inflight: 1,
    etcd_server_proposals_failed_total: 21,
    etcd_server_heartbeat_send_failures_total: 22,
    etcd_server_read_indexes_failed_total: 23,
    etcd_server_slow_read_indexes_total: 24,
    etcd_server_snapshot_apply_in_progress_total: 1,
    'etcd_network_peer_sent_failures_total{To="bbbb"}': 3,
    'etcd_network_snapshot_send_inflights_total{To="bbbb"}': 1,
    'etcd_network_snapshot_receive_inflights_total{From="cccc"}': 1,
    'etcd_server_feature_enabled{name="InitialCorruptCheck",stage="ALPHA"}': 1,
    'etcd_server_feature_enabled{name="CompactHashCheck",stage="ALPHA"}': 0,
  };
  for (const [name, value] of Object.entries(others)) assert.equal(before.get(name), value, name);
  assert.equal(before.get('etcd_server_is_learner'), 0);
  facts.isLearner = true;
  facts.committed = 50;
  facts.client = { received: 150, sent: 250 };
  facts.peers = [{ peer: 'bbbb', bytesSent: 11, bytesReceived: 22, framesDropped: 4, isConnected: false }];
  facts.alarms = [];
  facts.isDefragmenting = false;
  facts.replica.sendingSnapshotsTo = [];
  facts.replica.receivingSnapshotFrom = undefined;
  facts.replica.isRestoring = false;
  const after = await scrape(metrics);
  assert.equal(after.get('etcd_debugging_server_alarms{server_id="bbbb",alarm_type="NOSPACE"}'), undefined);
  assert.equal(after.get('etcd_server_proposals_committed_total'), 50);
  assert.equal(after.get('etcd_disk_defrag_inflight'), 0);
  assert.equal(after.get('etcd_server_snapshot_apply_in_progress_total'), 0);
  assert.equal(after.get('etcd_network_snapshot_send_inflights_total{To="bbbb"}'), undefined);
  assert.equal(after.get('etcd_network_snapshot_receive_inflights_total{From="cccc"}'), undefined);
  assert.equal(after.get('etcd_network_peer_sent_failures_total{To="bbbb"}'), 4);
  assert.equal(after.get('etcd_server_is_learner'), 1);
  assert.equal(after.get('etcd_network_client_grpc_sent_bytes_total'), 250);
  assert.equal(after.get('etcd_network_peer_received_bytes_total{From="bbbb"}'), 22);
  assert.equal(after.get('etcd_network_active_peers{Local="aaaa",Remote="bbbb"}'), 0);
});

test('who this is, and who leads', async () => {
  const metrics = connectedMetrics(metricWorld());
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
