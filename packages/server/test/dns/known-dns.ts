/** DNS that knows what a test says and nothing else, and remembers what it was asked. */
import type { Dns, ServiceRecord } from '../../src/dns/dns.ts';

export interface KnownNames {
  /** `host:port` by name. */
  readonly services?: Readonly<Record<string, readonly string[]>>;
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  readonly names?: Readonly<Record<string, readonly string[]>>;
}

export class KnownDns implements Dns {
  readonly asked: string[] = [];
  private readonly known: KnownNames;

  constructor(known: KnownNames) {
    this.known = known;
  }

  async services(name: string): Promise<readonly ServiceRecord[]> {
    this.asked.push(name);
    const records = this.known.services?.[name];
    if (records === undefined) throw new Error(`querySrv ENOTFOUND ${name}`);
    return records.map((record) => {
      const [, host, port] = /^(.*):(\d+)$/.exec(record)!;
      return { host: host!, port: Number(port) };
    });
  }

  async addresses(host: string): Promise<readonly string[]> {
    const found = this.known.addresses?.[host];
    if (found === undefined) throw new Error(`getaddrinfo ENOTFOUND ${host}`);
    return found;
  }

  async names(address: string): Promise<readonly string[]> {
    this.asked.push(address);
    const found = this.known.names?.[address];
    if (found === undefined) throw new Error(`getHostByAddr ENOTFOUND ${address}`);
    return found;
  }
}
