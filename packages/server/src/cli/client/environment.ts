/** `ETCDCTL_ENDPOINTS` for `--endpoints`, and so on. Only etcdctl's names: one place to look for what is in force. */
import { type Flags, readValue } from './flags.ts';

/** A command's own variables, and the one that chose between etcdctl's versions. */
const OTHER_VARIABLES = new Set(['ETCDCTL_API', 'ETCDCTL_WATCH_KEY', 'ETCDCTL_WATCH_RANGE_END']);

export interface EnvironmentReading {
  readonly given: ReadonlyMap<string, string | number | boolean>;
  readonly warnings: readonly string[];
  /** Set both here and on the command line: etcdctl refuses to choose. */
  readonly conflict: string | undefined;
}

/** @throws FlagProblem */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  flags: Flags,
  onCommandLine: ReadonlySet<string>,
): EnvironmentReading {
  const given = new Map<string, string | number | boolean>();
  const warnings: string[] = [];
  let conflict: string | undefined;
  const names = new Map(
    Object.keys(flags).map((flag) => [`ETCDCTL_${flag.toUpperCase().replaceAll('-', '_')}`, flag]),
  );
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('ETCDCTL_') || text === undefined || text === '') continue;
    const flag = names.get(variable);
    if (flag === undefined) {
      if (!OTHER_VARIABLES.has(variable))
        warnings.push(`unrecognized environment variable ${variable}=${text}`);
    } else if (onCommandLine.has(flag)) conflict ??= variable;
    else given.set(flag, readValue(flag, flags[flag]!, text));
  }
  return { given, warnings, conflict };
}
