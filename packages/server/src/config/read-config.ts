/**
 * From command line, environment and file to a checked configuration, by etcd's rules: a file silences both others;
 * otherwise a flag beats the environment, which beats the default.
 */
import { resolve } from 'node:path';
import { tokenOptionsOf } from '../tokens/web-token-options.ts';
import { clientLimits } from './client-limits.ts';
import { ConfigFailure, type ConfigProblem, refuse, refuseUsage } from './config-problem.ts';
import type { DiscoveryFlags } from './discovered-cluster.ts';
import { discoveryService } from './discovery-service.ts';
import { featureGatesOf } from './feature-gates.ts';
import {
  booleanOf,
  choiceOf,
  countOf,
  durationMsOf,
  listenUrlsOf,
  listOf,
  urlsOf,
  wholeNumberOf,
} from './flag-values.ts';
import { FLAGS, type Flag, type FlagName, type WorkingFlag, type WorkingFlagName } from './flags.ts';
import {
  flagsOfArguments,
  flagsOfEnvironment,
  flagsOfFile,
  type GivenFlags,
  type GivenValue,
} from './given-flags.ts';
import { foundedCluster } from './initial-cluster.ts';
import { journalDirectory } from './journal-directory.ts';
import type { AuthConfig, LogConfig, MemberConfig } from './member-config.ts';
import { type TlsConfigs, tlsConfigs } from './tls-flags.ts';
import { isSecureUrl } from './urls.ts';
import { webAccess } from './web-access-flags.ts';

export interface ConfigSources {
  /** What stands after `synod start`. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** @throws Error when it cannot be read */
  readonly readFile: (path: string) => string;
  readonly workingDirectory: string;
  /** What DNS said, where `discoveryFlags` has a question for it. */
  readonly discoveredCluster?: GivenValue;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: MemberConfig; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problem: ConfigProblem };

export function readConfig(sources: ConfigSources): ConfigResult {
  const warnings: string[] = [];
  try {
    const given = givenFlags(sources, (message) => warnings.push(message));
    refuseGoneFlags(given);
    for (const warning of harmlessWarnings(given)) warnings.push(warning);
    return {
      ok: true,
      config: memberConfig(new Values(given), sources, (message) => warnings.push(message)),
      warnings,
    };
  } catch (error) {
    if (error instanceof ConfigFailure) return { ok: false, problem: error.problem };
    throw error;
  }
}

/** Undefined: the founders do not come from DNS. @throws ConfigFailure */
export function discoveryFlags(sources: ConfigSources): DiscoveryFlags | undefined {
  const values = new Values(givenFlags(sources, () => {}));
  const domain = values.of('discovery-srv');
  refuseSeveralSources(values);
  if (domain.text === '') return undefined;
  return {
    domain,
    service: values.of('discovery-srv-name').text,
    name: values.of('name').text,
    advertisePeerUrls: values.of('initial-advertise-peer-urls'),
  };
}

/** The founders are told in one way. */
function refuseSeveralSources(values: Values): void {
  const given = (['initial-cluster', 'discovery-srv', 'discovery-endpoints'] as const).filter(
    (name) => values.isGiven(name) && values.of(name).text !== '',
  );
  if (given.length > 1)
    refuse(
      'multiple discovery or bootstrap flags are set. Choose one of "initial-cluster", "discovery-endpoints" or "discovery-srv"',
    );
}

/** An election may not be asked to take longer: etcd's bound. */
const ELECTION_TIMEOUT_MS_MAX = 50_000;
const HEARTBEATS_PER_ELECTION_MIN = 5;
/** As bcrypt has them; with the least it is no hash worth the name, with the most it takes days. */
const BCRYPT_COST_MIN = 4;
const BCRYPT_COST_MAX = 31;

const HOUR_MS = 3_600_000;
/** What 32 bits hold, as HTTP/2 announces it. */
const CONCURRENT_STREAMS_LARGEST = 2 ** 32 - 1;
/** etcd's default, and the largest that it recommends. */
const STORE_BYTES_DEFAULT = 2 * 1024 ** 3;
const STORE_BYTES_RECOMMENDED_MAX = 8 * 1024 ** 3;
/** More often than this nobody is told the revision; and no timer reaches past the other. */
const WATCH_PROGRESS_INTERVAL_MS_MIN = 100;
const WATCH_PROGRESS_INTERVAL_MS_MAX = 2 ** 31 - 1;

