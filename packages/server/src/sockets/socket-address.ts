/** Where something listens: a port of a machine, or a file that is a Unix socket. Node's own option names. */

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
  /** Whether TLS is spoken there. */
  readonly isSecure?: boolean;
}

export interface UnixAddress {
  /** Of the socket's file, relative to the working directory where it does not begin with a slash. */
  readonly path: string;
  readonly isSecure?: boolean;
}

export type SocketAddress = TcpAddress | UnixAddress;

/** The longest path that a socket can have: what Linux has room for, less the zero at its end. */
export const SOCKET_PATH_BYTES_MAX = 107;

/** Where to listen or to connect, without what is spoken there. */
export function placeOf(
  address: SocketAddress,
): { readonly path: string } | { readonly host: string; readonly port: number } {
  return 'path' in address ? { path: address.path } : { host: address.host, port: address.port };
}

/**
 * Whose certificate is expected behind a socket's file: HOST where the file is called HOST:PORT, as etcd has it; else this
 * machine's.
 */
export function certificateHostOf(path: string): string {
  const name = /([^/]+):\d*$/.exec(path)?.[1];
  return name?.replace(/^\[|\]$/g, '') ?? 'localhost';
}
