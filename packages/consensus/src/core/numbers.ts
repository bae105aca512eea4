/**
 * The numbers and names that every part of the engine shares, branded so that one cannot stand for another.
 * All are safe integers (below 2^53); none is ever a bigint.
 */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A position in the replicated log, from 1; 0 is "before the first entry". */
export type LogIndex = Branded<number, 'LogIndex'>;

/**
 * The number of a leadership: Raft's term, Paxos's ballot. Compared for leadership only; it is never part of
 * the identity of a Paxos entry.
 */
export type Epoch = Branded<number, 'Epoch'>;

/** A member's id: 16 lower-case hex digits, so that ids order and print the same everywhere. */
export type MemberId = Branded<string, 'MemberId'>;

/** A cluster's id: 16 lower-case hex digits. */
export type ClusterId = Branded<string, 'ClusterId'>;

/**
 * The number of a write that a core asked for; tickets of one core rise by one. Ticket 0 means "nothing to wait
 * for". The journal is first in, first out: a durable ticket implies every earlier one.
 */
export type Ticket = Branded<number, 'Ticket'>;

/** Which replicated log of a member a record or message belongs to. Always 0 today. */
export type GroupNumber = Branded<number, 'GroupNumber'>;

export const logIndex = (value: number): LogIndex => value as LogIndex;
export const epoch = (value: number): Epoch => value as Epoch;
export const memberId = (value: string): MemberId => value as MemberId;
export const clusterId = (value: string): ClusterId => value as ClusterId;
export const ticket = (value: number): Ticket => value as Ticket;
export const groupNumber = (value: number): GroupNumber => value as GroupNumber;

/** The one group of today. */
export const GROUP_ZERO: GroupNumber = groupNumber(0);

export const NO_INDEX: LogIndex = logIndex(0);
export const NO_TICKET: Ticket = ticket(0);
