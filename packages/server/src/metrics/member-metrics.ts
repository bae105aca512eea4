/** One member's metrics, under etcd's names. Hot paths touch plain numbers; Prometheus's objects are filled at a scrape. */

import type { KeyspaceTally } from '@synod/coordination';
import { collectDefaultMetrics, type Registry } from 'prom-client';
import type { SlowRequests } from '../log/slow-requests.ts';
import { ApplyMetrics } from './apply-metrics.ts';
import { CallMetrics } from './call-metrics.ts';
import { CallTimes } from './call-times.ts';
import { DiskMetrics } from './disk-metrics.ts';
import { MetricFamilies } from './families.ts';
import { openFileCount, openFileLimit } from './open-files.ts';
import { PeerMetrics, type PeerSource, type SnapshotSource } from './peer-metrics.ts';
import { ProtocolMetrics } from './protocol-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';

/** Where the gauges and counters come from, read at a scrape. */
export interface MetricSources {
  readonly currentRevision: () => number;
  readonly compactRevision: () => number;
  readonly authRevision: () => number;
  readonly keys: () => number;
  readonly keyspace: () => Readonly<KeyspaceTally>;
  readonly leasesRenewed: () => number;
  readonly leasesExpired: () => number;
  readonly storeBytes: () => { readonly totalBytes: number; readonly usedBytes: number };
  /** 0: no quota. */
  readonly storeBytesMax: () => number;
  /** Reads of the store that hold on to a moment. */
  readonly openReads: () => number;
  readonly isDefragmenting: () => boolean;
  readonly alarms: () => readonly AlarmSource[];
  readonly proposalsPending: () => number;
  readonly proposalsFailed: () => number;
  readonly committedIndex: () => number;
  readonly appliedIndex: () => number;
  readonly replica: () => ReplicaSource;
  readonly watchers: () => number;
  readonly slowWatchers: () => number;
  readonly watchStreams: () => number;
  readonly clientBytes: () => { readonly received: number; readonly sent: number };
  readonly peers: () => readonly PeerSource[];
  readonly isLearner: () => boolean;
}

export interface ReplicaSource extends SnapshotSource {
  readonly lateHeartbeats: number;
  readonly readRoundsFailed: number;
  readonly readRoundsSlow: number;
  readonly isRestoring: boolean;
}

/** An active alarm. */
export interface AlarmSource {
  readonly member: string;
  /** By etcd's name. */
  readonly name: string;
}

/** What a member is for its whole life. */
export interface MemberFacts {
  /** 16 hex digits. */
  readonly memberId: string;
  readonly serverVersion: string;
  readonly clusterVersion: string;
  /** etcd's experiments that mean something here, by their names: whether they are switched on. */
  readonly features: Readonly<Record<string, boolean>>;
}

/** In a process's own clocks: how long ago something was, and what the time is. Tests have others. */
export interface MetricClocks {
  readonly nowMs: () => number;
  readonly unixMs: () => number;
}

const PROCESS_CLOCKS: MetricClocks = { nowMs: () => performance.now(), unixMs: Date.now };

export interface MetricOptions {
  /** Decides what is slow. */
  readonly slow: SlowRequests;
  /** Whether there are histograms of how long calls take: `--metrics extensive`. */
  readonly timesCalls: boolean;
  /** The process's own where none are given. */
  readonly clocks?: MetricClocks;
}

export class MemberMetrics {
  readonly calls: CallMetrics;
  readonly protocol: ProtocolMetrics;
  readonly requests: RequestMetrics;
  readonly applies: ApplyMetrics;
  readonly disk: DiskMetrics;
  readonly peers: PeerMetrics;
  private readonly families = new MetricFamilies();
  private leads = false;
  private leader: string | undefined;
  private leaderChanges = 0;

