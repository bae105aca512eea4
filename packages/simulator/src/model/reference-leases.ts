/** The reference's leases: which there are, and whose clock may still end them. Written from the rules, not from the code. */
import type { FailureReason, LeaseCommand, LeaseId } from '@synod/coordination';

export interface ReferenceLease {
  readonly ttlSeconds: number;
  readonly grantNumber: number;
}

type Expiry = Extract<LeaseCommand, { readonly cause: 'expired' }>;

export class ReferenceLeases {
  readonly leases = new Map<LeaseId, ReferenceLease>();
  /** The highest epoch whose leader's clock has spoken. */
  private clockEpoch = 0;
  private grants = 0;

  grant(id: LeaseId, ttlSeconds: number): FailureReason | undefined {
    if (this.leases.has(id)) return { code: 'leaseExists', id };
    this.grants++;
    this.leases.set(id, { ttlSeconds, grantNumber: this.grants });
    return undefined;
  }

  /** Whether the lease ended. */
  revoke(id: LeaseId): boolean {
    return this.leases.delete(id);
  }

  /** An expiry of an earlier leader's clock, or of an earlier lease of this id, is void. */
  expire(command: Expiry): boolean {
    const isVoid =
      !this.hear(command.epoch) || this.leases.get(command.id)?.grantNumber !== command.grantNumber;
    return !isVoid && this.revoke(command.id);
  }

  hear(epoch: number): boolean {
    if (epoch < this.clockEpoch) return false;
    this.clockEpoch = epoch;
    return true;
  }
}
