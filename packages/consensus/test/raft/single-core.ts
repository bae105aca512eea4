/** One core alone, for tests that give it an input and compare the exact effects. */
import type { Effect } from '../../src/core/effects.ts';
import type { Entry } from '../../src/core/entry.ts';
import type { Input } from '../../src/core/inputs.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import { epoch, logIndex, ticket } from '../../src/core/numbers.ts';
import { encodeHardState } from '../../src/raft/hard-state.ts';
import { assertFullInvariants, assertStep, beforeStep } from '../../src/raft/invariants.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import { createRaftCore, type RaftCore, type RaftOptions } from '../../src/raft/raft-core.ts';
import { idOf } from '../harness/member-names.ts';

export interface Past extends Partial<RaftOptions> {
  readonly voters?: readonly number[];
  readonly learners?: readonly number[];
  /** The durable term; by default that of the last entry. */
  readonly term?: number;
  readonly vote?: number;
  /** Terms of the entries from index 1. */
  readonly log?: readonly number[];
  /** What the state machine was found to hold. */
  readonly stateIndex?: number;
}

export function entry(index: number, term: number, text = `${index}@${term}`): Entry {
  return {
    index: logIndex(index),
    epoch: epoch(term),
    kind: 'command',
    payload: new TextEncoder().encode(text),
  };
}

/** Replica 1 with this past. */
export function coreWith(past: Past = {}): RaftCore {
  const { voters = [1, 2, 3], learners = [], log = [], stateIndex = 0, ...options } = past;
  const term = past.term ?? log.at(-1) ?? 0;
  return createRaftCore({
    id: idOf(1),
    random: () => 0,
    electionTimeoutTicks: 5,
    protocolRecovered: {
      hardState: encodeHardState({
        term: epoch(term),
        vote: past.vote === undefined ? undefined : idOf(past.vote),
      }),
      snapshot: {
        index: logIndex(0),
        epoch: epoch(0),
        membership: simpleMembership({ voters: voters.map(idOf), learners: learners.map(idOf) }),
      },
      entries: log.map((entryTerm, i) => entry(i + 1, entryTerm)),
      stateIndex: logIndex(stateIndex),
    },
    ...options,
  });
}

/** One input, held to the invariants; its effects. */
export function give(core: RaftCore, input: Input): Effect[] {
  const before = beforeStep(core.state);
  core.step(input);
  assertFullInvariants(core.state);
  assertStep(before, core.state);
  return core.drain();
}

export function hear(core: RaftCore, from: number, message: RaftMessage): Effect[] {
  return give(core, { kind: 'message', from: idOf(from), message });
}

/** Everything written so far becomes durable. */
export function makeDurable(core: RaftCore): Effect[] {
  return give(core, { kind: 'durable', ticket: ticket(core.state.outbox.lastTicket) });
}

export function tickUntilCampaign(core: RaftCore): Effect[] {
  for (let i = 0; i < 100; i++) {
    const effects = give(core, { kind: 'tick' });
    if (core.state.role.kind !== 'follower') return effects;
  }
  return [];
}

/** Makes it leader of the next term, by the votes of all others; the effects of winning. */
export function makeLeader(core: RaftCore): Effect[] {
  tickUntilCampaign(core);
  const { voters, outgoingVoters } = core.status().membership;
  const others = [...new Set([...voters, ...outgoingVoters])].filter((id) => id !== core.id);
  if (core.state.role.kind === 'preCandidate')
    for (const from of others) {
      const { campaign, term } = core.state;
      core.step({
        kind: 'message',
        from,
        message: {
          kind: 'preVoteResponse',
          term,
          campaign,
          granted: true,
          fresherLog: undefined,
        } as RaftMessage,
      });
    }
  makeDurable(core);
  let won: Effect[] = [];
  for (const from of others) {
    if (core.state.role.kind !== 'candidate') break;
    const message: RaftMessage = {
      kind: 'voteResponse',
      term: core.state.term,
      granted: true,
      fresherLog: undefined,
    };
    won = give(core, { kind: 'message', from, message });
  }
  return won;
}

/** Messages among effects, without their envelope. */
export function messagesOf(effects: readonly Effect[]): RaftMessage[] {
  return effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message as RaftMessage] : []));
}
