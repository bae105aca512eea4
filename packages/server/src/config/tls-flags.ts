/** The flags of TLS, for clients' ports and for peers', to what the ports are told. The refusals are etcd's. */
import { join, resolve } from 'node:path';
import { opensslCiphers } from '../tls/cipher-suites.ts';
import type { AllowedNames, TlsConfig, TlsVersion } from '../tls/tls-config.ts';
import { refuse } from './config-problem.ts';
import { booleanOf, countOf, listOf } from './flag-values.ts';
import { FLAGS, type WorkingFlagName } from './flags.ts';
import type { GivenValue } from './given-flags.ts';
import { hostOf, isSecureUrl } from './urls.ts';

export interface TlsSources {
  readonly flagValue: (name: WorkingFlagName) => GivenValue;
  readonly workingDirectory: string;
  readonly dataDirectory: string;
  readonly listenClientUrls: readonly string[];
  readonly listenClientHttpUrls: readonly string[];
  readonly listenMetricsUrls: readonly string[];
  readonly listenPeerUrls: readonly string[];
  readonly warn: (message: string) => void;
}

export interface TlsConfigs {
  readonly clientTls?: TlsConfig;
  readonly peerTls?: TlsConfig;
}

interface Side {
  readonly whom: 'client' | 'peer';
  readonly urls: readonly string[];
  readonly certificate: WorkingFlagName;
  readonly key: WorkingFlagName;
  readonly authorities: WorkingFlagName;
  readonly required: WorkingFlagName;
  readonly revocations: WorkingFlagName;
  readonly hostnames: WorkingFlagName;
  readonly commonNames?: WorkingFlagName;
  readonly automatic: WorkingFlagName;
  /** Switches the comparison of addresses with certificates off; undefined: there is none. */
  readonly anyAddress?: WorkingFlagName;
}

const CLIENTS = {
  whom: 'client',
  certificate: 'cert-file',
  key: 'key-file',
  authorities: 'trusted-ca-file',
  required: 'client-cert-auth',
  revocations: 'client-crl-file',
  hostnames: 'client-cert-allowed-hostname',
  automatic: 'auto-tls',
} as const;

const PEERS = {
  whom: 'peer',
  certificate: 'peer-cert-file',
  key: 'peer-key-file',
  authorities: 'peer-trusted-ca-file',
  required: 'peer-client-cert-auth',
  revocations: 'peer-crl-file',
  hostnames: 'peer-cert-allowed-hostname',
  commonNames: 'peer-cert-allowed-cn',
  automatic: 'peer-auto-tls',
  anyAddress: 'peer-skip-client-san-verification',
} as const;

export function tlsConfigs(sources: TlsSources): TlsConfigs {
  const shared = sharedByBoth(sources);
  const clientTls = tlsOf(
    {
      ...CLIENTS,
      urls: [...sources.listenClientUrls, ...sources.listenClientHttpUrls, ...sources.listenMetricsUrls],
    },
    sources,
    shared,
  );
  const peerTls = tlsOf({ ...PEERS, urls: sources.listenPeerUrls }, sources, shared);
  return {
    ...(clientTls === undefined ? {} : { clientTls }),
    ...(peerTls === undefined ? {} : { peerTls: { ...peerTls, ...outgoing(sources) } }),
  };
}

/** Undefined: this side has no certificate, and none of its addresses asks for one. */
function tlsOf(
  side: Side,
  sources: TlsSources,
  shared: Pick<TlsConfig, 'versionMin' | 'versionMax' | 'ciphers'>,
): TlsConfig | undefined {
  const path = (name: WorkingFlagName): string | undefined => pathOf(name, sources);
  const certificateFile = path(side.certificate);
  const keyFile = path(side.key);
  const automatic = booleanOf(sources.flagValue(side.automatic));
  const isGiven = certificateFile !== undefined && keyFile !== undefined;
  if (!isGiven && (certificateFile ?? keyFile) !== undefined)
    refuse(
      `KeyFile and CertFile must both be present[key: ${keyFile ?? ''}, cert: ${certificateFile ?? ''}]: give --${side.certificate} and --${side.key}`,
    );
  if (isGiven && automatic)
    sources.warn(`ignoring --${side.automatic}, as --${side.certificate} and --${side.key} are given`);
  const secureUrl = side.urls.find(isSecureUrl);
  if (!isGiven && !automatic) {
    if (secureUrl !== undefined)
      refuse(
        `TLS key/cert (--${side.certificate}, --${side.key}) must be provided for ${side.whom} url ${secureUrl} with HTTPS scheme`,
      );
    return undefined;
  }
  warnOfPlaintext(side, sources);
  const allowedNames = allowedNamesOf(side, sources);
  if (!isGiven) return selfMade(side, sources, shared);
  const authoritiesFile = path(side.authorities);
  const requested = booleanOf(sources.flagValue(side.required));
  const revocationFile = path(side.revocations);
  return {
    ...shared,
    own: { certificateFile, keyFile },
    ...(authoritiesFile === undefined ? {} : { authoritiesFile }),
    // An authority without the flag asks for certificates too, as with etcd; only their names are no users' then.
    requiresCertificate: requested || authoritiesFile !== undefined,
    checksAddress: side.anyAddress !== undefined && !booleanOf(sources.flagValue(side.anyAddress)),
    commonNameIsUser: requested && side.whom === 'client',
    ...(revocationFile === undefined ? {} : { revocationFile }),
    ...(allowedNames === undefined ? {} : { allowedNames }),
  };
}

