/** What passes between this member and the others: bytes, round trips, snapshots, and what goes wrong. */
import type { ReplicaEvent } from '@synod/consensus';
import { Counts, Distributions, doubling, type Labels } from './distribution.ts';
import type { MetricFamilies } from './families.ts';

const ROUND_TRIP_BOUNDS = doubling(0.0001, 16);
const SNAPSHOT_BOUNDS = doubling(0.1, 10);

/** The link to a peer as it stands. */
export interface PeerSource {
  readonly peer: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Messages that found no connection, or a full queue. */
  readonly framesDropped: number;
  readonly isConnected: boolean;
}

/** Snapshots on their way. */
export interface SnapshotSource {
  readonly sendingSnapshotsTo: readonly string[];
  readonly receivingSnapshotFrom: string | undefined;
}

const to = (peer: string): Labels => ({ To: peer });
const from = (peer: string): Labels => ({ From: peer });

export class PeerMetrics {
  private readonly memberId: string;
  private readonly roundTrips = new Distributions(ROUND_TRIP_BOUNDS, to);
  private readonly disconnections: Counts;
  private readonly receiveFailures = new Counts(from);
  private readonly snapshotsSent = new Counts(to);
  private readonly snapshotsNotSent = new Counts(to);
  private readonly sendDurations = new Distributions(SNAPSHOT_BOUNDS, to);
  private readonly snapshotsReceived = new Counts(from);
  private readonly snapshotsNotReceived = new Counts(from);
  private readonly receiveDurations = new Distributions(SNAPSHOT_BOUNDS, from);

  constructor(families: MetricFamilies, memberId: string) {
    this.memberId = memberId;
    this.disconnections = new Counts((peer) => this.pair(peer));
    families.histograms(
      'etcd_network_peer_round_trip_time_seconds',
      'Round-trip time to each peer.',
      this.roundTrips,
    );
    const counters = [
      [
        'etcd_network_disconnected_peers_total',
        'How often the connection to each peer broke.',
        ['Local', 'Remote'],
        this.disconnections,
      ],
      [
        'etcd_network_peer_received_failures_total',
        'Messages of each peer that could not be read.',
        ['From'],
        this.receiveFailures,
      ],
      [
        'etcd_network_snapshot_send_success',
        'Snapshots that arrived at each peer.',
        ['To'],
        this.snapshotsSent,
      ],
      [
        'etcd_network_snapshot_send_failures',
        'Snapshots for each peer that did not arrive.',
        ['To'],
        this.snapshotsNotSent,
      ],
      [
        'etcd_network_snapshot_receive_success',
        'Snapshots that came from each peer.',
        ['From'],
        this.snapshotsReceived,
      ],
      [
        'etcd_network_snapshot_receive_failures',
        'Snapshots of each peer that came and were not good.',
        ['From'],
        this.snapshotsNotReceived,
      ],
    ] as const;
    for (const [name, help, labelNames, counts] of counters)
      families.counters(name, help, labelNames, () => counts);
    families.histograms(
      'etcd_network_snapshot_send_total_duration_seconds',
      'How long snapshots take to each peer, from the first offer on.',
      this.sendDurations,
    );
    families.histograms(
      'etcd_network_snapshot_receive_total_duration_seconds',
      'How long snapshots take from each peer, until they are whole on the disk.',
      this.receiveDurations,
    );
  }

  connect(
    families: MetricFamilies,
    peers: () => readonly PeerSource[],
    snapshots: () => SnapshotSource,
  ): void {
    const sent = (read: (peer: PeerSource) => number) => () =>
      peers().map((source) => [to(source.peer), read(source)] as const);
    families.counters(
      'etcd_network_peer_sent_bytes_total',
      'Bytes sent to each peer.',
      ['To'],
      sent(({ bytesSent }) => bytesSent),
    );
    families.counters(
      'etcd_network_peer_sent_failures_total',
      'Messages to each peer that were dropped: there was no connection, or its queue was full.',
      ['To'],
      sent(({ framesDropped }) => framesDropped),
    );
    families.counters(
      'etcd_network_peer_received_bytes_total',
      'Bytes received from each peer.',
      ['From'],
      () => peers().map(({ peer, bytesReceived }) => [from(peer), bytesReceived] as const),
    );
    families.gauges(
      'etcd_network_active_peers',
      'Whether each peer is connected: 1 or 0.',
      ['Local', 'Remote'],
      () => peers().map(({ peer, isConnected }) => [this.pair(peer), isConnected ? 1 : 0] as const),
    );
    families.gauges('etcd_network_known_peers', 'Peers that are known: 1 each.', ['Local', 'Remote'], () =>
      peers().map(({ peer }) => [this.pair(peer), 1] as const),
    );
    families.gauges(
      'etcd_network_snapshot_send_inflights_total',
      'Snapshots on their way to each peer.',
      ['To'],
      () => snapshots().sendingSnapshotsTo.map((peer) => [to(peer), 1] as const),
    );
    families.gauges(
      'etcd_network_snapshot_receive_inflights_total',
      'Snapshots on their way from each peer.',
      ['From'],
      () => {
        const { receivingSnapshotFrom: peer } = snapshots();
        return peer === undefined ? [] : [[from(peer), 1] as const];
      },
    );
  }

  roundTrip(peer: string, milliseconds: number): void {
    this.roundTrips.observe(peer, milliseconds / 1000);
  }

  disconnected(peer: string): void {
    this.disconnections.add(peer);
  }

  /** Something of a peer's could not be read. */
  receiveFailed(peer: string): void {
    this.receiveFailures.add(peer);
  }

  snapshotSent({ to: peer, ok, milliseconds }: Extract<ReplicaEvent, { kind: 'snapshotSent' }>): void {
    if (ok) this.sendDurations.observe(peer, milliseconds / 1000);
    (ok ? this.snapshotsSent : this.snapshotsNotSent).add(peer);
  }

  snapshotReceived({
    from: peer,
    ok,
    milliseconds,
  }: Extract<ReplicaEvent, { kind: 'snapshotReceived' }>): void {
    if (ok) this.receiveDurations.observe(peer, milliseconds / 1000);
    (ok ? this.snapshotsReceived : this.snapshotsNotReceived).add(peer);
  }

  private pair(peer: string): Labels {
    return { Local: this.memberId, Remote: peer };
  }
}
