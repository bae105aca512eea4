/** What the worlds of one `synod sim` came to, added up by protocol, in words and as JSON. */
import type { SeedReport } from '@synod/simulator';

export interface Totals {
  seeds: number;
  simulatedMs: number;
  operations: number;
  watchEvents: number;
  elections: number;
  faults: number;
  messages: number;
}

export class TotalsByProtocol {
  readonly byProtocol = new Map<string, Totals>();
  private readonly startedMs = performance.now();
  /** A sum, so that the order in which worlds end does not show. */
  private traces = 0n;

  constructor(protocols: readonly string[]) {
    for (const protocol of protocols)
      this.byProtocol.set(protocol, {
        seeds: 0,
        simulatedMs: 0,
        operations: 0,
        watchEvents: 0,
        elections: 0,
        faults: 0,
        messages: 0,
      });
  }

  add(report: SeedReport): void {
    const totals = this.byProtocol.get(report.protocol)!;
    totals.seeds++;
    totals.simulatedMs += report.simulatedMs;
    totals.operations += report.operations;
    totals.watchEvents += report.watchEvents;
    totals.elections += report.elections;
    totals.messages += report.messages;
    for (const count of report.struck.values()) totals.faults += count;
    this.traces = BigInt.asUintN(64, this.traces + BigInt(`0x${report.traceHash}`));
  }

  /** Of one world its own hash; of many, one that is the same whenever all of theirs are. */
  get traceHash(): string {
    return this.traces.toString(16).padStart(16, '0');
  }

  get simulatedMs(): number {
    let sum = 0;
    for (const totals of this.byProtocol.values()) sum += totals.simulatedMs;
    return sum;
  }

  /** Simulated seconds a second. */
  get speed(): number {
    return Math.round(this.simulatedMs / Math.max(performance.now() - this.startedMs, 1));
  }

  /** A line a protocol. */
  lines(): string[] {
    const names = [...this.byProtocol.keys()];
    const speed = `${this.speed} times real time`;
    return names.map((name) => {
      const totals = this.byProtocol.get(name)!;
      return names.length === 1
        ? describe(totals, ` (${speed})`)
        : `${name.padEnd(6)} ${describe(totals, '')}`;
    });
  }

  /** For a line that is written over again. */
  progress(): string {
    const all = [...this.byProtocol.values()];
    const seeds = Math.max(...all.map((totals) => totals.seeds));
    const operations = all.reduce((sum, totals) => sum + totals.operations, 0);
    return `${seeds} seeds, ${duration(this.simulatedMs)} simulated (${this.speed} times real time), ${operations} operations checked`;
  }
}

function describe(
  { seeds, simulatedMs, operations, watchEvents, elections, faults }: Totals,
  speed: string,
): string {
  return `${seeds} seeds, ${duration(simulatedMs)} simulated${speed}, ${operations} operations and ${watchEvents} watch events checked, ${elections} elections, ${faults} faults`;
}

export function duration(milliseconds: number): string {
  const hours = milliseconds / 3_600_000;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`;
}
