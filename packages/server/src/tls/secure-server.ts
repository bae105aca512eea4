/**
 * A port that speaks TLS: hands over the sockets whose handshake is done and whose certificate, where one is asked for, is
 * good; closes the others and says why. What is spoken inside is not its business.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Server, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { assert } from '@synod/consensus';
import { type Dns, SYSTEM_DNS } from '../dns/dns.ts';
import { commonNameOf, isAllowed } from './allowed-names.ts';
import { CertificateFailure, CertificateFiles } from './certificate-files.ts';
import { type HandshakeFailure, handshakeFailure } from './handshake-failure.ts';
import { addressRefusal } from './holder-address.ts';
import { HANDSHAKE_TIMEOUT_MS, HANDSHAKES_MAX } from './limits.ts';
import type { TlsConfig } from './tls-config.ts';

export interface SecureServerOptions {
  readonly config: TlsConfig;
  /** What may be spoken inside, the preferred first, agreed on by ALPN; empty: no HTTP, and nothing is agreed on. */
  readonly protocols: readonly ('http/1.1' | 'h2')[];
  /** @param commonName of a certificate that was verified, where such names are users' */
  readonly onSocket: (socket: TLSSocket, commonName: string | undefined) => void;
  /** Closes a connection that is one too many, before its handshake, and says `false`; undefined: any number. */
  readonly admit?: ((socket: Socket) => boolean) | undefined;
  readonly onRefused: (remoteAddress: string, failure: HandshakeFailure) => void;
  /** Asked where certificates must be for the address they come from; undefined: the system's. */
  readonly dns?: Dns | undefined;
}

export interface SecureServer {
  readonly server: Server;
  /** Ends the connections that have not come to `onSocket` yet. */
  abandonHandshakes(): void;
}

/** @throws CertificateFailure when its files are not good from the start */
export function createSecureServer(options: SecureServerOptions): SecureServer {
  const { config, onRefused } = options;
  const files = new CertificateFiles(config.own, config);
  let inForce = files.options();
  /** Sockets below those that have not come to `onSocket` yet. */
  const pending = new Set<Socket>();
  /** Node does not say which socket is below one that speaks TLS; what happens to that one happens in its context. */
  const below = new AsyncLocalStorage<Socket>();
  const server = createServer({
    ...inForce,
    noDelay: true,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    requestCert: config.requiresCertificate,
    rejectUnauthorized: config.requiresCertificate,
    ...(options.protocols.length > 0
      ? {
          ALPNCallback: ({ protocols }: { readonly protocols: readonly string[] }) =>
            options.protocols.find((protocol) => protocols.includes(protocol)),
        }
      : {}),
  });
  const renewContext = (): string | undefined => {
    try {
      const current = files.options();
      if (current !== inForce) server.setSecureContext(current);
      inForce = current;
      return undefined;
    } catch (error) {
      if (error instanceof CertificateFailure) return error.message;
      throw error;
    }
  };
  // Node's own listener begins the handshake with the certificate that is there by then.
  const handshakes = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (options.admit?.(socket) === false) return;
    const failure = renewContext();
    if (failure !== undefined) onRefused('listener', { kind: 'files', reason: failure });
    if (failure !== undefined || pending.size >= HANDSHAKES_MAX) {
      socket.destroy();
      return;
    }
    pending.add(socket);
    socket.on('close', () => pending.delete(socket));
    below.run(socket, () => {
      for (const begin of handshakes) begin.call(server, socket);
    });
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    // Node has null where nothing was wrong, whatever its types say.
    const code = (socket.authorizationError ?? undefined) as unknown as string | undefined;
    onRefused(socket.remoteAddress ?? 'unknown', handshakeFailure(error, code));
  });
  const refuse = (socket: TLSSocket, failure: HandshakeFailure): void => {
    onRefused(socket.remoteAddress ?? 'unknown', failure);
    socket.on('error', () => {});
    socket.destroy();
  };
  const handOver = (socket: TLSSocket): void => {
    const raw = below.getStore();
    assert(raw !== undefined, 'a handshake ends in the context of the connection that it began on');
    pending.delete(raw);
    const certificate = config.commonNameIsUser ? socket.getPeerX509Certificate() : undefined;
    options.onSocket(socket, certificate === undefined ? undefined : commonNameOf(certificate));
  };
  server.on('secureConnection', (socket) => {
    const refusal = config.requiresCertificate ? refusalOf(socket, config) : undefined;
    if (refusal !== undefined) refuse(socket, { kind: 'name', reason: refusal });
    else if (!config.requiresCertificate || !config.checksAddress) handOver(socket);
    else
      void addressRefusalOf(socket, options.dns ?? SYSTEM_DNS).then((reason) => {
        if (socket.destroyed) return;
        if (reason === undefined) handOver(socket);
        else refuse(socket, { kind: 'address', reason });
      });
  });
  return {
    server,
    abandonHandshakes: () => {
      for (const socket of pending) socket.destroy();
    },
  };
}

/** Of a certificate that was verified already. */
function refusalOf(socket: TLSSocket, { allowedNames }: TlsConfig): string | undefined {
  if (!socket.authorized) return 'its certificate was not verified';
  if (allowedNames === undefined) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate !== undefined && isAllowed(certificate, allowedNames)) return undefined;
  return `its certificate has none of the names that are let in (${allowedNames.names.join()})`;
}

/** Of a certificate that was verified already; in bounded time. Through a file no address comes. */
async function addressRefusalOf(socket: TLSSocket, dns: Dns): Promise<string | undefined> {
  const certificate = socket.getPeerX509Certificate();
  const { remoteAddress } = socket;
  if (certificate === undefined || remoteAddress === undefined) return undefined;
  // Until somebody takes it; the close that follows tells all.
  const ignore = (): void => {};
  socket.on('error', ignore);
  let giveUp = ignore;
  const late = new Promise<string>((resolve) => {
    giveUp = () =>
      resolve(
        `DNS did not say in ${HANDSHAKE_TIMEOUT_MS} ms whether its certificate is for ${remoteAddress}`,
      );
  });
  const timer = setTimeout(giveUp, HANDSHAKE_TIMEOUT_MS);
  socket.once('close', giveUp);
  const refusal = await Promise.race([addressRefusal(certificate, remoteAddress, dns), late]);
  clearTimeout(timer);
  socket.off('close', giveUp);
  socket.off('error', ignore);
  return refusal;
}
