/**
 * Everything that can happen to a consensus core. A core has no other way to learn of the world: no clock, no
 * randomness, no I/O.
 */
import type { MembershipChange } from './membership.ts';
import type { PeerMessage } from './messages.ts';
import type { LogIndex, MemberId, Ticket } from './numbers.ts';

export type Input =
  /** A peer's message, decoded by the core's own codec. */
  | { readonly kind: 'message'; readonly from: MemberId; readonly message: PeerMessage }
  /** One tick has passed: the only source of time. The owner drains the inbox before it ticks (pitfall 37). */
  | { readonly kind: 'tick' }
  /** Commands to append, in order: what arrived in one turn. Answered by nothing, or by `rejected`. */
  | { readonly kind: 'propose'; readonly payloads: readonly Uint8Array[] }
  /**
   * One batch of linearizable reads, named by the owner's token (rising, never reused in a process's life).
   * Answered by `readable` or `readFailed`, at any replica, follower or leader.
   */
  | { readonly kind: 'read'; readonly token: number }
  | { readonly kind: 'changeMembership'; readonly change: MembershipChange }
  /** Hand leadership over; gives up after an election timeout. */
  | { readonly kind: 'transferLeadership'; readonly to: MemberId }
  /** The write with this ticket, and every earlier one, survives a power cut. */
  | { readonly kind: 'durable'; readonly ticket: Ticket }
  /** The state machine holds everything up to `index`. */
  | { readonly kind: 'applied'; readonly index: LogIndex }
  /** The log at and below `index` may be forgotten: the state behind it is durable. Never above `applied`. */
  | { readonly kind: 'trim'; readonly index: LogIndex }
  /** A snapshot transfer that `sendSnapshot` asked for ended. `index` is the snapshot's, or 0 if it failed. */
  | { readonly kind: 'snapshotSent'; readonly to: MemberId; readonly index: LogIndex }
  /** The link to a peer broke: what was in flight may be lost. */
  | { readonly kind: 'unreachable'; readonly peer: MemberId }
  /** This replica may no longer lead (its event loop or its disk stalled); a leader steps down, a follower waits. */
  | { readonly kind: 'stalled' };
