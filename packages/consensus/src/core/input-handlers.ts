/** The shape of a core's table of inputs: total, so that an input without a decision does not compile. */
import type { Input } from './inputs.ts';

export type InputOf<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

/** What one protocol does with each input. `State` is everything that its replica knows. */
export type InputHandlers<State> = {
  readonly [Kind in Input['kind']]: (state: State, input: InputOf<Kind>) => void;
};

/** Hands an input to whoever knows: the type system cannot see that the kind picks the handler made for it. */
export function handleInput<State>(handlers: InputHandlers<State>, state: State, input: Input): void {
  const handle = handlers[input.kind] as (state: State, input: Input) => void;
  handle(state, input);
}
