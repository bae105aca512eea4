/** An authority made for one test: its certificate, those it signs, and its list of those it took back. */
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECDSA_WITH_SHA256, makeCertificate, nameOf, signed } from '../../src/tls/certificate.ts';
import { integer, pem, sequence, time } from '../../src/tls/der.ts';
import type { CertificatePaths } from '../../src/tls/tls-config.ts';

/** Good in any year in which somebody may run this. */
const LONG_AGO = new Date('2000-01-01T00:00:00Z');
const FAR_AHEAD = new Date('2100-01-01T00:00:00Z');

const newKey = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' });

export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

export class TestAuthority {
  private readonly subject: { readonly commonName: string };
  private readonly keys = newKey();
  private readonly revoked: Buffer[] = [];
  readonly certificate: string;

  constructor(commonName = 'authority') {
    this.subject = { commonName };
    this.certificate = makeCertificate({
      subject: this.subject,
      publicKey: this.keys.publicKey,
      signingKey: this.keys.privateKey,
      notBefore: LONG_AGO,
      notAfter: FAR_AHEAD,
      hosts: [],
      isAuthority: true,
    });
  }

  issue(options: { commonName?: string; hosts?: readonly string[]; notAfter?: Date } = {}): Issued {
    const { publicKey, privateKey } = newKey();
    const certificate = makeCertificate({
      subject: { commonName: options.commonName ?? 'member' },
      publicKey,
      issuer: this.subject,
      signingKey: this.keys.privateKey,
      notBefore: LONG_AGO,
      notAfter: options.notAfter ?? FAR_AHEAD,
      hosts: options.hosts ?? ['127.0.0.1', 'localhost'],
      isAuthority: false,
    });
    return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }

  revoke({ certificate }: Issued): void {
    this.revoked.push(Buffer.from(new X509Certificate(certificate).serialNumber, 'hex'));
  }

  /** RFC 5280, section 5, in DER. */
  revocations(): Buffer {
    const entries = this.revoked.map((serial) => sequence(integer(serial), time(LONG_AGO)));
    const body = sequence(
      integer(Buffer.from([1])),
      ECDSA_WITH_SHA256,
      nameOf(this.subject),
      time(LONG_AGO),
      time(FAR_AHEAD),
      ...(entries.length === 0 ? [] : [sequence(...entries)]),
    );
    return signed(body, this.keys.privateKey);
  }

  revocationsInPem(): string {
    return pem('X509 CRL', this.revocations());
  }
}

/** Certificates as files, in a directory that goes with the test. */
export class CertificateFolder {
  private readonly directory = mkdtempSync(join(tmpdir(), 'synod-tls-'));

  constructor(ending: { after(job: () => unknown): void }) {
    ending.after(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  /** Its path. As an operator would, in one step. */
  write(name: string, content: string | Buffer): string {
    const path = join(this.directory, name);
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
    return path;
  }

  issued(name: string, { certificate, key }: Issued): CertificatePaths {
    return {
      certificateFile: this.write(`${name}.pem`, certificate),
      keyFile: this.write(`${name}-key.pem`, key),
    };
  }
}