  constructor(facts: MemberFacts, { slow, timesCalls, clocks = PROCESS_CLOCKS }: MetricOptions) {
    const { families } = this;
    const { nowMs, unixMs } = clocks;
    collectDefaultMetrics({ register: families.registry });
    this.calls = new CallMetrics(families, timesCalls ? new CallTimes(families, nowMs) : undefined);
    this.requests = new RequestMetrics(families, slow, unixMs);
    this.protocol = new ProtocolMetrics(families, this.requests);
    this.applies = new ApplyMetrics(families, slow, nowMs);
    this.disk = new DiskMetrics(families);
    this.peers = new PeerMetrics(families, facts.memberId);
    this.tellFacts(facts);
    this.tellOpenFiles();
    families.gauge('etcd_server_has_leader', 'Whether a leader is known: 1 or 0.', () =>
      this.leader === undefined ? 0 : 1,
    );
    families.gauge('etcd_server_is_leader', 'Whether this member leads: 1 or 0.', () => (this.leads ? 1 : 0));
    families.counter(
      'etcd_server_leader_changes_seen_total',
      'Changes of leader seen.',
      () => this.leaderChanges,
    );
    families.counter(
      'etcd_server_slow_apply_total',
      'Entries and ranges that took longer than --warning-apply-duration.',
      () => this.applies.slowCount + this.requests.slowCount,
    );
  }

  get registry(): Registry {
    return this.families.registry;
  }

  roleChanged(leads: boolean, leader: string | undefined): void {
    if (leader !== undefined && leader !== this.leader) this.leaderChanges++;
    this.leads = leads;
    this.leader = leader;
  }

  connect(sources: MetricSources): void {
    const { families } = this;
    const { clientBytes } = sources;
    this.connectKeyspace(sources);
    this.connectStore(sources);
    this.connectConsensus(sources);
    this.peers.connect(families, sources.peers, sources.replica);
    families.gauge('etcd_debugging_mvcc_watcher_total', 'Watches.', sources.watchers);
    families.gauge(
      'etcd_debugging_mvcc_slow_watcher_total',
      'Watches that are catching up.',
      sources.slowWatchers,
    );
    families.gauge('etcd_debugging_mvcc_watch_stream_total', 'Watch streams.', sources.watchStreams);
    families.counter(
      'etcd_network_client_grpc_received_bytes_total',
      'Bytes received from clients.',
      () => clientBytes().received,
    );
    families.counter(
      'etcd_network_client_grpc_sent_bytes_total',
      'Bytes sent to clients.',
      () => clientBytes().sent,
    );
  }

  private tellFacts({ memberId, serverVersion, clusterVersion, features }: MemberFacts): void {
    const { families } = this;
    const minorVersion = clusterVersion.split('.', 2).join('.');
    families.fact('etcd_server_id', 'The id of this member, as a label.', { server_id: memberId });
    families.fact('etcd_server_version', 'The version that clients are told.', {
      server_version: serverVersion,
    });
    families.fact('etcd_cluster_version', 'The version of the cluster.', { cluster_version: minorVersion });
    families.gauges(
      'etcd_server_feature_enabled',
      'Whether each experiment is switched on: 1 or 0.',
      ['name', 'stage'],
      // All that mean something here are of the stage that etcd calls so.
      () => Object.entries(features).map(([name, isOn]) => [{ name, stage: 'ALPHA' }, isOn ? 1 : 0] as const),
    );
  }

  private tellOpenFiles(): void {
    const read = (count: () => number | undefined) => () => {
      const known = count();
      return known === undefined ? [] : [[{}, known] as const];
    };
    this.families.gauges('os_fd_used', 'Files that this process has open.', [], read(openFileCount));
    this.families.gauges('os_fd_limit', 'Files that this process may have open.', [], read(openFileLimit));
  }

