/** One member's metrics, under etcd's names. Hot paths touch plain numbers; Prometheus's objects are filled at a scrape. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds, as etcd's buckets for the disk: from a millisecond, doubling. */
const DISK_BUCKETS = Array.from({ length: 14 }, (_, i) => 0.001 * 2 ** i);
/** From a tenth of a second. */
const DEFRAGMENTATION_BUCKETS = Array.from({ length: 13 }, (_, i) => 0.1 * 2 ** i);
const ROUND_TRIP_BUCKETS = Array.from({ length: 16 }, (_, i) => 0.0001 * 2 ** i);

/** Where the gauges come from, read at a scrape. */
export interface MetricSources {
  readonly currentRevision: () => number;
  readonly compactRevision: () => number;
  readonly authRevision: () => number;
  readonly keys: () => number;
  readonly storeBytes: () => { readonly totalBytes: number; readonly usedBytes: number };
  /** 0: no quota. */
  readonly storeBytesMax: () => number;
  readonly alarms: () => readonly AlarmSource[];
  readonly proposalsPending: () => number;
  readonly committedIndex: () => number;
  readonly appliedIndex: () => number;
  readonly watchers: () => number;
  readonly slowWatchers: () => number;
  readonly watchStreams: () => number;
  readonly clientBytes: () => { readonly received: number; readonly sent: number };
  readonly peers: () => readonly PeerSource[];
  readonly isLearner: () => boolean;
}

/** An active alarm. */
export interface AlarmSource {
  readonly member: string;
  /** By etcd's name. */
  readonly name: string;
}

export interface PeerSource {
  readonly peer: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly isConnected: boolean;
}

export interface MemberMetrics {
  readonly registry: Registry;
  journalSynced(bytes: number, milliseconds: number): void;
  backendCommitted(milliseconds: number): void;
  backendDefragmented(milliseconds: number): void;
  roundTrip(peer: string, milliseconds: number): void;
  roleChanged(leads: boolean, leader: string | undefined): void;
  callStarted(path: string): void;
  callEnded(path: string, code: number): void;
  connect(sources: MetricSources): void;
}

/** What a member is for its whole life. */
export interface MemberFacts {
  /** 16 hex digits. */
  readonly memberId: string;
  readonly serverVersion: string;
  readonly clusterVersion: string;
}

export function createMemberMetrics(facts: MemberFacts): MemberMetrics {
  return new PromMetrics(facts);
}

class PromMetrics implements MemberMetrics {
  readonly registry = new Registry();
  private readonly memberId: string;
  private sources: MetricSources | undefined;
  private journalBytes = 0;
  private leads = false;
  private leader: string | undefined;
  private leaderChanges = 0;
  /** By path. */
  private readonly callsStarted = new Map<string, number>();
  /** By path, then by code. */
  private readonly callsEnded = new Map<string, number[]>();
  private readonly journalSync = this.histogram(
    'etcd_disk_wal_fsync_duration_seconds',
    'How long the syncs of the journal take.',
    DISK_BUCKETS,
  );
  private readonly backendCommit = this.histogram(
    'etcd_disk_backend_commit_duration_seconds',
    'How long the commits of the backend take.',
    DISK_BUCKETS,
  );
  private readonly backendDefragmentation = this.histogram(
    'etcd_disk_backend_defrag_duration_seconds',
    'How long the defragmentations of the backend take.',
    DEFRAGMENTATION_BUCKETS,
  );
  private readonly roundTrips = new Histogram({
    name: 'etcd_network_peer_round_trip_time_seconds',
    help: 'Round-trip time to each peer.',
    labelNames: ['To'],
    buckets: ROUND_TRIP_BUCKETS,
    registers: [this.registry],
  });

