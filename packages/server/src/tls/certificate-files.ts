/**
 * The files of one side of TLS as what OpenSSL works with, read anew whenever it is asked for: who puts a new certificate
 * in the old one's place need not restart anything. Knows no socket.
 */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { CertificatePaths, TlsConfig } from './tls-config.ts';

/** A file cannot be read or used: which, and why. */
export class CertificateFailure extends Error {
  override readonly name = 'CertificateFailure';
}

interface Contents {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly authorities: Buffer | undefined;
  readonly revocations: Buffer | undefined;
}

export class CertificateFiles {
  private readonly paths: CertificatePaths;
  private readonly config: TlsConfig;
  /** Of the last reading that was good; replaced when a file has other bytes. */
  private latest: { readonly contents: Contents; readonly options: SecureContextOptions } | undefined;

  constructor(paths: CertificatePaths, config: TlsConfig) {
    this.paths = paths;
    this.config = config;
  }

  /**
   * The same object until a file has other bytes.
   * @throws CertificateFailure: as with etcd, who cannot read its files now takes nobody in now
   */
  options(): SecureContextOptions {
    const contents = this.read();
    if (this.latest === undefined || !areSame(this.latest.contents, contents))
      this.latest = { contents, options: this.make(contents) };
    return this.latest.options;
  }

  private read(): Contents {
    const { authoritiesFile, revocationFile } = this.config;
    return {
      certificate: bytesOf(this.paths.certificateFile),
      key: bytesOf(this.paths.keyFile),
      authorities: authoritiesFile === undefined ? undefined : bytesOf(authoritiesFile),
      revocations: revocationFile === undefined ? undefined : bytesOf(revocationFile),
    };
  }

  private make({ certificate, key, authorities, revocations }: Contents): SecureContextOptions {
    const { versionMin, versionMax, ciphers, authoritiesFile } = this.config;
    if (authorities !== undefined && !authorities.includes('-----BEGIN CERTIFICATE-----'))
      throw new CertificateFailure(`${authoritiesFile} has no certificate in PEM`);
    const options: SecureContextOptions = {
      cert: certificate,
      key,
      minVersion: versionMin,
      // A session that is resumed would go around a certificate that was revoked meanwhile.
      secureOptions: constants.SSL_OP_NO_TICKET,
      ...(versionMax === undefined ? {} : { maxVersion: versionMax }),
      ...(authorities === undefined ? {} : { ca: authorities }),
      ...(revocations === undefined ? {} : { crl: pemOfRevocations(revocations) }),
      ...(ciphers === undefined ? {} : { ciphers }),
    };
    try {
      createSecureContext(options);
      return options;
    } catch (error) {
      const { certificateFile, keyFile } = this.paths;
      throw new CertificateFailure(
        `${certificateFile} and ${keyFile} cannot be used: ${(error as Error).message}`,
      );
    }
  }
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CertificateFailure(`${path} cannot be read: ${(error as Error).message}`);
  }
}

/** etcd's lists of revoked certificates are DER; OpenSSL's tools write PEM. Both are taken. */
function pemOfRevocations(bytes: Buffer): string | Buffer {
  if (bytes.includes('-----BEGIN')) return bytes;
  return `-----BEGIN X509 CRL-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END X509 CRL-----\n`;
}

function areSame(one: Contents, other: Contents): boolean {
  const same = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
    a === undefined || b === undefined ? a === b : a.equals(b);
  return (
    same(one.certificate, other.certificate) &&
    same(one.key, other.key) &&
    same(one.authorities, other.authorities) &&
    same(one.revocations, other.revocations)
  );
}
