/** At which port a server listens, for whoever let the system choose one. */
import type { Server } from 'node:net';

/** 0 while it does not listen, and for a Unix socket, which has no port. */
export function listeningPort(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
