/** What the measurements of stores share: the shape of a revision's row key, and how a duration is told. */

/** Eight bytes of revision and four of sub-revision, as the keyspace has them. */
export function revisionRowKey(revision: number): Uint8Array {
  const key = new Uint8Array(12);
  new DataView(key.buffer).setBigUint64(0, BigInt(revision));
  return key;
}

export function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1000).toFixed(2);
}
