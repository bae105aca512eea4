/** Assertions: a failed one is a bug, stops the member, and is caught by nobody. */

export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** States one fact. `fact` completes the sentence "it must hold that …". */
export function assert(condition: boolean, fact: string): asserts condition {
  if (!condition) throw new AssertionFailure(`it must hold that ${fact}`);
}

/** Ends a switch over a union; compiles only when every member was handled. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`no case for ${JSON.stringify(value)}`);
}
