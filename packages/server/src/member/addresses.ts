/** URLs of the configuration as addresses to listen on and to connect to. */
import { hostOf, isSecureUrl, socketPathOf } from '../config/urls.ts';
import type { SocketAddress } from '../sockets/socket-address.ts';

/** The schemes' own ports, which the form of a URL leaves out. */
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** @param url checked by the configuration: a host and a port, or a socket's file */
export function addressOf(url: string): SocketAddress {
  const isSecure = isSecureUrl(url);
  const path = socketPathOf(url);
  if (path !== undefined) return { path, isSecure };
  const { port } = new URL(url);
  const implied = isSecure ? HTTPS_PORT : HTTP_PORT;
  return { host: hostOf(url), port: port === '' ? implied : Number(port), isSecure };
}
