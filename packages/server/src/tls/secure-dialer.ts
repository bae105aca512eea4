/** Connects to other members by TLS, with this member's certificate, and only to those that show a good one. */

import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { certificateHostOf, placeOf, type SocketAddress } from '../sockets/socket-address.ts';
import { isAllowed } from './allowed-names.ts';
import { CertificateFiles } from './certificate-files.ts';
import type { TlsConfig } from './tls-config.ts';

export class SecureDialer {
  private readonly config: TlsConfig;
  private readonly files: CertificateFiles;

  /** @throws CertificateFailure when its files are not good from the start */
  constructor(config: TlsConfig) {
    this.config = config;
    this.files = new CertificateFiles(config.outgoing ?? config.own, config);
    this.files.options();
  }

  /**
   * A socket that emits `secureConnect` once the other side is known to be good, and else an error.
   * @throws CertificateFailure
   */
  dial(address: SocketAddress): TLSSocket {
    const host = 'path' in address ? certificateHostOf(address.path) : address.host;
    const { allowedNames, selfSigning } = this.config;
    const socket = connect({
      ...this.files.options(),
      ...placeOf(address),
      host,
      rejectUnauthorized: selfSigning === undefined,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    socket.setNoDelay(true);
    socket.prependOnceListener('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (allowedNames !== undefined && (certificate === undefined || !isAllowed(certificate, allowedNames)))
        socket.destroy(
          new Error(`its certificate has none of the names that are let in (${allowedNames.names.join()})`),
        );
    });
    return socket;
  }
}
