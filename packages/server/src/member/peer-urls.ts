/** Addresses that a client gives for a member: held to the rules for those of the configuration. */
import { ConfigFailure } from '../config/config-problem.ts';
import { urlsOf } from '../config/flag-values.ts';

/** Sorted, as a member's addresses always are; undefined: these are none. */
export function readPeerUrls(texts: readonly string[]): string[] | undefined {
  if (texts.length === 0) return undefined;
  try {
    return urlsOf({ text: texts.join(), origin: 'peerURLs' });
  } catch (error) {
    if (error instanceof ConfigFailure) return undefined;
    throw error;
  }
}
