/**
 * Known-log replay: every answer that a client got is what the committed log says it must be, and no older than what was
 * committed when it asked (R12, C1, C2, C4, C5, C6).
 */
import type { CommandResult, Failure, RangeQuery, RangeResult } from '@synod/coordination';
import type { CommandLog } from '../model/command-log.ts';
import { describeResult } from '../model/describe-result.ts';
import type { ReferenceMachine } from '../model/reference-machine.ts';
import { require } from './rule-broken.ts';

export interface Origin {
  readonly member: string;
  readonly incarnation: number;
  readonly sequence: number;
}

export class ClientOperations {
  checked = 0;
  private readonly log: CommandLog;
  private readonly reference: ReferenceMachine;

  constructor(log: CommandLog, reference: ReferenceMachine) {
    this.log = log;
    this.reference = reference;
  }

  /** How far the log is committed: a client that asks now must see all of it. */
  get floor(): number {
    return this.log.last;
  }

  /** A proposal was answered. @returns the revision after it */
  answered(origin: Origin, floor: number, results: readonly CommandResult[]): number {
    this.checked++;
    const outcome = this.reference.outcomeOf(origin.member, origin.incarnation, origin.sequence);
    const name = `${origin.member}/${origin.incarnation}/${origin.sequence}`;
    require(outcome !== undefined, 'C4', () => `${name} was acknowledged and is not in the log`);
    require(outcome.index > floor, 'C2', () =>
      `${name} took effect at ${outcome.index}, and ${floor} was committed before it was asked for`);
    const expected = outcome.results.map(describeResult).join('; ');
    const given = results.map(describeResult).join('; ');
    require(given === expected, 'C2', () =>
      `${name} was answered\n  ${given}\nand the log says\n  ${expected}`);
    return outcome.revision;
  }

  /** A read was answered from the state at `appliedIndex`; `floor`: undefined for a serializable one. */
  read(
    query: RangeQuery,
    result: RangeResult | Failure,
    appliedIndex: number,
    floor: number | undefined,
  ): void {
    this.checked++;
    if (floor !== undefined)
      require(appliedIndex >= floor, 'R12', () =>
        `a linearizable read saw ${appliedIndex}, and ${floor} was committed when it was asked`);
    const expected = describeResult(this.reference.range(query, appliedIndex));
    const given = describeResult(result);
    require(given === expected, query.revision > 0 ? 'C6' : 'C5', () =>
      `at ${appliedIndex} a range was answered\n  ${given}\nand the log says\n  ${expected}`);
  }
}
