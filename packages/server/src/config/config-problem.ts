/** Why a configuration cannot be used. Always one sentence or two for whoever wrote it: what is wrong, what to do. */

export interface ConfigProblem {
  /** `usage`: the command line cannot be read (etcd's exit code is 2); `refused`: what it asks for cannot be (1). */
  readonly kind: 'usage' | 'refused';
  readonly message: string;
}

/** Carries a problem from deep in the reading of one value to `readConfig`, the only one that catches it. */
export class ConfigFailure extends Error {
  override readonly name = 'ConfigFailure';
  readonly problem: ConfigProblem;

  constructor(problem: ConfigProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

export function refuse(message: string): never {
  throw new ConfigFailure({ kind: 'refused', message });
}

export function refuseUsage(message: string): never {
  throw new ConfigFailure({ kind: 'usage', message });
}
