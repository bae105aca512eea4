/** What `synod dev` is told, and what follows from it for each member. */
import { join } from 'node:path';
import type { ProtocolName } from '@synod/consensus';

export interface DevOptions {
  readonly members: number;
  readonly basePort: number;
  readonly dataDir: string;
  readonly consensus: ProtocolName;
  readonly restart: boolean;
  readonly verbose?: boolean;
}

export interface DevMemberSpec {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly dataDirectory: string;
}

/** Clients of member i, from 0, on BASE + 10 i; peers on the port after. */
export function memberSpecs({ members, basePort, dataDir }: DevOptions): DevMemberSpec[] {
  return Array.from({ length: members }, (_, at) => ({
    name: `m${at + 1}`,
    clientUrl: `http://127.0.0.1:${basePort + 10 * at}`,
    peerUrl: `http://127.0.0.1:${basePort + 10 * at + 1}`,
    dataDirectory: join(dataDir, `m${at + 1}`),
  }));
}

/** The flags of `synod start` for one of them. */
export function startFlags(
  spec: DevMemberSpec,
  all: readonly DevMemberSpec[],
  { consensus, verbose }: Pick<DevOptions, 'consensus' | 'verbose'>,
): string[] {
  const flags: Readonly<Record<string, string>> = {
    name: spec.name,
    'data-dir': spec.dataDirectory,
    'listen-client-urls': spec.clientUrl,
    'advertise-client-urls': spec.clientUrl,
    'listen-peer-urls': spec.peerUrl,
    'initial-advertise-peer-urls': spec.peerUrl,
    'initial-cluster': all.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(','),
    'initial-cluster-token': 'synod-dev',
    'log-outputs': 'stderr',
    'log-format': 'json',
    'log-level': verbose === true ? 'info' : 'warn',
    consensus,
  };
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}
