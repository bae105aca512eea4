/** Rows of the file and of overlays as one ordered sequence, the newest word on each key counting. */
import { latin1Decode, latin1Encode } from '@synod/consensus';
import type { Row, ScanOptions } from '@synod/coordination';
import { type OverlayRow, REMOVED } from './overlay.ts';

/** `overlays`: newest first. All sequences are in the order that `options` asks for. */
export function* mergedScan(
  file: Iterable<Row>,
  overlays: readonly Iterable<OverlayRow>[],
  options: ScanOptions,
): Generator<Row> {
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  let given = 0;
  const newest = mergeOverlays(overlays, options.reverse === true);
  let overlay = newest.next();
  for (const row of file) {
    const fileKey = overlay.done ? '' : latin1Decode(row.key);
    while (!overlay.done && isBefore(overlay.value.key, fileKey, options.reverse === true)) {
      if (overlay.value.value !== REMOVED) {
        if (given++ >= limit) return;
        yield { key: latin1Encode(overlay.value.key), value: overlay.value.value };
      }
      overlay = newest.next();
    }
    if (!overlay.done && overlay.value.key === fileKey) continue;
    if (given++ >= limit) return;
    yield row;
  }
  for (; !overlay.done; overlay = newest.next()) {
    if (overlay.value.value === REMOVED) continue;
    if (given++ >= limit) return;
    yield { key: latin1Encode(overlay.value.key), value: overlay.value.value };
  }
}

/** At most two: what is being committed, and what came since. */
function* mergeOverlays(overlays: readonly Iterable<OverlayRow>[], reverse: boolean): Generator<OverlayRow> {
  const heads = overlays.map((overlay) => {
    const rows = overlay[Symbol.iterator]();
    return { rows, next: rows.next() };
  });
  for (;;) {
    let first: OverlayRow | undefined;
    for (const { next } of heads)
      if (!next.done && (first === undefined || isBefore(next.value.key, first.key, reverse)))
        first = next.value;
    if (first === undefined) return;
    // The newest comes first among equals; the older words on the key are passed over.
    for (const head of heads)
      if (!head.next.done && head.next.value.key === first.key) head.next = head.rows.next();
    yield first;
  }
}

function isBefore(a: string, b: string, reverse: boolean): boolean {
  return reverse ? a > b : a < b;
}
