/**
 * Images of this member's state for whoever keeps backups. Each holds on to rows that are written over meanwhile, so there
 * are few at a time. Who reads them, and how fast, is the protocol's business.
 */
import type { Machine } from '../machine/machine-api.ts';
import { BACKUPS_AT_ONCE_MAX } from './limits.ts';
import type { Completion, ServiceFailure, StateBackup } from './service-api.ts';

export interface StateBackupsParts {
  readonly machine: Pick<Machine, 'atRest' | 'capture' | 'revision'>;
  readonly storedBytes: () => number;
}

export class StateBackups {
  private readonly parts: StateBackupsParts;
  private readonly open = new Set<StateBackup>();
  private stopped = false;

  constructor(parts: StateBackupsParts) {
    this.parts = parts;
  }

  begin(completion: Completion<StateBackup | ServiceFailure>): void {
    this.parts.machine.atRest(() => completion.complete(this.beginAtRest()));
  }

  /** The store cannot be closed under a reader. */
  stop(): void {
    this.stopped = true;
    for (const backup of this.open) backup.close();
  }

  private beginAtRest(): StateBackup | ServiceFailure {
    if (this.stopped) return { kind: 'serviceFailure', code: 'stopped' };
    if (this.open.size >= BACKUPS_AT_ONCE_MAX) return { kind: 'serviceFailure', code: 'tooManyRequests' };
    const { machine, storedBytes } = this.parts;
    const image = machine.capture();
    const { open } = this;
    const backup: StateBackup = {
      kind: 'stateBackup',
      index: image.index,
      revision: machine.revision,
      storedBytes: storedBytes(),
      next: () => (open.has(backup) ? image.next() : undefined),
      close() {
        if (open.delete(backup)) image.close();
      },
    };
    open.add(backup);
    return backup;
  }
}
