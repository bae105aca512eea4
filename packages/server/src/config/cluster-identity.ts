/** Who is who in a cluster that is being founded: ids from addresses and token, as etcd derives them. */
import { createHash } from 'node:crypto';

/** The first eight bytes of SHA-1 over the member's peer URLs, sorted and joined, and the cluster's token. */
export function founderId(peerUrls: readonly string[], token: string): string {
  const hash = createHash('sha1');
  hash.update([...peerUrls].sort().join(''));
  hash.update(token);
  return hash.digest('hex').slice(0, 16);
}

/** The first eight bytes of SHA-1 over the members' ids in ascending order. */
export function foundedClusterId(memberIds: readonly string[]): string {
  const hash = createHash('sha1');
  for (const id of [...memberIds].sort()) hash.update(Buffer.from(id, 'hex'));
  return hash.digest('hex').slice(0, 16);
}
