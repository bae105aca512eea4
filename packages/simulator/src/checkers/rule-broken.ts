/** A rule of the protocols did not hold. Ends the run: everything after it would only confuse. */

export class RuleBroken extends Error {
  override readonly name = 'RuleBroken';
  /** As numbered in the protocols' rules: "R8", "C4". */
  readonly rule: string;

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`);
    this.rule = rule;
  }
}

/** States one fact under a rule. `detail` is made only when it does not hold. */
export function require(holds: boolean, rule: string, detail: () => string): asserts holds {
  if (!holds) throw new RuleBroken(rule, detail());
}
