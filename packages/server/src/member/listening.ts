/** Waits for listeners, and says which address could not be had. */
import { CertificateFailure } from '../tls/certificate-files.ts';
import { StartFailure } from './start-failure.ts';

/** @throws StartFailure, CertificateFailure (as a rejection) */
export async function listening(
  whom: string,
  urls: readonly string[],
  attempt: Promise<void>,
): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof CertificateFailure) throw error;
    const where = urls.join(', ');
    if (code === 'EADDRINUSE')
      throw new StartFailure(
        `the address for ${whom} is taken (${where}). Stop what listens there, or choose another.`,
      );
    throw new StartFailure(`cannot listen for ${whom} on ${where}: ${message}`);
  }
}
