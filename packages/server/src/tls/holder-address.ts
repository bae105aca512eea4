/**
 * Whether a certificate is for the address that its holder connects from, by etcd's rules for peers: a certificate that
 * was copied is worth nothing elsewhere. Knows no socket.
 */
import type { X509Certificate } from 'node:crypto';
import type { Dns } from '../dns/dns.ts';
import { alternativeNames } from './alternative-names.ts';

/**
 * Undefined: it is, or it is for no address and no name at all, and then there is nothing to compare. Else why not, and
 * what to do. Never rejects; takes as long as DNS does.
 * @param remoteAddress as a socket has it
 */
export async function addressRefusal(
  certificate: X509Certificate,
  remoteAddress: string,
  dns: Pick<Dns, 'addresses' | 'names'>,
): Promise<string | undefined> {
  const { dnsNames, ipAddresses } = alternativeNames(certificate);
  const allNames = [...ipAddresses, ...dnsNames];
  if (allNames.length === 0) return undefined;
  const address = plainAddress(remoteAddress);
  if (certificate.checkIP(address) !== undefined) return undefined;
  const failures: string[] = [];
  if (await isAddressOfOne(dnsNames, address, dns, failures)) return undefined;
  if (dnsNames.length > 0 && (await hasNameOfOne(dnsNames, address, dns, failures))) return undefined;
  const said = failures.length === 0 ? '' : ` (DNS: ${failures.join('; ')})`;
  return `its certificate is for ${allNames.join(', ')}, not for ${address}, where it connects from${said}. Give it a certificate for that address, or have a name of its certificate resolve to it; --peer-skip-client-san-verification lets it in as it is`;
}

/** A port that takes both kinds of addresses writes one of four bytes in sixteen; and a zone is of this machine's making. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

function isWildcard(name: string): boolean {
  return name.startsWith('*.');
}

/** What a wildcard stands for nobody can look up. */
async function isAddressOfOne(
  dnsNames: readonly string[],
  address: string,
  dns: Pick<Dns, 'addresses'>,
  failures: string[],
): Promise<boolean> {
  const found = await Promise.all(
    dnsNames.filter((name) => !isWildcard(name)).map((name) => answerOf(dns.addresses(name), name, failures)),
  );
  return found.some((addresses) => addresses.includes(address));
}

/** By the names that DNS has for the address: one of the certificate's, or below one of its wildcards at any depth. */
async function hasNameOfOne(
  dnsNames: readonly string[],
  address: string,
  dns: Pick<Dns, 'names'>,
  failures: string[],
): Promise<boolean> {
  const names = await answerOf(dns.names(address), address, failures);
  const wanted = dnsNames.map((name) => name.toLowerCase());
  return names
    .map((name) => name.toLowerCase())
    .some((name) => wanted.some((one) => (isWildcard(one) ? name.endsWith(one.slice(1)) : name === one)));
}

async function answerOf(
  question: Promise<readonly string[]>,
  asked: string,
  failures: string[],
): Promise<readonly string[]> {
  try {
    return await question;
  } catch (error) {
    failures.push(`${asked}: ${(error as Error).message}`);
    return [];
  }
}
