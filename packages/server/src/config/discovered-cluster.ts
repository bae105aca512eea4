/**
 * `--discovery-srv`: the founders from DNS, as the text that `--initial-cluster` would have had. The one part of a
 * configuration that has to be waited for; it goes before all the others, which know nothing of DNS.
 */
import { type Dns, type FoundService, findServices, urlOf } from '../dns/dns.ts';
import { ConfigFailure, refuse } from './config-problem.ts';
import { urlsOf } from './flag-values.ts';
import type { GivenValue } from './given-flags.ts';
import { type ConfigResult, type ConfigSources, discoveryFlags, readConfig } from './read-config.ts';
import { hostOf, socketPathOf } from './urls.ts';

/** As `readConfig`, with the founders from DNS where that is asked for. */
export async function readDiscoveredConfig(sources: ConfigSources, dns: Dns): Promise<ConfigResult> {
  try {
    const flags = discoveryFlags(sources);
    if (flags === undefined) return readConfig(sources);
    return readConfig({ ...sources, discoveredCluster: await discoveredCluster(flags, dns) });
  } catch (error) {
    if (error instanceof ConfigFailure) return { ok: false, problem: error.problem };
    throw error;
  }
}

export interface DiscoveryFlags {
  readonly domain: GivenValue;
  /** `--discovery-srv-name`: tells clusters of one domain apart. */
  readonly service: string;
  /** This member's. */
  readonly name: string;
  readonly advertisePeerUrls: GivenValue;
}

/**
 * Every member must come to the same founders, or they would found different clusters; only the names differ, until the
 * members say their own. So a record counts whether or not its host has an address now, and one under a scheme that
 * this member does not have is refused, where etcd passes over both.
 */
async function discoveredCluster(flags: DiscoveryFlags, dns: Dns): Promise<GivenValue> {
  const { domain, service, name, advertisePeerUrls } = flags;
  const { found, failures } = await findServices(dns, 'etcd-server', { domain: domain.text, name: service });
  if (found.length === 0)
    refuse(
      `error querying DNS SRV records for ${domain.origin} ${domain.text}: ${failures.join('; ') || 'there are none'}`,
    );
  const advertised = await Promise.all(
    urlsOf(advertisePeerUrls)
      .filter((url) => socketPathOf(url) === undefined)
      .map(async (url) => ({ url, ...(await placeOf(hostOf(url), portOf(url), dns)) })),
  );
  const own: FoundService[] = [];
  const parts: string[] = [];
  const numbers = namesByNumber(name);
  for (const record of found) {
    const place = await placeOf(record.host, record.port, dns);
    const match = advertised.find((one) => isSamePlace(one, place));
    if (match !== undefined && !match.url.startsWith(`${record.scheme}:`))
      refuse(
        `bootstrap at ${urlOf(record)} from DNS has scheme mismatch with expected peer ${match.url}. The SRV records and --initial-advertise-peer-urls must say the same.`,
      );
    if (match !== undefined) own.push(record);
    parts.push(`${match === undefined ? numbers.next().value : name}=${urlOf(record)}`);
  }
  refuseUnlessOnce(own, found, flags);
  return { text: parts.join(), origin: `${domain.origin} ${domain.text}` };
}

function refuseUnlessOnce(
  own: readonly FoundService[],
  found: readonly FoundService[],
  { name, advertisePeerUrls }: DiscoveryFlags,
): void {
  if (own.length === 0)
    refuse(
      `cannot find local etcd member ${JSON.stringify(name)} in SRV records (${found.map(urlOf).join()}). One of them must resolve to the host and port of --initial-advertise-peer-urls (${advertisePeerUrls.text}).`,
    );
  if (own.length > 1)
    refuse(
      `the SRV records name this member ${own.length} times (${own.map(urlOf).join()}), and the others would take it for ${own.length} founders. Leave one record for each member.`,
    );
}

interface Place {
  readonly port: number;
  /** What the host is called, and the addresses that it has. */
  readonly hosts: readonly string[];
}

async function placeOf(host: string, port: number, dns: Dns): Promise<Place> {
  try {
    return { port, hosts: [host, ...(await dns.addresses(host))] };
  } catch {
    return { port, hosts: [host] };
  }
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.port === other.port && one.hosts.some((host) => other.hosts.includes(host));
}

function portOf(url: string): number {
  return Number(/:(\d+)$/.exec(url)![1]);
}

/** `0`, `1` and so on, as etcd calls founders that it knows nothing of, but for this member's own. */
function* namesByNumber(taken: string): Generator<string, never> {
  for (let number = 0; ; number++) if (String(number) !== taken) yield String(number);
}
