/** Every limit of the Paxos core, by name. Bytes count ENTRY_OVERHEAD_BYTES an entry beside its payload. */
import { DEFAULT_READ_LIMITS, type ReadLimits } from '../reads/limits.ts';

export interface PaxosLimits extends ReadLimits {
  /** W: no leader proposes further than this above its chosen prefix, so no promise lists more (P11). */
  readonly windowSlotsMax: number;
  /** Bytes of a leader's slots above its chosen prefix; one batch is always let in. */
  readonly uncommittedBytesMax: number;
  /** Entries in one Accept, promise chunk or answer to a learner; a single larger entry travels alone. */
  readonly messageBytesMax: number;
  /** Accepts to one acceptor that it has not acknowledged. */
  readonly inflightMessagesMax: number;
  /** Their bytes; one message may always be in flight. */
  readonly inflightBytesMax: number;
  /** Entries in one `apply` effect; a single larger entry comes alone. */
  readonly applyBytesMax: number;
}

export const DEFAULT_PAXOS_LIMITS: PaxosLimits = {
  windowSlotsMax: 65_536,
  uncommittedBytesMax: 64 * 1024 * 1024,
  messageBytesMax: 1024 * 1024,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 * 1024 * 1024,
  applyBytesMax: 2 * 1024 * 1024,
  ...DEFAULT_READ_LIMITS,
};
