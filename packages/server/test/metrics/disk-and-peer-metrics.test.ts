/** What the disk, the links to other members and snapshots come to in histograms and counters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberId } from '@synod/consensus';
import { tellOfSnapshot } from '../../src/member/events.ts';
import { connectedMetrics, metricWorld, scrape } from './metric-world.ts';

const PEER = memberId('00000000000000bb');

test('the journal and the store', async () => {
  const metrics = connectedMetrics(metricWorld());
  const { disk } = metrics;
  disk.journalWritten(1_000);
  disk.journalWritten(500);
  disk.journalTimed(1, 4);
  disk.journalTimed(2, 400);
  disk.committed(20);
  disk.defragmented(300);
  disk.viewClosed(40);
  const values = await scrape(metrics);
  assert.equal(values.get('etcd_disk_wal_write_bytes_total'), 1_500);
  assert.equal(values.get('etcd_disk_wal_write_duration_seconds_sum'), 0.003);
  assert.equal(values.get('etcd_disk_wal_fsync_duration_seconds_count'), 2);
  assert.equal(values.get('etcd_disk_wal_fsync_duration_seconds_bucket{le="0.004"}'), 1);
  assert.equal(values.get('etcd_disk_backend_commit_duration_seconds_sum'), 0.02);
  assert.equal(values.get('etcd_disk_backend_defrag_duration_seconds_sum'), 0.3);
  assert.equal(values.get('etcd_disk_backend_snapshot_duration_seconds_sum'), 0.04);
});

test('snapshots: written, sent, received, and what came to nothing', async () => {
  const metrics = connectedMetrics(metricWorld());
  const { disk, peers } = metrics;
  const facts = { index: 9, bytes: 100 };
  const tell = (event: Parameters<typeof tellOfSnapshot>[0]) => tellOfSnapshot(event, disk, peers);
  tell({ kind: 'snapshotWritten', ...facts, milliseconds: 30, encodingMs: 20, syncMs: 10 });
  tell({ kind: 'snapshotSent', ...facts, to: PEER, ok: true, milliseconds: 300 });
  tell({ kind: 'snapshotSent', ...facts, to: PEER, ok: false, milliseconds: 9_000 });
  tell({ kind: 'snapshotSent', ...facts, to: PEER, ok: false, milliseconds: 9_000 });
  tell({ kind: 'snapshotReceived', ...facts, from: PEER, ok: true, milliseconds: 400, syncMs: 50 });
  tell({ kind: 'snapshotReceived', ...facts, from: PEER, ok: false, milliseconds: 900, syncMs: undefined });
  const values = await scrape(metrics);
  const shown = (name: string) => values.get(name);
  assert.equal(shown('etcd_debugging_snap_save_marshalling_duration_seconds_sum'), 0.02);
  assert.equal(shown('etcd_debugging_snap_save_total_duration_seconds_sum'), 0.03);
  assert.equal(shown('etcd_snap_fsync_duration_seconds_sum'), 0.01);
  assert.equal(shown(`etcd_network_snapshot_send_success{To="${PEER}"}`), 1);
  assert.equal(shown(`etcd_network_snapshot_send_failures{To="${PEER}"}`), 2);
  assert.equal(shown(`etcd_network_snapshot_send_total_duration_seconds_sum{To="${PEER}"}`), 0.3);
  assert.equal(shown(`etcd_network_snapshot_receive_success{From="${PEER}"}`), 1);
  assert.equal(shown(`etcd_network_snapshot_receive_failures{From="${PEER}"}`), 1);
  assert.equal(shown(`etcd_network_snapshot_receive_total_duration_seconds_sum{From="${PEER}"}`), 0.4);
  assert.equal(shown('etcd_snap_db_save_total_duration_seconds_sum'), 0.4);
  assert.equal(shown('etcd_snap_db_fsync_duration_seconds_sum'), 0.05);
});

test('peers: round trips, broken connections, what could not be read', async () => {
  const metrics = connectedMetrics(metricWorld());
  const { peers } = metrics;
  peers.roundTrip('bbbb', 3);
  peers.disconnected('bbbb');
  peers.disconnected('bbbb');
  peers.receiveFailed('bbbb');
  const values = await scrape(metrics);
  assert.equal(values.get('etcd_network_peer_round_trip_time_seconds_sum{To="bbbb"}'), 0.003);
  assert.equal(values.get('etcd_network_disconnected_peers_total{Local="aaaa",Remote="bbbb"}'), 2);
  assert.equal(values.get('etcd_network_peer_received_failures_total{From="bbbb"}'), 1);
});
