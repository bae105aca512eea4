/** Runs one seed's world to its end and says what happened, whether it broke a rule or not. */
import { AssertionFailure } from '@synod/consensus';
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { RuleBroken } from '../checkers/rule-broken.ts';
import type { Fault, FaultKind } from '../faults/fault.ts';
import type { Mutant } from '../mutants/mutant.ts';
import type { Account } from '../side-by-side/account.ts';
import type { TraceListener } from '../world/trace.ts';
import { World } from '../world/world.ts';
import type { TimingModel } from '../world/world-shape.ts';

export interface RunOptions {
  readonly protocol: ProtocolUnderTest;
  /** Undefined: the seed chooses. */
  readonly members?: number | undefined;
  readonly timing?: TimingModel | undefined;
  readonly faults?: readonly FaultKind[] | undefined;
  readonly keep?: readonly number[] | undefined;
  readonly mutant?: Mutant | undefined;
  /** Whether clients carry out errands, so that the report has their accounts. */
  readonly errands?: boolean | undefined;
  readonly listener?: TraceListener | undefined;
}

export interface SeedFailure {
  /** The rule that broke, or "assertion" or "exception" where production code stopped itself. */
  readonly rule: string;
  readonly message: string;
  readonly stack: string;
}

export interface SeedReport {
  readonly seed: number;
  readonly protocol: string;
  readonly failure: SeedFailure | undefined;
  readonly members: number;
  readonly timing: TimingModel;
  /** The schedule that was drawn, or what was kept of it. */
  readonly schedule: readonly Fault[];
  readonly simulatedMs: number;
  readonly operations: number;
  readonly watchEvents: number;
  readonly elections: number;
  readonly messages: number;
  readonly events: number;
  /** Faults that struck, by kind. */
  readonly struck: ReadonlyMap<FaultKind, number>;
  /** Equal for every run of the seed with the same options. */
  readonly traceHash: string;
  /** What the clients with errands could tell, by client. Whole only where nothing failed. */
  readonly accounts: readonly Account[];
}

export function runSeed(seed: number, options: RunOptions): SeedReport {
  const world = new World({ seed, ...options });
  let failure: SeedFailure | undefined;
  try {
    world.run();
  } catch (error) {
    failure = describeFailure(error);
  }
  return {
    seed,
    protocol: options.protocol.name,
    failure,
    members: world.shape.members,
    timing: world.shape.timing,
    schedule: world.faults,
    simulatedMs: world.queue.nowMs,
    operations: world.operations.checked,
    watchEvents:
      world.clients.reduce((sum, { watching }) => sum + watching.told, 0) +
      world.errands.reduce((sum, { watch }) => sum + watch.told, 0),
    elections: world.checker.elections,
    messages: world.network.messages,
    events: world.queue.count,
    struck: world.injector.injected,
    traceHash: world.trace.digest(),
    accounts: world.errands.map(({ account }) => account),
  };
}

function describeFailure(error: unknown): SeedFailure {
  if (!(error instanceof Error)) return { rule: 'exception', message: String(error), stack: '' };
  const stack = error.stack ?? '';
  if (error instanceof RuleBroken) return { rule: error.rule, message: error.message, stack };
  const rule = error instanceof AssertionFailure ? 'assertion' : 'exception';
  return { rule, message: `${error.name}: ${error.message}`, stack };
}
