/**
 * Makes a failing schedule of faults shorter: takes parts of it away, larger ones first, as long as the same rule still
 * breaks (Zeller's delta debugging). What is left says what the failure needs.
 */
import type { Fault } from '../faults/fault.ts';
import type { SeedFailure } from './run-seed.ts';

/** What shrinking needs of a run: whether it failed, by what, when, and under which faults. */
export interface Shrinkable {
  readonly failure: SeedFailure | undefined;
  readonly schedule: readonly Fault[];
  readonly simulatedMs: number;
}

export interface Shrunk<Report> {
  readonly report: Report;
  /** Numbers of the faults that are left. */
  readonly keep: readonly number[];
  readonly runs: number;
}

/** `rerun`: the same seed once more, with these faults only. */
export function shrink<Report extends Shrinkable>(
  failing: Report,
  rerun: (keep: readonly number[]) => Report,
  runsMax: number,
): Shrunk<Report> {
  let best = failing;
  let keep = failing.schedule.map(({ number }) => number);
  let runs = 0;
  const attempt = (numbers: readonly number[]): boolean => {
    if (runs >= runsMax) return false;
    runs++;
    const report = rerun(numbers);
    if (report.failure?.rule !== failing.failure?.rule) return false;
    best = report;
    keep = [...numbers];
    return true;
  };
  // Everything after the failure is of no consequence, and often everything is.
  attempt(failing.schedule.filter(({ atMs }) => atMs <= failing.simulatedMs).map(({ number }) => number));
  attempt([]);
  for (let size = Math.ceil(keep.length / 2); size >= 1 && keep.length > 0 && runs < runsMax; ) {
    let shortened = false;
    for (let from = 0; from < keep.length; ) {
      if (attempt([...keep.slice(0, from), ...keep.slice(from + size)])) shortened = true;
      else from += size;
    }
    if (size === 1 && !shortened) break;
    size = Math.max(1, shortened && size === 1 ? 1 : Math.floor(size / 2));
  }
  return { report: best, keep, runs };
}
