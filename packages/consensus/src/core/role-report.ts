/** Tells the owner who this replica is and whom it takes for leader, whenever one of the three changes. Decides nothing. */
import type { Effect, Role } from './effects.ts';
import type { Epoch, MemberId } from './numbers.ts';

export class RoleReport {
  private role: Role;
  private epoch: Epoch;
  private leader: MemberId | undefined = undefined;

  /** What a replica is born as, its owner knows. */
  constructor(role: Role, epoch: Epoch) {
    this.role = role;
    this.epoch = epoch;
  }

  tell(outbox: { push(effect: Effect): void }, role: Role, epoch: Epoch, leader: MemberId | undefined): void {
    if (role === this.role && epoch === this.epoch && leader === this.leader) return;
    this.role = role;
    this.epoch = epoch;
    this.leader = leader;
    outbox.push({ kind: 'role', role, epoch, leader });
  }
}