/** As with etcd, whoever makes its own certificate asks nobody for one, whatever else the flags say of those of others. */
function selfMade(
  side: Side,
  sources: TlsSources,
  shared: Pick<TlsConfig, 'versionMin' | 'versionMax' | 'ciphers'>,
): TlsConfig {
  const { automatic, authorities, required, revocations, hostnames, commonNames } = side;
  for (const name of [authorities, required, revocations, hostnames, ...(commonNames ? [commonNames] : [])])
    if (!['', FLAGS[name].default].includes(sources.flagValue(name).text))
      sources.warn(`ignoring --${name}, as with --${automatic} nobody's certificate is verified`);
  return {
    ...shared,
    own: automaticPaths(side, sources),
    selfSigning: selfSigningOf(side, sources),
    requiresCertificate: false,
    checksAddress: false,
    commonNameIsUser: false,
  };
}

function warnOfPlaintext(side: Side, { warn, flagValue }: TlsSources): void {
  for (const url of side.urls.filter((one) => !isSecureUrl(one))) {
    const scheme = url.startsWith('unix:') ? 'unix' : 'HTTP';
    warn(`scheme is ${scheme} while key and cert files are present; ignoring key and cert files for ${url}`);
    if (booleanOf(flagValue(side.required)))
      warn(`scheme is ${scheme} while --${side.required} is enabled; ignoring client cert auth for ${url}`);
  }
}

function pathOf(name: WorkingFlagName, { flagValue, workingDirectory }: TlsSources): string | undefined {
  const { text } = flagValue(name);
  return text === '' ? undefined : resolve(workingDirectory, text);
}

function allowedNamesOf(side: Side, { flagValue }: TlsSources): AllowedNames | undefined {
  const names = (name: WorkingFlagName | undefined): string[] =>
    name === undefined ? [] : listOf(flagValue(name)).filter((one) => one !== '');
  const hostnames = names(side.hostnames);
  const commonNames = names(side.commonNames);
  if (hostnames.length > 0 && commonNames.length > 0)
    refuse(
      `AllowedCNs and AllowedHostnames are mutually exclusive (cns=${JSON.stringify(commonNames)}, hostnames=${JSON.stringify(hostnames)})`,
    );
  if (hostnames.length > 0) return { kind: 'hostname', names: hostnames };
  return commonNames.length > 0 ? { kind: 'commonName', names: commonNames } : undefined;
}

/** What a member shows to the peers it connects to, where that is another certificate. */
function outgoing(sources: TlsSources): Pick<TlsConfig, 'outgoing'> {
  const certificateFile = pathOf('peer-client-cert-file', sources);
  const keyFile = pathOf('peer-client-key-file', sources);
  if (certificateFile !== undefined && keyFile !== undefined)
    return { outgoing: { certificateFile, keyFile } };
  if (certificateFile !== undefined || keyFile !== undefined)
    refuse(
      `ClientKeyFile and ClientCertFile must both be present or both absent: key: ${keyFile ?? ''}, cert: ${certificateFile ?? ''}`,
    );
  return {};
}

function automaticPaths(side: Side, { dataDirectory }: TlsSources): TlsConfig['own'] {
  const directory = join(dataDirectory, 'fixtures', side.whom);
  return { certificateFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
}

function selfSigningOf(side: Side, { flagValue }: TlsSources): NonNullable<TlsConfig['selfSigning']> {
  const validity = flagValue('self-signed-cert-validity');
  const validityYears = countOf(validity, 0);
  if (validityYears === 0) refuse('selfSignedCertValidity is invalid,it should be greater than 0');
  return { hosts: [...new Set(side.urls.map(hostOf))], validityYears };
}

const VERSIONS: Readonly<Record<string, TlsVersion>> = { 'TLS1.2': 'TLSv1.2', 'TLS1.3': 'TLSv1.3' };

function sharedByBoth({ flagValue }: TlsSources): Pick<TlsConfig, 'versionMin' | 'versionMax' | 'ciphers'> {
  const minText = flagValue('tls-min-version').text;
  const maxText = flagValue('tls-max-version').text;
  const versionMin = versionOf(minText) ?? 'TLSv1.2';
  const versionMax = versionOf(maxText);
  if (versionMax !== undefined && versionMin > versionMax)
    refuse(`min version (${minText}) is greater than max version (${maxText})`);
  const suites = listOf(flagValue('cipher-suites')).filter((one) => one !== '');
  if (suites.length > 0 && versionMin === 'TLSv1.3')
    refuse('cipher suites cannot be configured when only TLS1.3 is enabled');
  const found = opensslCiphers(suites);
  if (!found.ok) refuse(`unexpected TLS cipher suite "${found.unknown}"`);
  return {
    versionMin,
    ...(versionMax === undefined ? {} : { versionMax }),
    ...(suites.length === 0 ? {} : { ciphers: found.ciphers }),
  };
}

function versionOf(text: string): TlsVersion | undefined {
  if (text === '') return undefined;
  if (!Object.hasOwn(VERSIONS, text))
    refuse(`unexpected TLS version "${text}" (must be one of: TLS1.2, TLS1.3)`);
  return VERSIONS[text];
}
