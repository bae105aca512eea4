/** The few ways in which planted bugs reach into a Raft core. Only mutants may do this. */
import { type ConsensusCore, type Effect, type Input, RaftCore } from '@synod/consensus';
import type { RaftMessage } from '@synod/consensus/raft/messages.ts';
import { RuleBroken } from '../checkers/rule-broken.ts';

type SendEffect = Extract<Effect, { kind: 'send' }>;

function asRaft(core: ConsensusCore): RaftCore {
  if (core instanceof RaftCore) return core;
  throw new RuleBroken('mutant', 'this bug can be planted in Raft only');
}

/** Something happens right after each step, before its effects are looked at. */
export function afterEachStep(act: (core: RaftCore, input: Input) => void): (core: ConsensusCore) => void {
  return (core) => {
    const raft = asRaft(core);
    const step = raft.step.bind(raft);
    raft.step = (input) => {
      step(input);
      act(raft, input);
    };
  };
}

/** Inputs are others than they were. */
export function insteadOfInput(
  change: (core: RaftCore, input: Input) => Input | undefined,
): (core: ConsensusCore) => void {
  return (core) => {
    const raft = asRaft(core);
    const step = raft.step.bind(raft);
    raft.step = (input) => {
      const changed = change(raft, input);
      if (changed !== undefined) step(changed);
    };
  };
}

/** Something happens around each step. */
export function insteadOfStep(
  act: (core: RaftCore, input: Input, step: () => void) => void,
): (core: ConsensusCore) => void {
  return (core) => {
    const raft = asRaft(core);
    const step = raft.step.bind(raft);
    raft.step = (input) => act(raft, input, () => step(input));
  };
}

/** Messages of one kind leave otherwise than the core said. */
export function insteadOfSend<Kind extends RaftMessage['kind']>(
  kind: Kind,
  change: (
    core: RaftCore,
    message: Extract<RaftMessage, { kind: Kind }>,
    send: SendEffect,
  ) => Partial<SendEffect>,
): (core: ConsensusCore) => void {
  return (core) => {
    const raft = asRaft(core);
    const drain = raft.drain.bind(raft);
    raft.drain = () =>
      drain().map((effect) => {
        if (effect.kind !== 'send' || effect.message.kind !== kind) return effect;
        const message = effect.message as Extract<RaftMessage, { kind: Kind }>;
        return { ...effect, ...change(raft, message, effect) };
      });
  };
}
