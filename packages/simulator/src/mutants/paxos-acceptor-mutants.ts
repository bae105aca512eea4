/** Bugs planted in acceptors and learners of Multi-Paxos: what they promise, accept, keep, and take for chosen. */
import { epoch, logIndex, NO_TICKET } from '@synod/consensus';
import { acceptOne } from '@synod/consensus/paxos/acceptor.ts';
import { ballotTag } from '@synod/consensus/paxos/ballot.ts';
import { decodeHardState, encodeHardState } from '@synod/consensus/paxos/hard-state.ts';
import { commitUpTo } from '@synod/consensus/paxos/learner.ts';
import type { Accept } from '@synod/consensus/paxos/messages.ts';
import type { PaxosState } from '@synod/consensus/paxos/state.ts';
import type { Mutant } from './mutant.ts';
import { afterEachStep, insteadOfMessage, insteadOfSend } from './paxos-patches.ts';

const forgetPromise: Mutant['recovered'] = (found) =>
  found.hardState === undefined
    ? found
    : {
        ...found,
        hardState: encodeHardState({
          ...decodeHardState(found.hardState),
          promised: epoch(0),
          owner: undefined,
        }),
      };

/** Takes the values and answers, and leaves the promise as it is. */
function acceptOnly(state: PaxosState, from: string, { ballot, entries }: Accept): void {
  for (const entry of entries) acceptOne(state, entry);
  state.outbox.sendAfterLog(from as never, {
    kind: 'accepted',
    ballot,
    first: entries[0]!.index,
    last: entries.at(-1)!.index,
    chosenUpTo: state.durableCommit,
  });
  state.outbox.endStep();
}

/** Up to where slots are filled without a gap. */
function filledUpTo(state: PaxosState): number {
  let slot: number = state.commitIndex;
  while (state.slots.at(slot + 1) !== undefined) slot++;
  return slot;
}

export const PAXOS_ACCEPTOR_MUTANTS: readonly Mutant[] = [
  {
    name: 'ballot-reused-after-crash',
    of: 'P3: a ballot reused after a crash',
    what: 'a new life knows nothing of its last ballot, and does not mark its own as another’s',
    protocol: 'paxos',
    recovered: forgetPromise,
    core: (core) => {
      const { state } = core as unknown as { state: { settings: { ballotTag: number } } };
      state.settings.ballotTag = ballotTag(core.id, 0);
    },
  },
  {
    name: 'promise-forgotten-at-restart',
    of: 'P4',
    what: 'a restarted acceptor does not know what it promised',
    protocol: 'paxos',
    recovered: forgetPromise,
  },
  {
    name: 'promise-before-durable',
    of: 'P4: durable before it is sent',
    what: 'a promise leaves before it is durable',
    protocol: 'paxos',
    core: insteadOfSend('promise', () => ({ after: NO_TICKET })),
  },
  {
    name: 'accepted-before-durable',
    of: 'P5: durable before it is sent',
    what: 'an acceptance leaves before it is durable',
    protocol: 'paxos',
    core: insteadOfSend('accepted', () => ({ after: NO_TICKET })),
  },
  {
    name: 'accepting-without-promising',
    of: 'P5: accepting without raising promised',
    what: 'an acceptance of a higher ballot does not raise the promise',
    protocol: 'paxos',
    core: insteadOfMessage('accept', ({ state }, message, from) => {
      if (message.ballot <= state.promised) return message;
      acceptOnly(state, from, message);
      return undefined;
    }),
  },
  {
    name: 'lower-ballot-accepted',
    of: 'P4',
    what: 'an acceptor takes what comes at a ballot below its promise',
    protocol: 'paxos',
    core: insteadOfMessage('accept', ({ state }, message, from) => {
      if (message.ballot >= state.promised) return message;
      acceptOnly(state, from, message);
      return undefined;
    }),
  },
  {
    name: 'acknowledges-gaps',
    of: 'P5',
    what: 'an acknowledgement covers all slots up to the last one, gaps included',
    protocol: 'paxos',
    core: insteadOfSend('accepted', ({ state }, message) => ({
      message: { ...message, first: logIndex(state.commitIndex + 1), last: state.slots.lastIndex },
    })),
  },
  {
    name: 'chosen-left-out-of-promise',
    of: 'P14: slots trimmed or chosen left out of a promise',
    what: 'a promise lists what is open, and does not say what is chosen or trimmed',
    protocol: 'paxos',
    core: insteadOfSend('promise', (_, message) => ({
      message: { ...message, chosenUpTo: logIndex(0), trimmedIndex: logIndex(0) },
    })),
  },
  {
    name: 'promise-overstates-chosen',
    of: 'P14',
    what: 'a promise says that everything accepted is chosen',
    protocol: 'paxos',
    core: insteadOfSend('promise', ({ state }, message) => ({
      message: { ...message, chosenUpTo: state.slots.lastIndex },
    })),
  },
  {
    name: 'apply-skips-a-slot',
    of: 'P10',
    what: 'of several slots that are handed out at once the first is left out',
    protocol: 'paxos',
    core: (core) => {
      const drain = core.drain.bind(core);
      core.drain = () =>
        drain().map((effect) =>
          effect.kind === 'apply' && effect.entries.length > 1
            ? { ...effect, entries: effect.entries.slice(1) }
            : effect,
        );
    },
  },
  {
    name: 'unreadable-reported-empty',
    of: 'P16: an unreadable slot reported empty',
    what: 'of a slot that a restart cannot read an acceptor says that it is empty',
    protocol: 'paxos',
    recovered: (found) => {
      const chosenUpTo = found.hardState === undefined ? 0 : decodeHardState(found.hardState).chosenUpTo;
      const lost = found.entries.findLast(({ index }) => index > chosenUpTo)?.index;
      return { ...found, entries: found.entries.filter(({ index }) => index !== lost) };
    },
  },
  {
    name: 'snapshot-drops-accepted',
    of: 'P4',
    what: 'a snapshot takes the slots above it along',
    protocol: 'paxos',
    core: afterEachStep(({ state }) => {
      state.slots.reset = (index, ballot) => {
        const inside = state.slots as unknown as { entries: unknown[]; bytes: number };
        inside.entries = [];
        inside.bytes = 0;
        state.slots.trimmedIndex = index;
        state.slots.trimmedEpoch = ballot;
      };
    }),
  },
  {
    name: 'commit-of-lower-ballot',
    of: 'P8: the commit applied to a value of a lower ballot',
    what: 'a follower takes its own values for chosen, whatever ballot they are of',
    protocol: 'paxos',
    core: afterEachStep(({ state }, input) => {
      if (input.kind !== 'message' || state.role.kind !== 'follower') return;
      const { kind } = input.message;
      if (kind !== 'heartbeat' && kind !== 'accept' && kind !== 'commitNotice') return;
      const { commitIndex, ballot } = input.message as unknown as { commitIndex: number; ballot: number };
      if (ballot === state.promised && state.restoringIndex === undefined)
        commitUpTo(state, logIndex(Math.min(commitIndex, filledUpTo(state))));
    }),
  },
];
