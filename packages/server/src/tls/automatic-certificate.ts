/** `--auto-tls` and `--peer-auto-tls`: a member makes itself a certificate and keeps it in its data directory. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeCertificate } from './certificate.ts';
import { CertificateFailure } from './certificate-files.ts';
import type { TlsConfig } from './tls-config.ts';

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/**
 * Makes the files if one of them is missing; true if it did.
 * @throws CertificateFailure
 */
export function ensureCertificate({ own, selfSigning }: TlsConfig, nowMs: number): boolean {
  if (selfSigning === undefined) return false;
  if (existsSync(own.certificateFile) && existsSync(own.keyFile)) return false;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = makeCertificate({
    subject: { organization: 'synod' },
    publicKey,
    signingKey: privateKey,
    notBefore: new Date(nowMs),
    notAfter: new Date(nowMs + selfSigning.validityYears * YEAR_MS),
    hosts: selfSigning.hosts,
    isAuthority: false,
  });
  try {
    mkdirSync(dirname(own.certificateFile), { recursive: true, mode: 0o700 });
    writeFileSync(own.keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(own.certificateFile, certificate);
  } catch (error) {
    throw new CertificateFailure(
      `the certificate of this member cannot be kept: ${(error as Error).message}`,
    );
  }
  return true;
}
