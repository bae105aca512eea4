/** What can be read off a URL of the configuration once it was checked. */
import { certificateHostOf } from '../sockets/socket-address.ts';

/** The file of `unix://PATH` and `unixs://PATH`; undefined: the URL names a port. */
export function socketPathOf(url: string): string | undefined {
  return /^unixs?:\/\/(.+)$/s.exec(url)?.[1];
}

export function isSecureUrl(url: string): boolean {
  return /^(https|unixs):/.test(url);
}

/** Without the brackets of an IPv6 address. */
export function hostOf(url: string): string {
  const path = socketPathOf(url);
  return path === undefined ? new URL(url).hostname.replace(/^\[|\]$/g, '') : certificateHostOf(path);
}
