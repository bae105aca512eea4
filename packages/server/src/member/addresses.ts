/** URLs of the configuration as addresses to listen on and to connect to. */

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Whether TLS is spoken there. */
  readonly isSecure: boolean;
}

/** The schemes' own ports, which the form of a URL leaves out. */
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** @param url checked by the configuration: http or https, a host and a port */
export function addressOf(url: string): Address {
  const { protocol, hostname, port } = new URL(url);
  const isSecure = protocol === 'https:';
  const implied = isSecure ? HTTPS_PORT : HTTP_PORT;
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? implied : Number(port),
    isSecure,
  };
}
