/**
 * How a member without data learns from a discovery service with whom it founds its cluster: by etcd's v3 discovery. It
 * registers, waits until as many have as the cluster is to have, and they are the founders, whoever came first being first.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '@synod/consensus';
import { CallFailure } from '../../client/call-failure.ts';
import { EtcdClient } from '../../client/etcd-client.ts';
import { ConfigFailure } from '../../config/config-problem.ts';
import type { DiscoveryConfig } from '../../config/discovery-service.ts';
import { type FoundedCluster, foundedCluster } from '../../config/initial-cluster.ts';
import type { MemberConfig } from '../../config/member-config.ts';
import { isSecureUrl } from '../../config/urls.ts';
import { type Registration, Registry } from '../../discovery/registry.ts';
import { STATUS, type StatusCode } from '../../grpc/status.ts';
import type { Log } from '../../log/log.ts';
import { StartFailure } from '../start-failure.ts';
import type { MemberIdentity } from './member-identity.ts';

export interface DiscoveryPaces {
  /** Between two tries where the service cannot be reached, doubled from the first to the last. */
  readonly retryFirstMs: number;
  readonly retryLastMs: number;
}

export const DISCOVERY_PACES: DiscoveryPaces = { retryFirstMs: 1_000, retryLastMs: 30_000 };

export interface DiscoveryOptions {
  readonly paces?: DiscoveryPaces | undefined;
  /** Gives up waiting. */
  readonly signal?: AbortSignal | undefined;
}

type FounderConfig = Pick<MemberConfig, 'name' | 'memberId' | 'advertisePeerUrls' | 'peerTls'>;

/** Answers that asking again does not change. */
const FINAL: ReadonlySet<StatusCode> = new Set([
  STATUS.invalidArgument,
  STATUS.failedPrecondition,
  STATUS.permissionDenied,
  STATUS.unauthenticated,
  STATUS.unimplemented,
]);

/**
 * Waits for as long as it takes: others may be started tomorrow.
 * @throws StartFailure (as a rejection), also at the signal
 */
export async function discoverFounders(
  config: FounderConfig,
  discovery: DiscoveryConfig,
  log: Log,
  { paces = DISCOVERY_PACES, signal = new AbortController().signal }: DiscoveryOptions = {},
): Promise<MemberIdentity> {
  const client = new EtcdClient(clientOptions(discovery));
  const close = (): void => client.close();
  signal.addEventListener('abort', close);
  const search = new Search(config, discovery, new Registry(client, discovery.token), log);
  try {
    let delayMs = paces.retryFirstMs;
    for (;;) {
      if (signal.aborted) throw new StartFailure('it was asked to stop before its founders were known');
      try {
        const step = await search.step();
        if (step.kind === 'found') return identityOf(step.founders, config, discovery);
        delayMs = paces.retryFirstMs;
        if (step.kind === 'waits') await search.registry.change(step.revision, signal);
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error;
        if (FINAL.has(error.status.code)) throw refusal(error, discovery, search.registry);
        if (signal.aborted) continue;
        log.warn(`the discovery service cannot be asked: ${error.message}`, { 'next-try-ms': delayMs });
        await delay(delayMs, undefined, { signal }).catch(() => {});
        delayMs = Math.min(2 * delayMs, paces.retryLastMs);
      }
    }
  } finally {
    signal.removeEventListener('abort', close);
    client.close();
  }
}

type Step =
  | { readonly kind: 'found'; readonly founders: readonly Registration[] }
  | { readonly kind: 'waits'; readonly revision: number }
  | { readonly kind: 'registered' };

class Search {
  private readonly config: FounderConfig;
  private readonly discovery: DiscoveryConfig;
  readonly registry: Registry;
  private readonly log: Log;
  /** Keys of entries that the log has told of. */
  private readonly told = new Set<string>();

  constructor(config: FounderConfig, discovery: DiscoveryConfig, registry: Registry, log: Log) {
    this.config = config;
    this.discovery = discovery;
    this.registry = registry;
    this.log = log;
  }

  /** One look, and what follows from it. @throws CallFailure, StartFailure */
  async step(): Promise<Step> {
    const { registry, config } = this;
    const size = this.sizeOf(await registry.size());
    const { all: entries, revision } = await registry.registrations();
    const all = entries.filter((entry) => this.isRegistration(entry));
    const text = config.advertisePeerUrls.map((url) => `${config.name}=${url}`).join();
    const place = all.findIndex(({ key }) => key === registry.memberKey(config.memberId));
    if (place < 0 && all.length < size) {
      this.refuseSameName(all, text);
      this.refuseOther(await registry.register(config.memberId, text), text);
      return { kind: 'registered' };
    }
    if (place < 0 || place >= size) throw this.full(all.slice(0, size));
    this.refuseOther(all[place]!.text, text);
    if (all.length >= size) return { kind: 'found', founders: all.slice(0, size) };
    this.log.info('waiting for peers from discovery service', {
      'discovery-token': this.discovery.token,
      'cluster-size': size,
      'found-peers': all.map((entry) => entry.text),
    });
    return { kind: 'waits', revision };
  }

