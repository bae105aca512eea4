/** Gives a core one input after the other: what an input causes, other inputs among it, is carried out before the next. */
import type { ConsensusCore } from '../core/core.ts';
import type { Effect } from '../core/effects.ts';
import type { Input } from '../core/inputs.ts';

export interface CoreStepperPorts {
  readonly core: Pick<ConsensusCore, 'step' | 'drain'>;
  readonly carryOut: (effects: readonly Effect[]) => void;
  /** An input is done with. */
  readonly stepped: (input: Input) => void;
}

export class CoreStepper {
  private readonly ports: CoreStepperPorts;
  /** What came while another input was carried out. */
  private readonly waiting: Input[] = [];
  private isBusy = false;
  private isStopped = false;

  constructor(ports: CoreStepperPorts) {
    this.ports = ports;
  }

  /** What the core decided at its birth. */
  begin(): void {
    this.isBusy = true;
    this.ports.carryOut(this.ports.core.drain());
    this.carryOutWaiting();
  }

  /** All that it causes has happened when it returns; unless it comes of another input, whose turn it then waits for. */
  run(input: Input): void {
    if (this.isStopped) return;
    if (this.isBusy) {
      this.waiting.push(input);
      return;
    }
    this.isBusy = true;
    this.step(input);
    this.carryOutWaiting();
  }

  /** Nothing is stepped any more. */
  stop(): void {
    this.isStopped = true;
    this.waiting.length = 0;
  }

  private step(input: Input): void {
    const { core, carryOut, stepped } = this.ports;
    core.step(input);
    carryOut(core.drain());
    stepped(input);
  }

  private carryOutWaiting(): void {
    for (let input = this.waiting.shift(); input !== undefined; input = this.waiting.shift())
      this.step(input);
    this.isBusy = false;
  }
}
