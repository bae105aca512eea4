/** The few ways in which planted bugs reach into a core. Only mutants may do this. */
import type { ConsensusCore, Effect, Input, PeerMessage } from '@synod/consensus';

export type SendEffect = Extract<Effect, { kind: 'send' }>;
export type PatchCore = (core: ConsensusCore) => void;

/** The ways for one protocol. `as` makes sure that the bug is planted in the core it was written for. */
export function patchesOf<Core extends ConsensusCore, Message extends PeerMessage>(
  as: (core: ConsensusCore) => Core,
) {
  return {
    /** Something happens right after each step, before its effects are looked at. */
    afterEachStep:
      (act: (core: Core, input: Input) => void): PatchCore =>
      (plain) => {
        const core = as(plain);
        const step = core.step.bind(core);
        core.step = (input) => {
          step(input);
          act(core, input);
        };
      },

    /** Something happens around each step. */
    insteadOfStep:
      (act: (core: Core, input: Input, step: () => void) => void): PatchCore =>
      (plain) => {
        const core = as(plain);
        const step = core.step.bind(core);
        core.step = (input) => act(core, input, () => step(input));
      },

    /** Inputs are others than they were. */
    insteadOfInput:
      (change: (core: Core, input: Input) => Input | undefined): PatchCore =>
      (plain) => {
        const core = as(plain);
        const step = core.step.bind(core);
        core.step = (input) => {
          const changed = change(core, input);
          if (changed !== undefined) step(changed);
        };
      },

    /** Messages of one kind come in otherwise than they were sent. */
    insteadOfMessage:
      <Kind extends Message['kind']>(
        kind: Kind,
        change: (core: Core, message: Extract<Message, { kind: Kind }>, from: string) => Message | undefined,
      ): PatchCore =>
      (plain) => {
        const core = as(plain);
        const step = core.step.bind(core);
        core.step = (input) => {
          if (input.kind !== 'message' || input.message.kind !== kind) return step(input);
          const message = change(core, input.message as Extract<Message, { kind: Kind }>, input.from);
          if (message !== undefined) step({ ...input, message });
        };
      },

    /** Messages of one kind leave otherwise than the core said. */
    insteadOfSend:
      <Kind extends Message['kind']>(
        kind: Kind,
        change: (
          core: Core,
          message: Extract<Message, { kind: Kind }>,
          send: SendEffect,
        ) => Partial<SendEffect>,
      ): PatchCore =>
      (plain) => {
        const core = as(plain);
        const drain = core.drain.bind(core);
        core.drain = () =>
          drain().map((effect) => {
            if (effect.kind !== 'send' || effect.message.kind !== kind) return effect;
            const message = effect.message as Extract<Message, { kind: Kind }>;
            return { ...effect, ...change(core, message, effect) };
          });
      },
  };
}
