/** A member's metrics on sources and clocks that a test moves, and what a scrape shows of them. */
import { memberId } from '@synod/consensus';
import { type KeyspaceTally, revision } from '@synod/coordination';
import { EVERYTHING } from '../../../coordination/test/keyspace/everything.ts';
import { SlowRequests } from '../../src/log/slow-requests.ts';
import type { TimedCall } from '../../src/metrics/call-times.ts';
import { MemberMetrics } from '../../src/metrics/member-metrics.ts';

/** What the sources tell; a test changes it. */
export function metricWorld() {
  return {
    nowMs: 0,
    unixMs: 1_700_000_000_500,
    currentRevision: 7,
    compactRevision: 3,
    authRevision: 4,
    keys: 5,
    keyspace: {
      ranges: 11,
      puts: 12,
      putBytes: 13,
      deletions: 14,
      transactions: 15,
      rowsCompacted: 16,
      compactions: 17,
    } satisfies KeyspaceTally,
    leasesRenewed: 18,
    leasesExpired: 19,
    store: { totalBytes: 8192, usedBytes: 4096 },
    storeBytesMax: 16_384,
    openReads: 2,
    isDefragmenting: true,
    alarms: [{ member: 'bbbb', name: 'NOSPACE' }],
    pending: 2,
    failed: 21,
    committed: 41,
    applied: 40,
    replica: {
      lateHeartbeats: 22,
      readRoundsFailed: 23,
      readRoundsSlow: 24,
      sendingSnapshotsTo: ['bbbb'] as readonly string[],
      receivingSnapshotFrom: 'cccc' as string | undefined,
      isRestoring: true,
    },
    watchers: 6,
    slowWatchers: 1,
    watchStreams: 4,
    isLearner: false,
    client: { received: 100, sent: 200 },
    peers: [{ peer: 'bbbb', bytesSent: 10, bytesReceived: 20, framesDropped: 3, isConnected: true }],
  };
}

export function connectedMetrics(world: ReturnType<typeof metricWorld>, timesCalls = true): MemberMetrics {
  const metrics = new MemberMetrics(
    {
      memberId: 'aaaa',
      serverVersion: '3.7.0',
      clusterVersion: '3.7.0',
      features: { InitialCorruptCheck: true, CompactHashCheck: false },
    },
    {
      slow: new SlowRequests({ applyMs: 100, requestMs: 300 }, { warn: () => {} }, () => world.nowMs),
      timesCalls,
      clocks: { nowMs: () => world.nowMs, unixMs: () => world.unixMs },
    },
  );
  metrics.connect({
    currentRevision: () => world.currentRevision,
    compactRevision: () => world.compactRevision,
    authRevision: () => world.authRevision,
    keys: () => world.keys,
    keyspace: () => world.keyspace,
    leasesRenewed: () => world.leasesRenewed,
    leasesExpired: () => world.leasesExpired,
    storeBytes: () => world.store,
    storeBytesMax: () => world.storeBytesMax,
    openReads: () => world.openReads,
    isDefragmenting: () => world.isDefragmenting,
    alarms: () => world.alarms,
    proposalsPending: () => world.pending,
    proposalsFailed: () => world.failed,
    committedIndex: () => world.committed,
    appliedIndex: () => world.applied,
    replica: () => world.replica,
    watchers: () => world.watchers,
    slowWatchers: () => world.slowWatchers,
    watchStreams: () => world.watchStreams,
    clientBytes: () => world.client,
    peers: () => world.peers,
    isLearner: () => world.isLearner,
  });
  return metrics;
}

export function aCall(path: string): TimedCall {
  return { path, begunMs: 0 };
}

/** Every metric with a label has a sample then. */
export function usedMetrics(world = metricWorld()): MemberMetrics {
  const metrics = connectedMetrics(world);
  const { calls, peers, protocol, requests, applies } = metrics;
  const [put, watch] = [aCall('/etcdserverpb.KV/Put'), aCall('/etcdserverpb.Watch/Watch')];
  calls.callStarted(put, '3.7.0');
  calls.callEnded(put, 0);
  calls.callEnded(watch, 13);
  peers.roundTrip('bbbb', 3);
  peers.disconnected('bbbb');
  peers.receiveFailed('bbbb');
  for (const ok of [true, false]) {
    peers.snapshotSent({ ...SNAPSHOT, kind: 'snapshotSent', to: PEER, ok });
    peers.snapshotReceived({ ...SNAPSHOT, kind: 'snapshotReceived', from: PEER, ok, syncMs: undefined });
  }
  protocol.learnerNotPromoted('it lags');
  protocol.checked('livez', 'serializable_read', true);
  requests.rangeRead(1, true);
  requests.rangeAnswered(EVERYTHING, 1, true);
  applies.entryBegins();
  applies.entryApplied([{ module: 'auth', kind: 'enable' }], [{ kind: 'authChanged', revision: REVISION }]);
  return metrics;
}

const PEER = memberId('00000000000000bb');
const REVISION = revision(1);
const SNAPSHOT = { index: 9, bytes: 100, milliseconds: 250 } as const;

/** Values by name with labels, as the text has them. */
export async function scrape(metrics: MemberMetrics): Promise<ReadonlyMap<string, number>> {
  return samplesIn(await metrics.registry.metrics());
}

export function samplesIn(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const blank = line.lastIndexOf(' ');
    values.set(line.slice(0, blank), Number(line.slice(blank + 1)));
  }
  return values;
}