  private connectKeyspace(sources: MetricSources): void {
    const { families } = this;
    const { keyspace } = sources;
    families.gauge(
      'etcd_debugging_mvcc_current_revision',
      'The current revision of the keyspace.',
      sources.currentRevision,
    );
    families.gauge(
      'etcd_debugging_mvcc_compact_revision',
      'The revision that was compacted last.',
      sources.compactRevision,
    );
    families.gauge(
      'etcd_debugging_auth_revision',
      'The revision of users, roles and permissions.',
      sources.authRevision,
    );
    families.gauge('etcd_debugging_mvcc_keys_total', 'Keys that exist.', sources.keys);
    families.counter('etcd_mvcc_range_total', 'Ranges read.', () => keyspace().ranges);
    families.counter('etcd_mvcc_put_total', 'Puts carried out.', () => keyspace().puts);
    families.counter('etcd_mvcc_delete_total', 'Deletions carried out.', () => keyspace().deletions);
    families.counter('etcd_mvcc_txn_total', 'Transactions carried out.', () => keyspace().transactions);
    families.gauge(
      'etcd_debugging_mvcc_total_put_size_in_bytes',
      'Bytes of the keys and values that were put.',
      () => keyspace().putBytes,
    );
    families.counter(
      'etcd_debugging_mvcc_db_compaction_keys_total',
      'Rows that compaction took away.',
      () => keyspace().rowsCompacted,
    );
    families.counter(
      'etcd_debugging_lease_renewed_total',
      'Leases that this member renewed as the leader.',
      sources.leasesRenewed,
    );
    families.counter(
      'etcd_debugging_server_lease_expired_total',
      'Leases that this member ended as the leader because they expired.',
      sources.leasesExpired,
    );
  }

  private connectStore({
    storeBytes,
    storeBytesMax,
    openReads,
    isDefragmenting,
    alarms,
  }: MetricSources): void {
    const { families } = this;
    families.gauge(
      'etcd_mvcc_db_total_size_in_bytes',
      'Bytes the store takes on the disk.',
      () => storeBytes().totalBytes,
    );
    families.gauge(
      'etcd_mvcc_db_total_size_in_use_in_bytes',
      'Bytes of the store that hold something.',
      () => storeBytes().usedBytes,
    );
    families.gauge(
      'etcd_server_quota_backend_bytes',
      'Bytes that the store may hold; 0: as many as there is room for.',
      storeBytesMax,
    );
    families.gauge(
      'etcd_mvcc_db_open_read_transactions',
      'Reads of the store that hold on to the state of a moment.',
      openReads,
    );
    families.gauge('etcd_disk_defrag_inflight', 'Whether the store is being defragmented: 1 or 0.', () =>
      isDefragmenting() ? 1 : 0,
    );
    families.gauges(
      'etcd_debugging_server_alarms',
      'Active alarms, by the member they are about: 1 each.',
      ['server_id', 'alarm_type'],
      () => alarms().map(({ member, name }) => [{ server_id: member, alarm_type: name }, 1] as const),
    );
  }

  private connectConsensus(sources: MetricSources): void {
    const { families } = this;
    const { replica } = sources;
    families.gauge('etcd_server_is_learner', 'Whether this member is a learner: 1 or 0.', () =>
      sources.isLearner() ? 1 : 0,
    );
    families.gauge(
      'etcd_server_proposals_pending',
      'Proposals that wait for their results.',
      sources.proposalsPending,
    );
    families.counter(
      'etcd_server_proposals_failed_total',
      'Proposals that were turned down or had no result in time.',
      sources.proposalsFailed,
    );
    families.gauge(
      'etcd_server_proposals_committed_total',
      'The highest index known committed.',
      sources.committedIndex,
    );
    families.gauge('etcd_server_proposals_applied_total', 'The highest index applied.', sources.appliedIndex);
    families.counter(
      'etcd_server_heartbeat_send_failures_total',
      'Heartbeats that went out late, because the process stood still.',
      () => replica().lateHeartbeats,
    );
    families.counter(
      'etcd_server_read_indexes_failed_total',
      'Rounds for linearizable reads that no leader could confirm when it was asked.',
      () => replica().readRoundsFailed,
    );
    families.counter(
      'etcd_server_slow_read_indexes_total',
      'Rounds for linearizable reads without an answer for an election timeout.',
      () => replica().readRoundsSlow,
    );
    families.gauge(
      'etcd_server_snapshot_apply_in_progress_total',
      "Whether another member's snapshot is being put in force: 1 or 0.",
      () => (replica().isRestoring ? 1 : 0),
    );
  }
}
