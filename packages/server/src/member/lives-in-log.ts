/**
 * Lives of other members, as far as a log tells: whoever proposed in a life has begun it. For a member without a state, which
 * would otherwise take a peer with an old copy of its data for one that it has never heard of (pitfall 30).
 */
import { decodeEnvelope, type Entry, MalformedBytes } from '@synod/consensus';

/** The latest life of each member, by its id. */
export function livesInLog(entries: readonly Entry[]): ReadonlyMap<string, number> {
  const lives = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind !== 'command') continue;
    const origin = originOf(entry.payload);
    if (origin !== undefined && origin.incarnation > (lives.get(origin.member) ?? 0))
      lives.set(origin.member, origin.incarnation);
  }
  return lives;
}

function originOf(
  payload: Uint8Array,
): { readonly member: string; readonly incarnation: number } | undefined {
  try {
    return decodeEnvelope(payload);
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined;
    throw error;
  }
}