  private sizeOf(text: string | undefined): number {
    const { sizeKey } = this.registry;
    if (text === undefined)
      throw new StartFailure(
        `discovery: size key not found: nobody has said how many members the cluster of the token ${this.discovery.token} is to have. Do so at the discovery service: synod put ${sizeKey} 3`,
      );
    if (!/^\+?0*[1-9]\d{0,8}$/.test(text))
      throw new StartFailure(
        `discovery: size key is bad: ${sizeKey} is ${JSON.stringify(text)} and must be a number of members, from 1`,
      );
    return Number(text);
  }

  /** Something else below the prefix is passed over, and told once. */
  private isRegistration({ key, text }: Registration): boolean {
    const isOne = text.includes('=');
    if (!this.told.has(key)) {
      this.told.add(key);
      if (isOne) this.log.info('found peer from discovery service', { peer: text });
      else this.log.warn('invalid peer info returned from discovery service', { key, value: text });
    }
    return isOne;
  }

  private refuseSameName(all: readonly Registration[], text: string): void {
    const other = all.find((entry) => nameIn(entry) === this.config.name);
    if (other !== undefined)
      throw new StartFailure(
        `discovery: another member of the token ${this.discovery.token} is called ${this.config.name} (${other.text}; this one: ${text}). Give each a --name of its own; if nobody stands behind that one, remove its key: synod del ${other.key}`,
      );
  }

  /** The same addresses make the same id, whoever has them. */
  private refuseOther(registered: string, text: string): void {
    if (registered !== text)
      throw new StartFailure(
        `discovery: found duplicate peer from discovery service: with the addresses of this member (${text}) ${registered} is registered under the token ${this.discovery.token}. Give each member --initial-advertise-peer-urls of its own, or start all with a new token.`,
      );
  }

  private full(founders: readonly Registration[]): StartFailure {
    const { token } = this.discovery;
    return new StartFailure(
      `discovery: cluster is full: the token ${token} has its ${founders.length} members (${founders.map(({ text }) => text).join(', ')}). To found another cluster use a new token; to add a member to this one: synod member add, and --initial-cluster-state existing with --initial-cluster in place of the token.`,
    );
  }
}

function identityOf(
  registrations: readonly Registration[],
  config: FounderConfig,
  { token }: DiscoveryConfig,
): MemberIdentity {
  const texts = registrations.map(({ text }) => text);
  const names = registrations.map(nameIn);
  const double = names.find((name, at) => names.indexOf(name) !== at);
  if (double !== undefined)
    throw new StartFailure(
      `discovery: two members of the token ${token} are called ${double} (${texts.join(', ')}). Give each a --name of its own, and start all with a new token.`,
    );
  const { founders, clusterId, self } = clusterOf(texts.join(), config, token);
  assert(self.id === config.memberId, 'a member is registered under the id that its addresses give it');
  const secureUrl = founders.flatMap(({ peerUrls }) => peerUrls).find(isSecureUrl);
  if (secureUrl !== undefined && config.peerTls === undefined)
    throw new StartFailure(
      `TLS key/cert (--peer-cert-file, --peer-key-file) must be provided for peer url ${secureUrl} with HTTPS scheme, which is registered under the token ${token}`,
    );
  return { memberId: self.id, clusterId, founders, acquaintances: founders };
}

function clusterOf(text: string, { name, advertisePeerUrls }: FounderConfig, token: string): FoundedCluster {
  const initialCluster = { text, origin: `discovery token ${token}` };
  try {
    return foundedCluster({ name, token, initialCluster, advertisePeerUrls });
  } catch (error) {
    if (!(error instanceof ConfigFailure)) throw error;
    throw new StartFailure(`discovery: ${error.message}. Start all members with a new token.`);
  }
}

function nameIn({ text }: Registration): string {
  return text.slice(0, text.indexOf('='));
}

function refusal({ message }: CallFailure, discovery: DiscoveryConfig, registry: Registry): StartFailure {
  const { token, endpoints } = discovery;
  const asked = endpoints.map(({ text }) => text).join();
  return new StartFailure(
    `discovery: the discovery service (${asked}) refused: ${message}. --discovery-user and --discovery-password name a user who may read ${registry.sizeKey}, and read and write below ${registry.membersPrefix} (token ${token}).`,
  );
}

function clientOptions(discovery: DiscoveryConfig): ConstructorParameters<typeof EtcdClient>[0] {
  const { endpoints, dialTimeoutMs, requestTimeoutMs, keepaliveTimeMs, keepaliveTimeoutMs } = discovery;
  const { authoritiesFile, certificate, isVerified, isSecureByDefault } = discovery.tls;
  return {
    endpoints,
    dialTimeoutMs,
    commandTimeoutMs: requestTimeoutMs,
    keepaliveTimeMs,
    keepaliveTimeoutMs,
    user: discovery.user,
    flagPrefix: 'discovery-',
    tls: {
      authorities: bytesOf(authoritiesFile),
      certificate: bytesOf(certificate?.certificateFile),
      key: bytesOf(certificate?.keyFile),
      isVerified,
      isDefault: isSecureByDefault,
    },
  };
}

function bytesOf(path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new StartFailure(`discovery: ${path} cannot be read: ${(error as Error).message}`);
  }
}
