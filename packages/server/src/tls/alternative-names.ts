/** For whom a certificate is, by its subject alternative names: those that etcd looks at, DNS names and IP addresses. */
import type { X509Certificate } from 'node:crypto';

export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** As Node writes them: `DNS:a.test, IP Address:10.0.0.1`, a value in quotes where it could be taken for more than one. */
const ENTRY = /(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)/g;

export function alternativeNames({ subjectAltName }: X509Certificate): AlternativeNames {
  const dnsNames: string[] = [];
  const ipAddresses: string[] = [];
  for (const [, kind, written] of (subjectAltName ?? '').matchAll(ENTRY)) {
    const value = written!.startsWith('"') ? String(JSON.parse(written!)) : written!;
    if (kind === 'DNS') dnsNames.push(value);
    else if (kind === 'IP Address') ipAddresses.push(value);
  }
  return { dnsNames, ipAddresses };
}
