/** What is asked of DNS: which hosts and ports offer a service, which addresses a host has, and which names an address. A port, so that tests need none. */

export interface ServiceRecord {
  /** Without a dot at its end. */
  readonly host: string;
  readonly port: number;
}

export interface Dns {
  /** The SRV records of a name, in any order. Rejects where there is none, and where nobody answers. */
  services(name: string): Promise<readonly ServiceRecord[]>;
  /** As programs of this machine resolve a host, its own list of hosts included. Rejects where it has no address. */
  addresses(host: string): Promise<readonly string[]>;
  /** What an IP address is called, without dots at the ends. Rejects where it has no name. */
  names(address: string): Promise<readonly string[]>;
}

/** @param nameServers instead of those that the system has */
export function systemDns(nameServers?: readonly string[]): Dns {
  // Loaded at the first question: most commands never ask one.
  const newResolver = async () => {
    const { Resolver } = await import('node:dns/promises');
    const resolver = new Resolver();
    if (nameServers !== undefined) resolver.setServers(nameServers);
    return resolver;
  };
  return {
    async services(name) {
      const records = await (await newResolver()).resolveSrv(name);
      return records.map((record) => ({ host: record.name.replace(/\.$/, ''), port: record.port }));
    },
    async addresses(host) {
      const { lookup } = await import('node:dns/promises');
      return (await lookup(host, { all: true })).map(({ address }) => address);
    },
    async names(address) {
      const names = await (await newResolver()).reverse(address);
      return names.map((name) => name.replace(/\.$/, ''));
    },
  };
}

export const SYSTEM_DNS = systemDns();

export type ServiceScheme = 'https' | 'http';

/**
 * etcd's names: `_etcd-server-ssl._tcp.example.org`, and `_etcd-server-ssl-NAME._tcp.example.org` where several clusters
 * share a domain.
 */
export function serviceName(
  service: 'etcd-server' | 'etcd-client',
  scheme: ServiceScheme,
  { domain, name }: { readonly domain: string; readonly name: string },
): string {
  return `_${service}${scheme === 'https' ? '-ssl' : ''}${name === '' ? '' : `-${name}`}._tcp.${domain}`;
}

export interface FoundService extends ServiceRecord {
  readonly scheme: ServiceScheme;
}

export interface FoundServices {
  /** TLS first, then by host and port: DNS gives them in another order each time. */
  readonly found: readonly FoundService[];
  /** Of the questions that had no answer, in words. */
  readonly failures: readonly string[];
}

/** Both of etcd's names are asked for; what either answers counts. Never rejects. */
export async function findServices(
  dns: Dns,
  service: 'etcd-server' | 'etcd-client',
  where: { readonly domain: string; readonly name: string },
): Promise<FoundServices> {
  const failures: string[] = [];
  const found: FoundService[] = [];
  for (const scheme of ['https', 'http'] as const) {
    const name = serviceName(service, scheme, where);
    try {
      const records = [...(await dns.services(name))].sort(byHostAndPort);
      const isNew = (record: ServiceRecord, at: number): boolean =>
        at === 0 || byHostAndPort(record, records[at - 1]!) !== 0;
      found.push(...records.filter(isNew).map((record) => ({ ...record, scheme })));
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }
  return { found, failures };
}

export function urlOf({ scheme, host, port }: FoundService): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function byHostAndPort(a: ServiceRecord, b: ServiceRecord): number {
  return a.host === b.host ? a.port - b.port : a.host < b.host ? -1 : 1;
}
