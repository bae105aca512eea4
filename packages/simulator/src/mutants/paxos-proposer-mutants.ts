/** Bugs planted in phase 1 of Multi-Paxos: who may lead, and what a new leader proposes again. */
import { type Entry, NO_INDEX, NO_TICKET, type PaxosCore } from '@synod/consensus';
import type { Promises } from '@synod/consensus/paxos/promises.ts';
import { campaign, continuePhase1 } from '@synod/consensus/paxos/proposer.ts';
import type { Mutant } from './mutant.ts';
import {
  afterEachStep,
  insteadOfInput,
  insteadOfMessage,
  insteadOfSend,
  insteadOfStep,
} from './paxos-patches.ts';

interface PromisesInside {
  readonly byMember: ReadonlyMap<
    string,
    { readonly whole: boolean; readonly entries: ReadonlyMap<number, Entry> }
  >;
}

/** Candidates hear their promises otherwise. */
function withPromises(change: (promises: Promises, core: PaxosCore) => void) {
  return afterEachStep((core) => {
    if (core.state.role.kind === 'candidate') change(core.state.role.promises, core);
  });
}

export const PAXOS_PROPOSER_MUTANTS: readonly Mutant[] = [
  {
    name: 'prepare-before-durable',
    of: 'P3: durable before it is sent',
    what: 'a proposer asks before its own promise is durable',
    protocol: 'paxos',
    core: insteadOfSend('prepare', () => ({ after: NO_TICKET })),
  },
  {
    name: 'promise-with-a-chunk-missing',
    of: 'P6: a promise taken as whole with a chunk missing',
    what: 'the first chunk of a promise is taken for all of it',
    protocol: 'paxos',
    core: insteadOfMessage('promise', (_, message) => ({ ...message, more: false })),
  },
  {
    name: 'stale-promises-counted',
    of: 'P6',
    what: 'a promise of another ballot counts',
    protocol: 'paxos',
    timing: 'asynchronous',
    core: insteadOfMessage('promise', ({ state }, message) => ({ ...message, ballot: state.promised })),
  },
  {
    name: 'half-for-a-majority',
    of: 'P12: Q1 and majority mixed up',
    what: 'half of an even number of voters completes phase 1, as it does phase 2',
    protocol: 'paxos',
    core: afterEachStep(({ state }) => {
      const { role, memberships } = state;
      const { voters } = memberships.latest.membership;
      if (role.kind !== 'candidate' || voters.length % 2 === 1) return;
      const { isWhole } = role.promises;
      if (!isWhole(state.id) || 2 * voters.filter(isWhole).length !== voters.length) return;
      (role.promises as { isWhole: Promises['isWhole'] }).isWhole = () => true;
      continuePhase1(state);
      state.outbox.endStep();
    }),
  },
  {
    name: 'chosen-not-learned-first',
    of: 'P9: a no-op overwrites a chosen value',
    what: 'a candidate fills what others say is chosen, and does not learn it',
    protocol: 'paxos',
    core: withPromises((promises) =>
      Object.defineProperty(promises, 'highestChosen', { configurable: true, get: () => NO_INDEX }),
    ),
  },
  {
    name: 'no-op-over-accepted',
    of: 'P9',
    what: 'a new leader fills open slots with no-ops, whatever was accepted there',
    protocol: 'paxos',
    core: withPromises((promises) => {
      promises.valueAt = () => undefined;
    }),
  },
  {
    name: 'own-value-first',
    of: 'P6: the own wish instead of the highest ballot’s value',
    what: 'a new leader proposes what it accepted itself, whatever others tell of higher ballots',
    protocol: 'paxos',
    core: withPromises((promises, { state }) => {
      const highest = Object.getPrototypeOf(promises).valueAt as (slot: number) => Entry | undefined;
      promises.valueAt = (slot) => state.slots.at(slot) ?? highest.call(promises, slot);
    }),
  },
  {
    name: 'lowest-ballots-value',
    of: 'P6: the lowest ballot’s value',
    what: 'a new leader proposes the value of the lowest ballot it is told of',
    protocol: 'paxos',
    core: withPromises((promises) => {
      promises.valueAt = (slot) => {
        let lowest: Entry | undefined;
        for (const { whole, entries } of (promises as unknown as PromisesInside).byMember.values()) {
          const entry = whole ? entries.get(slot) : undefined;
          if (entry !== undefined && (lowest === undefined || entry.epoch < lowest.epoch)) lowest = entry;
        }
        return lowest;
      };
    }),
  },
  {
    name: 'duelling-proposers',
    of: 'R21: duelling proposers',
    what: 'who is overtaken by a higher ballot stands again at once',
    protocol: 'paxos',
    core: insteadOfStep(({ state }, input, step) => {
      const stood = state.role.kind !== 'follower';
      step();
      if (!stood || input.kind !== 'message' || state.role.kind !== 'follower' || !state.isVoter) return;
      campaign(state);
      state.outbox.endStep();
    }),
  },
  {
    name: 'content-for-ever',
    of: 'R21',
    what: 'nobody ever stands once there was a leader',
    protocol: 'paxos',
    core: insteadOfInput(({ state }, input) => {
      if (state.role.kind === 'follower' && state.owner !== undefined) state.poll.elapsedTicks = 0;
      return input;
    }),
  },
];
