/**
 * Ballots as numbers: a round, and below it a tag of whoever made the ballot, so that two proposers of one round are told
 * apart and ordered. Should two tags collide, acceptors still tell the owners apart (acceptor.ts). Stays below 2^53.
 */
import { assert } from '../core/assert.ts';
import { type Epoch, epoch, type MemberId } from '../core/numbers.ts';

const TAG_COUNT = 2 ** 16;

/** No ballot: lower than any that is ever made. */
export const NO_BALLOT: Epoch = epoch(0);

/** One incarnation's tag: the same in all its ballots (P3). */
export function ballotTag(id: MemberId, incarnation: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ incarnation, 0x9e3779b1);
  return ((hash ^ (hash >>> 15)) >>> 0) % TAG_COUNT;
}

export function roundOf(ballot: Epoch): number {
  return Math.floor(ballot / TAG_COUNT);
}

/** The first ballot with this tag in a round above that of `ballot`. */
export function ballotAbove(ballot: Epoch, tag: number): Epoch {
  const next = (roundOf(ballot) + 1) * TAG_COUNT + tag;
  assert(Number.isSafeInteger(next), 'ballots stay below 2^53');
  return epoch(next);
}
