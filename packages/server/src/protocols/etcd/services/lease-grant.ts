/**
 * The grant of a lease: of the id that was asked for, or of one the member chooses, in which case another is tried should
 * it be taken. Knows no call: the lease service, and locks and elections without a lease of their own, grant by it.
 */
import {
  type Caller,
  type CommandResult,
  type Failure,
  type LeaseId,
  leaseId,
  NO_LEASE,
} from '@synod/coordination';
import type { Completion, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { LEASE_ID_TRIES_MAX } from '../limits.ts';
import type { MemberFace } from '../member-face.ts';

export interface WantedLease {
  readonly ttlSeconds: number;
  /** NO_LEASE: the member chooses. */
  readonly asked: LeaseId;
  readonly caller?: Caller | undefined;
}

export type LeaseGranted = Extract<CommandResult, { kind: 'leaseGranted' }>;

export function grantLease(
  face: MemberFace,
  wanted: WantedLease,
  done: (result: LeaseGranted | Failure | ServiceFailure) => void,
): void {
  new Grant(face, wanted, done).submit();
}

class Grant implements Completion<CommandResult | ServiceFailure> {
  private readonly face: MemberFace;
  private readonly wanted: WantedLease;
  private readonly done: (result: LeaseGranted | Failure | ServiceFailure) => void;
  private tries = 0;

  constructor(
    face: MemberFace,
    wanted: WantedLease,
    done: (result: LeaseGranted | Failure | ServiceFailure) => void,
  ) {
    this.face = face;
    this.wanted = wanted;
    this.done = done;
  }

  submit(): void {
    this.tries++;
    const { asked, ttlSeconds } = this.wanted;
    const id = asked === NO_LEASE ? randomLeaseId(this.face.options.randomBytes()) : asked;
    this.face.service.submit({ module: 'leases', kind: 'grant', id, ttlSeconds }, this, this.wanted.caller);
  }

  complete(result: CommandResult | ServiceFailure): void {
    if (result.kind === 'failure' && this.wasTaken(result) && this.tries < LEASE_ID_TRIES_MAX) this.submit();
    else if (result.kind === 'leaseGranted' || result.kind === 'failure' || result.kind === 'serviceFailure')
      this.done(result);
    else throw new Error(`a lease grant came to a ${result.kind}`);
  }

  private wasTaken(failure: Failure): boolean {
    return failure.reason.code === 'leaseExists' && this.wanted.asked === NO_LEASE;
  }
}

/** From 1 to 2^63 − 1: clients print ids as signed numbers. */
export function randomLeaseId(bytes: Uint8Array): LeaseId {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 8).toString('hex');
  const positive = (Number.parseInt(hex[0]!, 16) & 7).toString(16) + hex.slice(1);
  return positive === '0000000000000000' ? leaseId('0000000000000001') : leaseId(positive);
}