  constructor({ memberId, serverVersion, clusterVersion }: MemberFacts) {
    this.memberId = memberId;
    collectDefaultMetrics({ register: this.registry });
    const minorVersion = clusterVersion.split('.', 2).join('.');
    this.fact('etcd_server_id', 'The id of this member, as a label.', { server_id: memberId });
    this.fact('etcd_server_version', 'The version that clients are told.', { server_version: serverVersion });
    this.fact('etcd_cluster_version', 'The version of the cluster.', { cluster_version: minorVersion });
    this.gauge('etcd_server_has_leader', 'Whether a leader is known: 1 or 0.', () =>
      this.leader === undefined ? 0 : 1,
    );
    this.gauge('etcd_server_is_leader', 'Whether this member leads: 1 or 0.', () => (this.leads ? 1 : 0));
    this.counter(
      'etcd_server_leader_changes_seen_total',
      'Changes of leader seen.',
      () => this.leaderChanges,
    );
    this.gauge('etcd_disk_wal_write_bytes_total', 'Bytes written to the journal.', () => this.journalBytes);
    this.countCalls();
  }

  journalSynced(bytes: number, milliseconds: number): void {
    this.journalBytes += bytes;
    this.journalSync.observe(milliseconds / 1000);
  }

  backendCommitted(milliseconds: number): void {
    this.backendCommit.observe(milliseconds / 1000);
  }

  backendDefragmented(milliseconds: number): void {
    this.backendDefragmentation.observe(milliseconds / 1000);
  }

  roundTrip(peer: string, milliseconds: number): void {
    this.roundTrips.observe({ To: peer }, milliseconds / 1000);
  }

  roleChanged(leads: boolean, leader: string | undefined): void {
    if (leader !== undefined && leader !== this.leader) this.leaderChanges++;
    this.leads = leads;
    this.leader = leader;
  }

  callStarted(path: string): void {
    this.callsStarted.set(path, (this.callsStarted.get(path) ?? 0) + 1);
  }

  callEnded(path: string, code: number): void {
    let codes = this.callsEnded.get(path);
    if (codes === undefined) {
      codes = [];
      this.callsEnded.set(path, codes);
    }
    codes[code] = (codes[code] ?? 0) + 1;
  }

  connect(sources: MetricSources): void {
    this.sources = sources;
    const { currentRevision, compactRevision, keys, storeBytes } = sources;
    this.gauge(
      'etcd_debugging_mvcc_current_revision',
      'The current revision of the keyspace.',
      currentRevision,
    );
    this.gauge(
      'etcd_debugging_mvcc_compact_revision',
      'The revision that was compacted last.',
      compactRevision,
    );
    this.gauge(
      'etcd_debugging_auth_revision',
      'The revision of users, roles and permissions.',
      sources.authRevision,
    );
    this.gauge('etcd_debugging_mvcc_keys_total', 'Keys that exist.', keys);
    this.gauge(
      'etcd_mvcc_db_total_size_in_bytes',
      'Bytes the store takes on the disk.',
      () => storeBytes().totalBytes,
    );
    this.gauge(
      'etcd_mvcc_db_total_size_in_use_in_bytes',
      'Bytes of the store that hold something.',
      () => storeBytes().usedBytes,
    );
    this.gauge(
      'etcd_server_quota_backend_bytes',
      'Bytes that the store may hold; 0: as many as there is room for.',
      sources.storeBytesMax,
    );
    this.alarms(sources.alarms);
    this.gauge('etcd_server_is_learner', 'Whether this member is a learner: 1 or 0.', () =>
      sources.isLearner() ? 1 : 0,
    );
    this.gauge(
      'etcd_server_proposals_pending',
      'Proposals that wait for their results.',
      sources.proposalsPending,
    );
    this.gauge(
      'etcd_server_proposals_committed_total',
      'The highest index known committed.',
      sources.committedIndex,
    );
    this.gauge('etcd_server_proposals_applied_total', 'The highest index applied.', sources.appliedIndex);
    this.gauge('etcd_debugging_mvcc_watcher_total', 'Watches.', sources.watchers);
    this.gauge(
      'etcd_debugging_mvcc_slow_watcher_total',
      'Watches that are catching up.',
      sources.slowWatchers,
    );
    this.gauge('etcd_debugging_mvcc_watch_stream_total', 'Watch streams.', sources.watchStreams);
    this.counter(
      'etcd_network_client_grpc_received_bytes_total',
      'Bytes received from clients.',
      () => sources.clientBytes().received,
    );
    this.counter(
      'etcd_network_client_grpc_sent_bytes_total',
      'Bytes sent to clients.',
      () => sources.clientBytes().sent,
    );
    this.peerTraffic();
  }

