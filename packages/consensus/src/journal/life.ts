/**
 * One number for one life of a member. Incarnations begin again at 1 when a journal is lost, and a member that comes back
 * with an empty disk under its old name must be told from the one it was: it forgot what it voted for and acknowledged
 * (pitfall 30). So the number has the journal's salt, which is drawn at random when the journal is made, above the
 * incarnation.
 */
import { assert } from '../core/assert.ts';

/** Starts that one journal can count in a life's number. */
const INCARNATIONS_MAX = 2 ** 20;

/** `salt`: unsigned, 32 bits. @returns a safe integer from 0, which rises with every start for as long as the journal lasts */
export function lifeOf({
  salt,
  incarnation,
}: {
  readonly salt: number;
  readonly incarnation: number;
}): number {
  assert(incarnation < INCARNATIONS_MAX, 'a member starts less than a million times on one journal');
  return salt * INCARNATIONS_MAX + incarnation;
}

/** Whether a life is the one last heard of, or a later one of the same journal: what it knew then it knows still. */
export function continuesLife(life: number, lastKnown: number): boolean {
  const sameJournal = Math.floor(life / INCARNATIONS_MAX) === Math.floor(lastKnown / INCARNATIONS_MAX);
  return sameJournal && life >= lastKnown;
}
