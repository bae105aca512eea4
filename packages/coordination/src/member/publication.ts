/** Tells the cluster a member's name and addresses when it starts: again and again, until the log has it. */
import type { MemberCommand } from '../machine/commands.ts';
import type { CommandResult } from '../machine/results.ts';
import type { Completion, ServiceFailure } from '../service/service-api.ts';

type Publish = Extract<MemberCommand, { kind: 'publish' }>;

export class Publication {
  private readonly submit: (command: Publish, completion: Completion<CommandResult | ServiceFailure>) => void;
  /** Undefined: nothing is to be told, or it is on its way. */
  private next: (() => void) | undefined;

  constructor(submit: (command: Publish, completion: Completion<CommandResult | ServiceFailure>) => void) {
    this.submit = submit;
  }

  /** `done` is called once the log has it. */
  begin(command: Publish, done: () => void): void {
    this.next = () => {
      const complete = (result: CommandResult | ServiceFailure): void => {
        if (result.kind === 'serviceFailure') this.begin(command, done);
        else done();
      };
      this.submit(command, { complete });
    };
  }

  tick(): void {
    const { next } = this;
    this.next = undefined;
    next?.();
  }
}
