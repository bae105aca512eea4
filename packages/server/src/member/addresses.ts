/** URLs of the configuration as addresses to listen on and to connect to. */

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** HTTP's own port, which the form of a URL leaves out. */
const HTTP_PORT = 80;

/** @param url checked by the configuration: http, a host and a port */
export function addressOf(url: string): Address {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? HTTP_PORT : Number(port) };
}
