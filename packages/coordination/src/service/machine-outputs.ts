/**
 * Hands what comes out of the state machine to those who wait for it: results to proposals, events to watchers, lease
 * changes to the lease keeper. The machine is built before any of them, so they connect here later.
 */
import type { AuthChange, LeaseChange, MachineOutputs, ProposalOrigin } from '../machine/machine-api.ts';
import type { CommandResult } from '../machine/results.ts';
import type { KeyEvent, Revision } from '../machine/values.ts';

export interface OutputReceivers {
  readonly result: (origin: ProposalOrigin, results: readonly CommandResult[]) => void;
  readonly events: (revision: Revision, events: readonly KeyEvent[]) => void;
  readonly compacted: (revision: Revision) => void;
  readonly leaseChanged: (change: LeaseChange) => void;
  readonly authChanged: (change: AuthChange) => void;
  readonly membersChanged: () => void;
  readonly restored: () => void;
}

export class ConnectedOutputs implements MachineOutputs {
  /** Undefined until the member is put together; nothing is applied before. */
  private receivers: OutputReceivers | undefined;

  connect(receivers: OutputReceivers): void {
    this.receivers = receivers;
  }

  result(origin: ProposalOrigin, results: readonly CommandResult[]): void {
    this.receivers?.result(origin, results);
  }

  events(revision: Revision, events: readonly KeyEvent[]): void {
    this.receivers?.events(revision, events);
  }

  compacted(revision: Revision): void {
    this.receivers?.compacted(revision);
  }

  leaseChanged(change: LeaseChange): void {
    this.receivers?.leaseChanged(change);
  }

  authChanged(change: AuthChange): void {
    this.receivers?.authChanged(change);
  }

  membersChanged(): void {
    this.receivers?.membersChanged();
  }

  restored(): void {
    this.receivers?.restored();
  }
}
