/**
 * Runs coordination's lease clock on whichever member leads, by the rules of its contract: announce before promoting,
 * confirm leadership before renewing. A keep-alive that comes to a member that does not lead is turned away.
 */
import type { Replica } from '@synod/consensus';
import {
  announcement,
  type CommandResult,
  type CoordinationMachine,
  type LeaseChange,
  LeaseClock,
  type LeaseCommand,
  type LeaseId,
} from '@synod/coordination';

export type KeepAliveAnswer = 'renewed' | 'notFound' | 'tryElsewhere';

export interface LeaseDriverParts {
  readonly machine: CoordinationMachine;
  readonly replica: Pick<Replica, 'read'>;
  readonly nowMs: () => number;
  readonly extensionMs: number;
  /** `undefined`: it is not known what became of it. */
  readonly submit: (command: LeaseCommand, done: (result: CommandResult | undefined) => void) => void;
}

const EXPIRIES_A_TICK = 100;

export class LeaseDriver {
  private readonly parts: LeaseDriverParts;
  private readonly clock: LeaseClock;
  private leadingEpoch: number | undefined;
  private announcementDue = false;

  constructor(parts: LeaseDriverParts) {
    this.parts = parts;
    this.clock = new LeaseClock({ extensionMs: parts.extensionMs });
  }

  roleChanged(leads: boolean, epoch: number): void {
    if (leads && this.leadingEpoch === epoch) return;
    this.clock.demote();
    this.leadingEpoch = leads ? epoch : undefined;
    this.announcementDue = false;
    if (leads) this.announce(epoch);
  }

  changed(change: LeaseChange): void {
    this.clock.changed(change, this.parts.nowMs());
  }

  tick(): void {
    if (this.announcementDue && this.leadingEpoch !== undefined) {
      this.announcementDue = false;
      this.announce(this.leadingEpoch);
    }
    if (!this.clock.isRunning) return;
    const nowMs = this.parts.nowMs();
    for (const command of this.clock.dueExpiries(nowMs, EXPIRIES_A_TICK)) {
      if (command.kind !== 'revoke') continue;
      this.parts.submit(command, (result) => {
        if (result === undefined) this.clock.expiryFailed(command.id, this.parts.nowMs());
      });
    }
    const checkpoint = this.clock.dueCheckpoint(nowMs);
    if (checkpoint !== undefined) this.parts.submit(checkpoint, () => {});
  }

  keepAlive(id: LeaseId, done: (answer: KeepAliveAnswer) => void): void {
    const epoch = this.leadingEpoch;
    if (!this.clock.isRunning) {
      done('tryElsewhere');
      return;
    }
    this.parts.replica.read((failure) => {
      if (failure !== undefined || this.leadingEpoch !== epoch || !this.clock.isRunning) done('tryElsewhere');
      else this.renew(id, done);
    });
  }

  private renew(id: LeaseId, done: (answer: KeepAliveAnswer) => void): void {
    const renewal = this.clock.renew(id, this.parts.nowMs());
    switch (renewal.kind) {
      case 'renewed':
      case 'notFound':
        done(renewal.kind);
        return;
      case 'notLeading':
        done('tryElsewhere');
        return;
      case 'clearFirst':
        this.parts.submit(renewal.command, (result) => {
          if (result === undefined) done('tryElsewhere');
          else this.keepAlive(id, done);
        });
    }
  }

  private announce(epoch: number): void {
    this.parts.submit(announcement(epoch), (result) => {
      if (this.leadingEpoch !== epoch) return;
      if (result === undefined) this.announcementDue = true;
      else this.clock.promote(epoch, this.parts.nowMs(), this.parts.machine.leases());
    });
  }
}
