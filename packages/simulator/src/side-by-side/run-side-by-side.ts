/**
 * One seed on two protocols: the same shape, workload, errands and schedule of faults. What is decided in which order
 * differs, because their messages differ; what clients with errands can tell must not.
 */
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import type { Fault } from '../faults/fault.ts';
import type { Mutant } from '../mutants/mutant.ts';
import { type RunOptions, runSeed, type SeedFailure, type SeedReport } from '../run/run-seed.ts';
import { answersCompared, difference } from './account.ts';

export interface SideBySideReport {
  readonly seed: number;
  /** In the order of the protocols; the second is left out where the first failed. */
  readonly reports: readonly SeedReport[];
  readonly failure: SeedFailure | undefined;
  /** The same for all. */
  readonly schedule: readonly Fault[];
  /** Answers that clients of all worlds got, and that were compared. */
  readonly answersCompared: number;
  /** Of the world that took longest. */
  readonly simulatedMs: number;
}

/** The rule that breaks where clients can tell the protocols apart. */
export const SAME_TO_CLIENTS = 'same-to-clients';

/**
 * With one protocol alone there are no errands and there is nothing to compare: the seed's plain world.
 * A planted bug goes into the world of the protocol that it is for, or else of the last: the others show what is
 * right.
 */
export function runSideBySide(
  seed: number,
  protocols: readonly ProtocolUnderTest[],
  options: Omit<RunOptions, 'protocol'>,
): SideBySideReport {
  const reports: SeedReport[] = [];
  const planted = protocolOfMutant(options.mutant, protocols);
  for (const protocol of protocols) {
    const mutant = protocol === planted ? options.mutant : undefined;
    const report = runSeed(seed, { ...options, protocol, mutant, errands: protocols.length > 1 });
    reports.push(report);
    if (report.failure !== undefined) return reportOf(seed, reports, report.failure, 0);
  }
  const [first, ...others] = reports;
  let compared = 0;
  for (const other of others) {
    compared += answersCompared(first!, other);
    const message = difference(first!, other);
    if (message !== undefined)
      return reportOf(seed, reports, { rule: SAME_TO_CLIENTS, message, stack: message }, compared);
  }
  return reportOf(seed, reports, undefined, compared);
}

function reportOf(
  seed: number,
  reports: readonly SeedReport[],
  failure: SeedFailure | undefined,
  compared: number,
): SideBySideReport {
  const simulatedMs = Math.max(...reports.map((report) => report.simulatedMs));
  return { seed, reports, failure, schedule: reports[0]!.schedule, answersCompared: compared, simulatedMs };
}

function protocolOfMutant(
  mutant: Mutant | undefined,
  protocols: readonly ProtocolUnderTest[],
): ProtocolUnderTest | undefined {
  return protocols.find(({ name }) => name === mutant?.protocol) ?? protocols.at(-1);
}
