/** Reading `etcdctl -w json`. Ids there are 64-bit numbers that JSON.parse rounds: compare them with `-w fields`. */

interface WithHeader {
  readonly header: { readonly revision?: number };
}

/** The revision in the answer's header; etcdctl leaves a zero out. */
export function headerRevision(json: string): number {
  return (JSON.parse(json) as WithHeader).header.revision ?? 0;
}