function givenFlags(sources: ConfigSources, warn: (message: string) => void): GivenFlags {
  const fromArguments = flagsOfArguments(sources.arguments);
  const file = fromArguments.get('config-file')?.text ?? sources.environment['ETCD_CONFIG_FILE'] ?? '';
  if (file === '') {
    const fromEnvironment = flagsOfEnvironment(sources.environment, warn);
    return new Map([...fromEnvironment, ...fromArguments]);
  }
  const ignored = [...fromArguments.values(), ...flagsOfEnvironment(sources.environment, () => {}).values()]
    .map(({ origin }) => origin)
    .filter((origin) => origin !== '--config-file' && origin !== 'ETCD_CONFIG_FILE');
  if (ignored.length > 0) warn(`${file} is the whole configuration: ignored ${ignored.join(', ')}`);
  return flagsOfFile(contentOf(file, sources), file);
}

function contentOf(file: string, { readFile }: ConfigSources): string {
  try {
    return readFile(file);
  } catch (error) {
    refuse(`cannot read the configuration file ${file}: ${(error as Error).message}`);
  }
}

/** Harmless where it says what happens anyway. */
function refuseGoneFlags(given: GivenFlags): void {
  for (const [name, { text, origin }] of given) {
    const flag: Flag = FLAGS[name];
    if (flag.status === 'gone' && text !== flag.default)
      refuse(`${origin} is a flag of earlier versions of etcd (given: "${text}"): ${flag.instead}`);
  }
}

/** Of flags that change nothing here, where their user may think they do. */
function* harmlessWarnings(given: GivenFlags): Generator<string> {
  for (const [name, { text, origin }] of given) {
    const flag: Flag = FLAGS[name];
    if (flag.status === 'harmless' && text !== flag.default)
      yield `${origin} "${text}" changes nothing in Synod: ${flag.instead}`;
  }
}

/** Given values over defaults. */
class Values {
  private readonly given: GivenFlags;

  constructor(given: GivenFlags) {
    this.given = given;
  }

  isGiven(name: FlagName): boolean {
    return this.given.has(name);
  }

  of(name: WorkingFlagName): GivenValue {
    return this.given.get(name) ?? { text: FLAGS[name].default, origin: `--${name}` };
  }

  choice<Choice extends string>(name: WorkingFlagName, choices: readonly Choice[]): Choice {
    const flag: WorkingFlag = FLAGS[name];
    return choiceOf(this.of(name), choices, flag.laterChoices);
  }
}

function memberConfig(
  values: Values,
  { workingDirectory, discoveredCluster }: ConfigSources,
  warn: (message: string) => void,
): MemberConfig {
  const name = values.of('name').text;
  if (name === '') refuse('--name must not be empty');
  if (/[,=]/.test(name))
    refuse(`--name must not contain , or = (it is ${name}): --initial-cluster could not name it`);
  const heartbeatMs = countOf(values.of('heartbeat-interval'), 1);
  const advertisePeerUrls = urlsOf(values.of('initial-advertise-peer-urls'));
  const flagValue = (flag: WorkingFlagName): GivenValue => values.of(flag);
  refuseSeveralSources(values);
  const discovery = discoveryService(flagValue, workingDirectory);
  const cluster = foundedCluster({
    name,
    token: discovery?.token ?? values.of('initial-cluster-token').text,
    initialCluster: discoveredCluster ?? initialCluster(values, name, advertisePeerUrls),
    // Those that DNS says were compared with this member's already, by what they resolve to.
    advertisePeerUrls: discoveredCluster === undefined ? advertisePeerUrls : undefined,
  });
  const protocol = values.choice('consensus', ['raft', 'paxos']);
  values.choice('logger', ['zap']);
  const directory = resolve(workingDirectory, dataDirectory(values, name));
  const urls = { listenPeerUrls: listenUrlsOf(values.of('listen-peer-urls')), ...clientUrls(values) };
  const tls = tlsConfigs({ flagValue, workingDirectory, dataDirectory: directory, warn, ...urls });
  refuseUnequalPeers(
    tls,
    cluster.founders.flatMap(({ peerUrls }) => peerUrls),
  );
  return {
    name,
    dataDirectory: directory,
    ...journalDirectory(values.of('wal-dir').text, { workingDirectory, dataDirectory: directory }),
    ...urls,
    ...tls,
    advertisePeerUrls: cluster.self.peerUrls,
    initialClusterState: values.choice('initial-cluster-state', ['new', 'existing']),
    forceNewCluster: booleanOf(values.of('force-new-cluster')),
    strictReconfiguration: booleanOf(values.of('strict-reconfig-check')),
    learnersMax: countOf(values.of('max-learners'), 1),
    memberId: cluster.self.id,
    clusterId: cluster.clusterId,
    founders: cluster.founders,
    ...(discovery === undefined ? {} : { discovery }),
    protocol,
    heartbeatMs,
    electionTimeoutMs: electionTimeoutMs(values, heartbeatMs),
    initialElectionTickAdvance: booleanOf(values.of('initial-election-tick-advance')),
    preVote: booleanOf(values.of('pre-vote')),
    snapshotCount: countOf(values.of('snapshot-count'), 1),
    storeBytesMax: storeBytesMax(values, warn),
    autoCompaction: autoCompaction(values),
    corruptionChecks: corruptionChecks(values, warn),
    requestBytesMax: countOf(values.of('max-request-bytes'), 1),
    transactionOperationsMax: countOf(values.of('max-txn-ops'), 1),
    concurrentStreamsMax: countOf(values.of('max-concurrent-streams'), 1, CONCURRENT_STREAMS_LARGEST),
    ...clientLimits(flagValue),
    keepalive: keepalive(values),
    watchProgressIntervalMs: watchProgressIntervalMs(values),
    auth: authConfig(values),
    jsonGateway: booleanOf(values.of('enable-grpc-gateway')),
    webAccess: webAccess(flagValue),
    timesCalls: values.choice('metrics', ['basic', 'extensive']) === 'extensive',
    slowRequests: {
      applyMs: durationMsOf(values.of('warning-apply-duration')),
      requestMs: durationMsOf(values.of('warning-unary-request-duration')),
    },
    log: logConfig(values),
  };
}

