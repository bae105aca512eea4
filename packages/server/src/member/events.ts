/** What happens inside a member as lines of its log. */
import { type Observer, type ReplicaEvent, unreachable } from '@synod/consensus';
import type { MemberEvent } from '@synod/coordination';
import type { Log } from '../log/log.ts';
import type { DiskMetrics } from '../metrics/disk-metrics.ts';
import type { PeerMetrics } from '../metrics/peer-metrics.ts';
import type { TransportObserver } from '../transport/peer-transport.ts';
import { corruptionLine } from './corruption-line.ts';

export type SnapshotEvent = Extract<
  ReplicaEvent,
  { kind: 'snapshotWritten' | 'snapshotSent' | 'snapshotReceived' }
>;

/** `onFatal` ends the member; the others are for the metrics. */
export function replicaObserver(
  log: Log,
  react: {
    readonly onFatal: (reason: string) => void;
    readonly onSynced: (bytes: number) => void;
    /** A snapshot was written, sent or received, well or not. */
    readonly onSnapshot: (event: SnapshotEvent) => void;
    readonly onMalformed: (from: string) => void;
  },
): Observer {
  return {
    observe(event: ReplicaEvent) {
      const { kind, ...facts } = event;
      switch (event.kind) {
        case 'synced':
          react.onSynced(event.bytes);
          return;
        case 'recovered':
          log.info('recovered the journal', { ...facts, milliseconds: Math.round(event.milliseconds) });
          if (event.tornBytes > 0)
            log.warn('cut an unfinished last write off the journal; nothing acknowledged was in it', {
              bytes: event.tornBytes,
            });
          return;
        case 'roleChanged':
          log.info(`is now ${event.role}`, facts);
          return;
        case 'trimmed':
          log.debug('trimmed the log', facts);
          return;
        case 'snapshotWritten':
          react.onSnapshot(event);
          log.info('wrote a snapshot', rounded(facts));
          return;
        case 'snapshotSent':
          react.onSnapshot(event);
          if (event.ok) log.info('sent a snapshot', rounded(facts));
          else log.warn('could not send a snapshot; it is tried again', rounded(facts));
          return;
        case 'snapshotReceived':
          react.onSnapshot(event);
          if (event.ok) log.info('received a snapshot', rounded(facts));
          else log.warn('could not receive a snapshot; it is tried again', rounded(facts));
          return;
        case 'stateRegained':
          log.info('took the state of another member in the place of the one that was set aside', facts);
          return;
        case 'malformedMessage':
          react.onMalformed(event.from);
          log.warn('a peer sent a message that cannot be read', facts);
          return;
        case 'membershipChanged': {
          const { voters, outgoingVoters, learners } = event.membership;
          log.info('the membership changed', {
            voters,
            'outgoing-voters': outgoingVoters,
            learners,
            index: event.index,
          });
          return;
        }
        case 'fatal':
          react.onFatal(event.reason);
      }
    },
  };
}

export function tellOfSnapshot(
  event: SnapshotEvent,
  disk: Pick<DiskMetrics, 'snapshotWritten' | 'snapshotReceived'>,
  peers: Pick<PeerMetrics, 'snapshotSent' | 'snapshotReceived'>,
): void {
  switch (event.kind) {
    case 'snapshotWritten':
      disk.snapshotWritten(event);
      return;
    case 'snapshotSent':
      peers.snapshotSent(event);
      return;
    case 'snapshotReceived':
      disk.snapshotReceived(event);
      peers.snapshotReceived(event);
      return;
    default:
      unreachable(event);
  }
}

/** For the log: nobody reads fractions of a millisecond. */
function rounded<Facts extends object>(facts: Facts): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === 'number' && /(milliseconds|Ms)$/.test(name) ? Math.round(value) : value,
    ]),
  );
}

/** `nameOf` has the name of a member by its id; `metrics` are told what the log is. */
export function transportObserver(
  log: Log,
  nameOf: (peer: string) => string | undefined,
  metrics: Pick<PeerMetrics, 'roundTrip' | 'disconnected' | 'receiveFailed'>,
): TransportObserver {
  const facts = (peer: string) => ({ peer, name: nameOf(peer) });
  return {
    connected: (peer) => log.info('connected to a peer', facts(peer)),
    disconnected: (peer) => {
      metrics.disconnected(peer);
      log.warn('lost the connection to a peer; trying again', facts(peer));
    },
    refused: (peer, reason) => log.warn(reason, facts(peer)),
    roundTrip: (peer, milliseconds) => metrics.roundTrip(peer, milliseconds),
    malformed: (peer) => metrics.receiveFailed(peer),
  };
}

/** `known` has a member's name, and a description with its addresses, by its id; `onFatal` ends the member. */
export function memberObserver(
  log: Log,
  known: {
    readonly nameOf: (peer: string) => string | undefined;
    readonly describe: (peer: string) => string;
  },
  react: { readonly onFatal: (reason: string) => void; readonly onMalformed: (from: string) => void },
): (event: MemberEvent) => void {
  return (event) => {
    switch (event.kind) {
      case 'malformedCall':
        react.onMalformed(event.from);
        log.warn('a peer sent a call that cannot be read', { from: event.from, detail: event.detail });
        return;
      case 'outOfSpace':
        log.warn(
          'the store is at its quota: raising the alarm, and no member takes more until there is space',
          {
            'stored-bytes': event.storedBytes,
            'quota-bytes': event.storeBytesMax,
            'what-to-do': 'delete keys and compact, or start the members with a larger --quota-backend-bytes',
          },
        );
        return;
      case 'autoCompacted':
        if (event.failure === undefined) log.info('completed auto compaction', { revision: event.upTo });
        else
          log.warn('failed auto compaction; it is tried again', {
            revision: event.upTo,
            reason: event.failure,
          });
        return;
      case 'corruption':
        corruptionLine(log, event.event, (peer) => known.nameOf(peer));
        return;
      case 'leaderless': {
        const seconds = Math.round(event.leaderlessMs / 1_000);
        log.warn(`no leader for ${seconds} s; a majority of the members must run and reach each other`, {
          unreachable: event.unreachable.map((peer) => known.describe(peer)),
        });
        return;
      }
      case 'commitFailed':
        react.onFatal(`the state could not be committed: ${event.detail}`);
        return;
      default:
        unreachable(event);
    }
  };
}
