/** One Paxos core alone, for tests that give it an input and compare the exact effects. */
import type { Effect } from '../../src/core/effects.ts';
import type { Entry } from '../../src/core/entry.ts';
import type { Input } from '../../src/core/inputs.ts';
import { type QuorumSizes, simpleMembership } from '../../src/core/membership.ts';
import { epoch, logIndex, type MemberId, ticket } from '../../src/core/numbers.ts';
import { encodeHardState } from '../../src/paxos/hard-state.ts';
import { assertFullInvariants, assertStep, beforeStep } from '../../src/paxos/invariants.ts';
import type { PaxosMessage, PromiseChunk } from '../../src/paxos/messages.ts';
import { createPaxosCore, type PaxosCore, type PaxosOptions } from '../../src/paxos/paxos-core.ts';
import { idOf } from '../harness/member-names.ts';

export interface Past extends Partial<PaxosOptions> {
  readonly voters?: readonly number[];
  readonly learners?: readonly number[];
  readonly quorum?: QuorumSizes;
  /** The durable promise, and to whom. */
  readonly promised?: number;
  readonly owner?: number;
  /** Up to here the journal says that slots are chosen. */
  readonly chosenUpTo?: number;
  readonly slots?: readonly Entry[];
  /** The state machine holds everything up to here. */
  readonly stateIndex?: number;
}

export function value(slot: number, ballot: number, text = `${slot}@${ballot}`): Entry {
  return {
    index: logIndex(slot),
    epoch: epoch(ballot),
    kind: 'command',
    payload: new TextEncoder().encode(text),
  };
}

/** Replica 1 with this past. */
export function coreWith(past: Past = {}): PaxosCore {
  const { voters = [1, 2, 3], learners = [], slots = [], promised = 0, quorum, ...options } = past;
  const simple = simpleMembership({ voters: voters.map(idOf), learners: learners.map(idOf) });
  return createPaxosCore({
    id: idOf(1),
    incarnation: 1,
    random: () => 0,
    electionTimeoutTicks: 5,
    protocolRecovered: {
      hardState: encodeHardState({
        promised: epoch(promised),
        owner: past.owner === undefined ? undefined : idOf(past.owner),
        chosenUpTo: logIndex(past.chosenUpTo ?? 0),
      }),
      snapshot: {
        index: logIndex(0),
        epoch: epoch(0),
        membership: quorum === undefined ? simple : { ...simple, quorum },
      },
      entries: slots,
      stateIndex: logIndex(past.stateIndex ?? 0),
    },
    ...options,
  });
}

/** One input, held to the invariants; its effects. */
export function give(core: PaxosCore, input: Input): Effect[] {
  const before = beforeStep(core.state);
  core.step(input);
  assertFullInvariants(core.state);
  assertStep(before, core.state);
  return core.drain();
}

export function hear(core: PaxosCore, from: number | MemberId, message: PaxosMessage): Effect[] {
  return give(core, { kind: 'message', from: typeof from === 'number' ? idOf(from) : from, message });
}

/** Everything written so far becomes durable. */
export function makeDurable(core: PaxosCore): Effect[] {
  return give(core, { kind: 'durable', ticket: ticket(core.state.outbox.lastTicket) });
}

export function propose(core: PaxosCore, ...texts: string[]): Effect[] {
  return give(core, { kind: 'propose', payloads: texts.map((text) => new TextEncoder().encode(text)) });
}

/** Answers polls with "not content" until it stands; the effects of standing. */
export function tickUntilItStands(core: PaxosCore, content = false): Effect[] {
  for (let i = 0; i < 40; i++) {
    const effects = give(core, { kind: 'tick' });
    if (core.state.role.kind === 'candidate') return effects;
    for (const id of core.state.memberships.latest.membership.voters)
      if (id !== core.id)
        hear(core, id, {
          kind: 'pollReply',
          round: core.state.poll.number,
          ballot: epoch(0),
          content,
          chosenUpTo: logIndex(0),
        });
  }
  return [];
}

/** A whole promise for its ballot, with these slots in it. */
export function promiseOf(core: PaxosCore, told: Partial<PromiseChunk> = {}): PromiseChunk {
  const entries = told.entries ?? [];
  return {
    kind: 'promise',
    ballot: core.state.promised,
    from: logIndex(core.state.commitIndex + 1),
    upTo: logIndex(entries.at(-1)?.index ?? core.state.commitIndex),
    more: false,
    chosenUpTo: logIndex(0),
    trimmedIndex: logIndex(0),
    unknown: [],
    ...told,
    entries,
  };
}

/** Makes it a leader by its own promise and empty ones of 2 and, if need be, the others; the effects of the last one. */
export function makeLeader(core: PaxosCore): Effect[] {
  tickUntilItStands(core);
  let effects = makeDurable(core);
  for (const id of core.state.memberships.latest.membership.voters)
    if (id !== core.id && core.state.role.kind === 'candidate') effects = hear(core, id, promiseOf(core));
  return effects;
}

export function accepted(core: PaxosCore, first: number, last = first): PaxosMessage {
  return {
    kind: 'accepted',
    ballot: core.state.promised,
    first: logIndex(first),
    last: logIndex(last),
    chosenUpTo: core.state.commitIndex,
  };
}

/** Messages among effects, without their envelope. */
export function messagesOf(effects: readonly Effect[]): PaxosMessage[] {
  return effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message as PaxosMessage] : []));
}

/** The values of an Accept to one member, as text. */
export function proposedTo(effects: readonly Effect[], to: number): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'send' || effect.to !== idOf(to)) return [];
    const message = effect.message as PaxosMessage;
    if (message.kind !== 'accept') return [];
    return message.entries.map(({ index, kind, payload }) =>
      kind === 'noop' ? `${index} noop` : `${index} ${new TextDecoder().decode(payload)}`,
    );
  });
}
