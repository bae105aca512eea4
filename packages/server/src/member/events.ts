/** What happens inside a member as lines of its log. */
import { type Observer, type ReplicaEvent, unreachable } from '@synod/consensus';
import type { MemberEvent } from '@synod/coordination';
import type { Log } from '../log/log.ts';
import type { TransportObserver } from '../transport/peer-transport.ts';
import { corruptionLine } from './corruption-line.ts';

/** `onFatal` ends the member; `onSynced` is for the metrics. */
export function replicaObserver(
  log: Log,
  react: {
    readonly onFatal: (reason: string) => void;
    readonly onSynced: (bytes: number, milliseconds: number) => void;
  },
): Observer {
  return {
    observe(event: ReplicaEvent) {
      const { kind, ...facts } = event;
      switch (event.kind) {
        case 'synced':
          react.onSynced(event.bytes, event.milliseconds);
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
          log.info('wrote a snapshot', facts);
          return;
        case 'snapshotSent':
          if (event.ok) log.info('sent a snapshot', facts);
          else log.warn('could not send a snapshot; it is tried again', facts);
          return;
        case 'snapshotReceived':
          if (event.ok) log.info('received a snapshot', facts);
          else log.warn('could not receive a snapshot; it is tried again', facts);
          return;
        case 'stateRegained':
          log.info('took the state of another member in the place of the one that was set aside', facts);
          return;
        case 'malformedMessage':
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

/** `nameOf` has the name of a member by its id. */
export function transportObserver(
  log: Log,
  nameOf: (peer: string) => string | undefined,
  roundTrip: (peer: string, milliseconds: number) => void,
): TransportObserver {
  const facts = (peer: string) => ({ peer, name: nameOf(peer) });
  return {
    connected: (peer) => log.info('connected to a peer', facts(peer)),
    disconnected: (peer) => log.warn('lost the connection to a peer; trying again', facts(peer)),
    refused: (peer, reason) => log.warn(reason, facts(peer)),
    roundTrip,
  };
}

/** `known` has a member's name, and a description with its addresses, by its id; `onFatal` ends the member. */
export function memberObserver(
  log: Log,
  known: {
    readonly nameOf: (peer: string) => string | undefined;
    readonly describe: (peer: string) => string;
  },
  onFatal: (reason: string) => void,
): (event: MemberEvent) => void {
  return (event) => {
    switch (event.kind) {
      case 'malformedCall':
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
        onFatal(`the state could not be committed: ${event.detail}`);
        return;
      default:
        unreachable(event);
    }
  };
}
