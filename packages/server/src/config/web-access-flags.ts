/** `--cors` and `--host-whitelist`: who may ask over HTTP/1.1. */
import type { WebAccess } from '../protocols/etcd/web-access.ts';
import { refuse } from './config-problem.ts';
import { listOf, urlsOf } from './flag-values.ts';
import type { WorkingFlagName } from './flags.ts';
import type { GivenValue } from './given-flags.ts';

/** As with etcd, `*` stands alone among origins, anywhere among hosts, and an empty list is as good. */
export function webAccess(flagValue: (name: WorkingFlagName) => GivenValue): WebAccess {
  const cors = flagValue('cors');
  const origins = [...new Set(listOf(cors))];
  const hosts = listOf(flagValue('host-whitelist')).filter((host) => host !== '');
  const anyOrigin = cors.text === '' || cors.text === '*';
  return {
    // A browser leaves out the port that a scheme implies; etcd's form needs it.
    origins: anyOrigin
      ? 'any'
      : urlsOf({ ...cors, text: origins.join(',') }).map((url) => originOf(url, cors)),
    hosts: hosts.length === 0 || hosts.includes('*') ? 'any' : hosts,
  };
}

function originOf(url: string, { origin }: GivenValue): string {
  // No page comes from a file, and the origin `null` would let in any that will not say where it comes from.
  if (!url.startsWith('http')) refuse(`${origin} can only have http:// and https:// origins (it has ${url})`);
  return new URL(url).origin;
}
