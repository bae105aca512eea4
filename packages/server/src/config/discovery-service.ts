/** `--discovery-token` and the flags beside it: where a member without data asks with whom it founds its cluster. */
import { resolve } from 'node:path';
import { type Endpoint, parseEndpoint } from '../client/endpoint.ts';
import type { CertificatePaths } from '../tls/tls-config.ts';
import { refuse, refuseUsage } from './config-problem.ts';
import { booleanOf, durationMsOf, listOf } from './flag-values.ts';
import type { WorkingFlagName } from './flags.ts';
import type { GivenValue } from './given-flags.ts';

export interface DiscoveryConfig {
  /** Never empty; goes into the ids of the cluster and its members too. */
  readonly token: string;
  /** At least one. */
  readonly endpoints: readonly Endpoint[];
  readonly dialTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly user: { readonly name: string; readonly password: string } | undefined;
  readonly tls: {
    readonly authoritiesFile?: string;
    /** What the member shows there. */
    readonly certificate?: CertificatePaths;
    readonly isVerified: boolean;
    /** Of endpoints without a scheme. */
    readonly isSecureByDefault: boolean;
  };
}

/** Undefined: no discovery service is to be asked. @throws ConfigFailure */
export function discoveryService(
  flagValue: (name: WorkingFlagName) => GivenValue,
  workingDirectory: string,
): DiscoveryConfig | undefined {
  const text = (name: WorkingFlagName): string => flagValue(name).text;
  const path = (name: WorkingFlagName): string | undefined =>
    text(name) === '' ? undefined : resolve(workingDirectory, text(name));
  const token = text('discovery-token');
  if ((token === '') !== (text('discovery-endpoints') === ''))
    refuse('both --discovery-token and --discovery-endpoints must be set');
  // Each is checked, whether or not it is needed.
  const isVerified = !booleanOf(flagValue('discovery-insecure-skip-tls-verify'));
  const isPlainByDefault = booleanOf(flagValue('discovery-insecure-transport'));
  const paces = {
    dialTimeoutMs: durationMsOf(flagValue('discovery-dial-timeout')),
    requestTimeoutMs: durationMsOf(flagValue('discovery-request-timeout')),
    keepaliveTimeMs: durationMsOf(flagValue('discovery-keepalive-time')),
    keepaliveTimeoutMs: durationMsOf(flagValue('discovery-keepalive-timeout')),
  };
  const [authoritiesFile, certificateFile, keyFile] = [
    path('discovery-cacert'),
    path('discovery-cert'),
    path('discovery-key'),
  ];
  if ((certificateFile === undefined) !== (keyFile === undefined))
    refuse(
      `KeyFile and CertFile must both be present[key: ${keyFile ?? ''}, cert: ${certificateFile ?? ''}]: give --discovery-cert and --discovery-key`,
    );
  if (token === '') return undefined;
  const certificate =
    certificateFile === undefined || keyFile === undefined ? undefined : { certificateFile, keyFile };
  return {
    token,
    endpoints: endpointsOf(flagValue('discovery-endpoints')),
    ...paces,
    user:
      text('discovery-user') === ''
        ? undefined
        : { name: text('discovery-user'), password: text('discovery-password') },
    tls: {
      ...(authoritiesFile === undefined ? {} : { authoritiesFile }),
      ...(certificate === undefined ? {} : { certificate }),
      isVerified,
      isSecureByDefault:
        !isPlainByDefault || !isVerified || authoritiesFile !== undefined || certificate !== undefined,
    },
  };
}

function endpointsOf(given: GivenValue): Endpoint[] {
  return listOf(given).map((text) => {
    if (text === '') refuse('--discovery-endpoints must not contain empty endpoints');
    const endpoint = parseEndpoint(text);
    if (endpoint === undefined)
      refuseUsage(
        `invalid value "${given.text}" for ${given.origin}: "${text}" must be HOST:PORT, with http:// or https:// before it or not`,
      );
    return endpoint;
  });
}