/** To connect by TLS a member needs its half of it. */
function refuseUnequalPeers({ peerTls }: TlsConfigs, peerUrls: readonly string[]): void {
  const secureUrl = peerUrls.find(isSecureUrl);
  if (secureUrl !== undefined && peerTls === undefined)
    refuse(
      `TLS key/cert (--peer-cert-file, --peer-key-file) must be provided for peer url ${secureUrl} with HTTPS scheme`,
    );
}

/** A member that says nothing of a cluster founds one alone. */
function initialCluster(values: Values, name: string, advertisePeerUrls: readonly string[]): GivenValue {
  if (values.of('discovery-srv').text !== '') throw new Error('the founders are in DNS, which was not asked');
  const given = values.of('initial-cluster');
  if (values.isGiven('initial-cluster')) return given;
  return { text: advertisePeerUrls.map((url) => `${name}=${url}`).join(','), origin: given.origin };
}

function dataDirectory(values: Values, name: string): string {
  const given = values.of('data-dir').text;
  return values.isGiven('data-dir') && given !== '' ? given : `${name}.etcd`;
}

function clientUrls(
  values: Values,
): Pick<
  MemberConfig,
  'listenClientUrls' | 'listenClientHttpUrls' | 'listenMetricsUrls' | 'advertiseClientUrls'
> {
  const listedUrls = (name: WorkingFlagName): string[] =>
    values.of(name).text === '' ? [] : listenUrlsOf(values.of(name));
  const listenClientUrls = listenUrlsOf(values.of('listen-client-urls'));
  if (values.isGiven('listen-client-urls') && !values.isGiven('advertise-client-urls'))
    refuse(
      '--advertise-client-urls is required when --listen-client-urls is set: clients must know where to find this member',
    );
  const httpUrls = listedUrls('listen-client-http-urls');
  const both = httpUrls.find((url) => listenClientUrls.some((other) => placeIn(other) === placeIn(url)));
  if (both !== undefined)
    refuse(`cannot bind both --listen-client-urls and --listen-client-http-urls on the same url ${both}`);
  return {
    listenClientUrls,
    listenClientHttpUrls: httpUrls,
    listenMetricsUrls: listedUrls('listen-metrics-urls'),
    advertiseClientUrls: urlsOf(values.of('advertise-client-urls')),
  };
}

/** What is behind the scheme: a place speaks one. */
function placeIn(url: string): string {
  return url.slice(url.indexOf('://'));
}

function electionTimeoutMs(values: Values, heartbeatMs: number): number {
  const timeoutMs = countOf(values.of('election-timeout'), 1);
  if (timeoutMs < HEARTBEATS_PER_ELECTION_MIN * heartbeatMs)
    refuse(
      `--election-timeout[${timeoutMs}ms] should be at least as ${HEARTBEATS_PER_ELECTION_MIN} times as --heartbeat-interval[${heartbeatMs}ms]`,
    );
  if (timeoutMs > ELECTION_TIMEOUT_MS_MAX)
    refuse(
      `--election-timeout[${timeoutMs}ms] is too long, and should be set less than ${ELECTION_TIMEOUT_MS_MAX}ms`,
    );
  return timeoutMs;
}