  private histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }

  private gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: () => gauge.set(read()),
    });
  }

  private counter(name: string, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.registry],
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  /** A fact that is all in its label. */
  private fact(name: string, help: string, labels: Readonly<Record<string, string>>): void {
    new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.registry] }).set(labels, 1);
  }

  private countCalls(): void {
    const started: Counter = new Counter({
      name: 'grpc_server_started_total',
      help: 'Calls that began, by method.',
      labelNames: ['grpc_type', 'grpc_service', 'grpc_method'],
      registers: [this.registry],
      collect: () => {
        started.reset();
        for (const [path, count] of this.callsStarted) started.inc(callLabels(path), count);
      },
    });
    const handled: Counter = new Counter({
      name: 'grpc_server_handled_total',
      help: 'Calls that ended, by method and status.',
      labelNames: ['grpc_type', 'grpc_service', 'grpc_method', 'grpc_code'],
      registers: [this.registry],
      collect: () => {
        handled.reset();
        for (const [path, codes] of this.callsEnded)
          codes.forEach((count, code) => {
            handled.inc({ ...callLabels(path), grpc_code: CODE_NAMES[code] ?? `${code}` }, count);
          });
      },
    });
  }

  private alarms(read: MetricSources['alarms']): void {
    const gauge: Gauge = new Gauge({
      name: 'etcd_debugging_server_alarms',
      help: 'Active alarms, by the member they are about: 1 each.',
      labelNames: ['server_id', 'alarm_type'],
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        for (const { member, name } of read()) gauge.set({ server_id: member, alarm_type: name }, 1);
      },
    });
  }

  private peerTraffic(): void {
    const families = [
      ['etcd_network_peer_sent_bytes_total', 'Bytes sent to each peer.', 'To', 'bytesSent'],
      ['etcd_network_peer_received_bytes_total', 'Bytes received from each peer.', 'From', 'bytesReceived'],
    ] as const;
    for (const [name, help, label, field] of families) {
      const counter: Counter = new Counter({
        name,
        help,
        labelNames: [label],
        registers: [this.registry],
        collect: () => {
          counter.reset();
          for (const peer of this.sources?.peers() ?? []) counter.inc({ [label]: peer.peer }, peer[field]);
        },
      });
    }
    this.peerGauge(
      'etcd_network_active_peers',
      'Whether each peer is connected: 1 or 0.',
      ({ isConnected }) => (isConnected ? 1 : 0),
    );
    this.peerGauge('etcd_network_known_peers', 'Peers that are known: 1 each.', () => 1);
  }

  private peerGauge(name: string, help: string, read: (peer: PeerSource) => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: ['Local', 'Remote'],
      registers: [this.registry],
      collect: () => {
        for (const peer of this.sources?.peers() ?? [])
          gauge.set({ Local: this.memberId, Remote: peer.peer }, read(peer));
      },
    });
  }
}

/** Calls that are not unary, in the words of gRPC's own metrics. */
const STREAM_TYPES: ReadonlyMap<string, string> = new Map([
  ['/etcdserverpb.Watch/Watch', 'bidi_stream'],
  ['/etcdserverpb.Lease/LeaseKeepAlive', 'bidi_stream'],
  ['/grpc.health.v1.Health/Watch', 'server_stream'],
]);

function callLabels(path: string): Record<string, string> {
  const [, service = '', method = ''] = path.split('/');
  return { grpc_type: STREAM_TYPES.get(path) ?? 'unary', grpc_service: service, grpc_method: method };
}

/** gRPC's names of its status codes, by number. */
const CODE_NAMES: readonly string[] = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];
