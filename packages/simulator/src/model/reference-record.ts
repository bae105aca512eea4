/** The reference's own notion of a key's life, kept whole: every version that ever was. Slow, plain and separate. */
import type { KeyRecord, KeySpan } from '@synod/coordination';

/** One change of one key; `record` undefined: it was deleted. */
export interface KeyVersion {
  readonly revision: number;
  readonly record: KeyRecord | undefined;
}

/** etcd's "from here to the end". */
const TO_THE_END = '\0';

export function isInSpan(key: string, { from, to }: KeySpan): boolean {
  if (to === undefined) return key === from;
  return key >= from && (to === TO_THE_END || key < to);
}

/** The record of a key as of a revision. */
export function recordAt(
  versions: readonly KeyVersion[] | undefined,
  revision: number,
): KeyRecord | undefined {
  if (versions === undefined) return undefined;
  for (let i = versions.length - 1; i >= 0; i--)
    if (versions[i]!.revision <= revision) return versions[i]!.record;
  return undefined;
}
