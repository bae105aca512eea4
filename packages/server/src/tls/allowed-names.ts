/** Whether a certificate that was verified is also one of those that the configuration lets in. */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { AllowedNames } from './tls-config.ts';

/** Undefined: nobody's in particular. The name that etcd takes for a user's. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  // A line an attribute. Node escapes what is in a value, so no value can begin a line of its own.
  const line = certificate.subject?.split('\n').find((one) => one.startsWith('CN='));
  return line?.slice('CN='.length).replace(/\\(.)/g, '$1');
}

export function isAllowed(certificate: X509Certificate, allowed: AllowedNames): boolean {
  switch (allowed.kind) {
    case 'commonName': {
      const name = commonNameOf(certificate);
      return name !== undefined && allowed.names.includes(name);
    }
    case 'hostname':
      return allowed.names.some((name) =>
        isIP(name) === 0
          ? certificate.checkHost(name, { subject: 'never' }) !== undefined
          : certificate.checkIP(name) !== undefined,
      );
  }
}
