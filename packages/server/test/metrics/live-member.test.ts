/** The metrics of members that run: what was asked of them, counted once each, and what they do by themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROTOCOLS, TestCluster, type TestMember } from '../member/test-cluster.ts';
import { tableEncode } from '../protocols/etcd/wire/table-codec.ts';
import { samplesIn } from './metric-world.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

async function page(member: TestMember, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${member.running!.clientPorts[0]}${path}`);
  return response.text();
}

async function samplesOf(member: TestMember): Promise<ReadonlyMap<string, number>> {
  return samplesIn(await page(member, '/metrics'));
}

type Reading = (name: string) => number;

/** How much each sample rose while a job was done. What is not there counts as 0. */
async function risen(member: TestMember, job: () => Promise<unknown>): Promise<Reading> {
  const before = await samplesOf(member);
  await job();
  const after = await samplesOf(member);
  return (name) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
}

/** Scrapes until something holds: for what a member does by itself. */
async function until(member: TestMember, holds: (read: Reading) => boolean): Promise<Reading> {
  for (;;) {
    const samples = await samplesOf(member);
    const read: Reading = (name) => samples.get(name) ?? 0;
    if (holds(read)) return read;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function assertRisen(rose: Reading, expected: Readonly<Record<string, number>>): void {
  for (const [name, amount] of Object.entries(expected)) assert.equal(rose(name), amount, name);
}

test('requests, and what the state machine made of them', { timeout: 60_000 }, async (t) => {
  const cluster = await TestCluster.started(t, { size: 1 });
  const member = cluster.members[0]!;
  const { client } = member;
  const rose = await risen(member, async () => {
    await client.put('a', '123');
    await client.put('bb', '4');
    await client.get('a');
    await client.get('a', { serializable: true });
    await client.call('KV', 'DeleteRange', { key: bytes('x'), range_end: bytes('y') });
    const success = [
      { request_put: { key: bytes('c'), value: bytes('56') } },
      { request_range: { key: bytes('c') } },
    ];
    await client.call('KV', 'Txn', { success });
    await assert.rejects(client.call('KV', 'Put', { key: bytes('a'), lease: 99n }), /lease not found/);
    await assert.rejects(client.call('KV', 'Range', { key: bytes('a'), revision: 1_000n }));
  });
  assertRisen(rose, {
    etcd_mvcc_put_total: 3,
    etcd_debugging_mvcc_total_put_size_in_bytes: 4 + 3 + 3,
    etcd_mvcc_delete_total: 1,
    etcd_mvcc_range_total: 4,
    etcd_mvcc_txn_total: 1,
    'etcd_server_request_duration_seconds_count{type="Put",success="true"}': 2,
    'etcd_server_request_duration_seconds_count{type="Put",success="false"}': 1,
    'etcd_server_request_duration_seconds_count{type="Range",success="true"}': 2,
    'etcd_server_request_duration_seconds_count{type="Range",success="false"}': 1,
    'etcd_server_request_duration_seconds_count{type="DeleteRange",success="true"}': 1,
    'etcd_server_request_duration_seconds_count{type="Txn",success="true"}': 1,
    'etcd_server_apply_duration_seconds_count{version="v3",op="Put",success="true"}': 2,
    'etcd_server_apply_duration_seconds_count{version="v3",op="Put",success="false"}': 1,
    'etcd_server_apply_duration_seconds_count{version="v3",op="Txn",success="true"}': 1,
    'etcd_server_range_duration_seconds_count{success="true"}': 2,
    'etcd_server_range_duration_seconds_count{success="false"}': 1,
    'etcd_server_client_requests_total{type="unary",client_api_version="unknown"}': 8,
    etcd_server_proposals_failed_total: 0,
  });
  assert.ok(rose('etcd_disk_wal_fsync_duration_seconds_count') >= 5, 'each write was synced');
  assert.equal(
    rose('etcd_disk_wal_write_duration_seconds_count'),
    rose('etcd_disk_wal_fsync_duration_seconds_count'),
  );
  const versioned = await risen(member, () =>
    client.grpc.call(
      '/etcdserverpb.KV/Range',
      tableEncode('etcdserverpb.RangeRequest', { key: bytes('a') }),
      {
        metadata: [['client-api-version', '3.7.0']],
      },
    ),
  );
  assert.equal(versioned('etcd_server_client_requests_total{type="unary",client_api_version="3.7.0"}'), 1);
});

test('leases, watches, hashes, compactions, defragmentation and probes', { timeout: 60_000 }, async (t) => {
  const cluster = await TestCluster.started(t, { size: 1 });
  const member = cluster.members[0]!;
  const { client } = member;
  const leases = await risen(member, async () => {
    await client.call('Lease', 'LeaseGrant', { ID: 5n, TTL: 60n });
    await new Promise<void>((answered) => {
      const stream = client.stream('Lease', 'LeaseKeepAlive', () => answered());
      stream.send({ ID: 5n });
    });
    await client.call('KV', 'Put', { key: bytes('leased'), lease: 5n });
    await client.call('Lease', 'LeaseRevoke', { ID: 5n });
  });
  assertRisen(leases, {
    etcd_debugging_lease_granted_total: 1,
    etcd_debugging_lease_ttl_total_count: 1,
    etcd_debugging_lease_ttl_total_sum: 60,
    etcd_debugging_lease_renewed_total: 1,
    etcd_debugging_lease_revoked_total: 1,
    etcd_debugging_server_lease_expired_total: 0,
    etcd_mvcc_delete_total: 1,
  });
  const watched = await risen(member, async () => {
    await new Promise<void>((seen) => {
      const stream = client.stream('Watch', 'Watch', (message) => {
        if (message['created'] === true) void client.put('w', '1');
        if (message['events'] !== undefined) seen();
      });
      stream.send({ create_request: { key: bytes('w') } });
    });
  });
  assertRisen(watched, {
    etcd_debugging_mvcc_events_total: 1,
    etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds_count: 1,
    etcd_debugging_server_watch_send_loop_control_stream_duration_seconds_count: 1,
  });
  const hashed = await risen(member, async () => {
    await client.call('Maintenance', 'Hash', {});
    await client.call('Maintenance', 'HashKV', {});
    await client.call('Maintenance', 'Defragment', {});
  });
  assertRisen(hashed, {
    etcd_mvcc_hash_duration_seconds_count: 1,
    etcd_mvcc_hash_rev_duration_seconds_count: 1,
    etcd_disk_backend_snapshot_duration_seconds_count: 1,
    etcd_mvcc_db_open_read_transactions: 0,
    etcd_disk_backend_defrag_duration_seconds_count: 1,
    etcd_disk_defrag_inflight: 0,
  });
  for (const value of ['1', '2', '3']) await client.put('compacted', value);
  const { header } = await client.call('KV', 'Compact', { revision: 7n });
  assert.ok(header !== undefined);
  const total = 'etcd_debugging_mvcc_db_compaction_total_duration_milliseconds_count';
  const swept = await until(member, (read) => read(total) > 0);
  assert.equal(swept(total), 1);
  assert.equal(
    swept('etcd_debugging_mvcc_db_compaction_keys_total'),
    4,
    'two values, a key of a lease and its end',
  );
  assert.ok(swept('etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds_count') >= 1);
  const ageSeconds = Date.now() / 1000 - swept('etcd_debugging_mvcc_db_compaction_last');
  assert.ok(ageSeconds >= 0 && ageSeconds < 60, `${ageSeconds}`);
  const probed = await risen(member, async () => {
    await page(member, '/health');
    await page(member, '/livez');
  });
  assertRisen(probed, {
    etcd_server_health_success: 1,
    etcd_server_health_failures: 0,
    'etcd_server_healthchecks_total{type="livez",name="serializable_read",status="success"}': 1,
  });
  const samples = await samplesOf(member);
  assert.equal(samples.get('etcd_server_healthcheck{type="livez",name="serializable_read"}'), 1);
  assert.equal(samples.get('etcd_server_feature_enabled{name="InitialCorruptCheck",stage="ALPHA"}'), 0);
  assert.ok(samples.get('os_fd_used')! > 10);
  assert.ok(samples.get('os_fd_limit')! > samples.get('os_fd_used')!);
});

test('a lease that nobody renews, and a start that counts nothing again', { timeout: 60_000 }, async (t) => {
  const cluster = await TestCluster.started(t, { size: 1 });
  const member = cluster.members[0]!;
  await member.client.call('Lease', 'LeaseGrant', { ID: 7n, TTL: 1n });
  for (const value of ['1', '2', '3']) await member.client.put('k', value);
  const expired = await until(member, (read) => read('etcd_debugging_server_lease_expired_total') > 0);
  assert.equal(expired('etcd_debugging_server_lease_expired_total'), 1);
  assert.equal(expired('etcd_debugging_lease_revoked_total'), 1);
  await member.client.call('KV', 'Compact', { revision: 4n });
  const compactions = 'etcd_debugging_mvcc_db_compaction_total_duration_milliseconds_count';
  await until(member, (read) => read(compactions) === 1);
  await cluster.stop(member);
  const running = await cluster.start(member);
  await running.ready;
  const steps = 'etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds_count';
  await member.client.put('k', '4');
  const again = await risen(member, () => member.client.put('k', '5'));
  assert.equal(again('etcd_mvcc_put_total'), 1);
  const samples = await samplesOf(member);
  assert.equal(samples.get('etcd_mvcc_put_total'), 2);
  assert.equal(samples.get('etcd_debugging_lease_granted_total'), 0);
  assert.equal(samples.get(compactions), 0, 'what was compacted in an earlier life is looked through again');
  assert.equal(samples.get(steps), 0);
});

for (const protocol of PROTOCOLS)
  test(`${protocol}: peers that are lost, and snapshots to one that lags`, {
    timeout: 120_000,
  }, async (t) => {
    const cluster = await TestCluster.started(t, { protocol, snapshotCount: 200, electionTimeoutMs: 1_000 });
    const [asked] = cluster.members;
    const { leader, followers } = await cluster.roles(asked!);
    const lost = followers[0]!;
    const pair = `{Local="${leader.config.memberId}",Remote="${lost.config.memberId}"}`;
    const name = `etcd_network_disconnected_peers_total${pair}`;
    const before = (await samplesOf(leader)).get(name) ?? 0;
    await cluster.stop(lost);
    const without = await until(leader, (read) => read(name) > before);
    assert.equal(without(name), before + 1);
    // More than the 5,000 entries that are kept for members who lag a little.
    let next = 0;
    const putAll = async (): Promise<void> => {
      while (next < 5_500) await leader.client.put(`key/${next++ % 100}`, 'v');
    };
    await Promise.all(Array.from({ length: 200 }, putAll));
    const dropped = await until(
      leader,
      (read) => read(`etcd_network_peer_sent_failures_total{To="${lost.config.memberId}"}`) > 0,
    );
    assert.equal(dropped(`etcd_network_active_peers${pair}`), 0);
    const running = await cluster.start(lost);
    await running.ready;
    // On Multi-Paxos a laggard whom the leader does not answer soon asks another, who has it just as well.
    const senders = protocol === 'paxos' ? cluster.members.filter((member) => member !== lost) : [leader];
    const from = (id: string): string => `{From="${id}"}`;
    const hasSent = (read: Reading, id: string): boolean =>
      read(`etcd_network_snapshot_receive_success${from(id)}`) > 0;
    const received = await until(lost, (read) =>
      senders.some(({ config }) => hasSent(read, config.memberId)),
    );
    const sender = senders.find(({ config }) => hasSent(received, config.memberId))!;
    const taken = `etcd_network_snapshot_receive_total_duration_seconds_count${from(sender.config.memberId)}`;
    assert.equal(received(taken), 1);
    assert.equal(received('etcd_snap_db_save_total_duration_seconds_count'), 1);
    assert.equal(received('etcd_snap_db_fsync_duration_seconds_count'), 1);
    const to = `{To="${lost.config.memberId}"}`;
    const sent = await until(sender, (read) => read(`etcd_network_snapshot_send_success${to}`) > 0);
    assert.equal(sent(`etcd_network_snapshot_send_total_duration_seconds_count${to}`), 1);
    assert.equal(sent('etcd_debugging_snap_save_total_duration_seconds_count'), 1);
    assert.equal(sent('etcd_debugging_snap_save_marshalling_duration_seconds_count'), 1);
    assert.equal(sent('etcd_snap_fsync_duration_seconds_count'), 1);
    assert.equal(sent(`etcd_network_snapshot_send_inflights_total${to}`), 0);
  });