/** As etcd has it, 0 means the default, and less than that no quota. */
function storeBytesMax(values: Values, warn: (message: string) => void): number {
  const given = wholeNumberOf(values.of('quota-backend-bytes'));
  if (given > STORE_BYTES_RECOMMENDED_MAX)
    warn(
      `--quota-backend-bytes ${given} exceeds the largest recommended quota, ${STORE_BYTES_RECOMMENDED_MAX} bytes`,
    );
  if (given === 0) return STORE_BYTES_DEFAULT;
  return given < 0 ? Number.POSITIVE_INFINITY : given;
}

/** A plain number counts hours or revisions, by the mode; 0 means never. */
function autoCompaction(values: Values): MemberConfig['autoCompaction'] {
  const mode = values.choice('auto-compaction-mode', ['periodic', 'revision']);
  const given = values.of('auto-compaction-retention');
  if (!/^\d+$/.test(given.text) && mode === 'revision')
    refuseUsage(`invalid value "${given.text}" for ${given.origin}: it must be a number of revisions`);
  if (mode === 'revision') {
    const revisions = countOf(given, 0);
    return revisions === 0 ? undefined : { kind: 'revision', revisions };
  }
  const periodMs = /^\d+$/.test(given.text) ? countOf(given, 0) * HOUR_MS : durationMsOf(given);
  return periodMs === 0 ? undefined : { kind: 'periodic', periodMs };
}

/** As etcd has it, a periodic check every 0 means never, and one of compactions must have a period. */
function corruptionChecks(values: Values, warn: (message: string) => void): MemberConfig['corruptionChecks'] {
  const gates = featureGatesOf(values.of('feature-gates'), warn);
  const formerly = (name: 'initial-corrupt-check' | 'compact-hash-check-enabled'): boolean =>
    booleanOf(values.of(`experimental-${name}`));
  const periodMs = durationMsOf(values.of('corrupt-check-time'));
  const compactions = values.of('compact-hash-check-time');
  const compactionPeriodMs = durationMsOf(compactions);
  const comparesCompactions = gates.CompactHashCheck || formerly('compact-hash-check-enabled');
  if (comparesCompactions && compactionPeriodMs <= 0)
    refuse(`${compactions.origin} must be >0 (set to ${compactions.text})`);
  return {
    atStart: gates.InitialCorruptCheck || formerly('initial-corrupt-check'),
    periodMs: periodMs > 0 ? periodMs : undefined,
    compactionPeriodMs: comparesCompactions ? compactionPeriodMs : undefined,
  };
}

/** As etcd has it, an interval or a timeout of 0 means that the member never pings. */
function keepalive(values: Values): MemberConfig['keepalive'] {
  const intervalMs = durationMsOf(values.of('grpc-keepalive-interval'));
  const timeoutMs = durationMsOf(values.of('grpc-keepalive-timeout'));
  const pings = intervalMs > 0 && timeoutMs > 0;
  return {
    minTimeMs: durationMsOf(values.of('grpc-keepalive-min-time')),
    intervalMs: pings ? intervalMs : Number.POSITIVE_INFINITY,
    timeoutMs: pings ? timeoutMs : Number.POSITIVE_INFINITY,
  };
}

/** As etcd has it, 0 means the default. */
function watchProgressIntervalMs(values: Values): number {
  const name = 'watch-progress-notify-interval';
  const givenMs = durationMsOf(values.of(name));
  const intervalMs = givenMs > 0 ? givenMs : durationMsOf({ text: FLAGS[name].default, origin: name });
  return Math.min(Math.max(intervalMs, WATCH_PROGRESS_INTERVAL_MS_MIN), WATCH_PROGRESS_INTERVAL_MS_MAX);
}

function authConfig(values: Values): AuthConfig {
  const given = values.of('auth-token');
  const tokens = tokenOptionsOf(given.text);
  if (typeof tokens === 'string') refuse(`invalid value "${given.text}" for ${given.origin}: ${tokens}`);
  return {
    tokens,
    simpleTokenTtlMs: countOf(values.of('auth-token-ttl'), 1) * 1000,
    bcryptCost: countOf(values.of('bcrypt-cost'), BCRYPT_COST_MIN, BCRYPT_COST_MAX),
  };
}

function logConfig(values: Values): LogConfig {
  const outputs = listOf(values.of('log-outputs'));
  if (outputs.length > 1 && outputs.includes('default'))
    refuse(`--log-outputs cannot have default beside others (${outputs.join()})`);
  if (outputs.includes('systemd/journal')) refuse('--log-outputs systemd/journal is not supported yet');
  return {
    level: values.choice('log-level', ['debug', 'info', 'warn', 'error', 'panic', 'fatal']),
    format: values.choice('log-format', ['json', 'console']),
    outputs,
  };
}
