/**
 * A commit as the transactions that it is written in. Nearly always it is one. A large one, which would hold the event loop
 * while its rows are handed over, has most of them written ahead: rows of the revisions' table, which do not count before the
 * rest is there (the Backend port). What they count by comes in the last transaction, so that the commit is still one step.
 */
import { TABLE } from '@synod/coordination';
import { type Overlay, type OverlayWrite, REMOVED } from './overlay.ts';

/** Handing over so many takes 10 to 20 ms. */
export const COMMIT_PART_ROWS = 16_384;

export function* commitParts(
  overlay: Overlay,
  rowsMax: number = COMMIT_PART_ROWS,
): Generator<Iterable<OverlayWrite>> {
  if (overlay.rowCount <= rowsMax) {
    yield overlay.writes();
    return;
  }
  let part: OverlayWrite[] = [];
  for (const write of overlay.writesOf(TABLE.revisions)) {
    if (write.value === REMOVED) continue;
    part.push(write);
    if (part.length < rowsMax) continue;
    yield part;
    part = [];
  }
  yield lastPart(overlay, part);
}

/** What was not written ahead. */
function* lastPart(overlay: Overlay, rest: readonly OverlayWrite[]): Generator<OverlayWrite> {
  yield* rest;
  for (const write of overlay.writes())
    if (write.table !== TABLE.revisions || write.value === REMOVED) yield write;
}
