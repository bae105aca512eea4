/** What this is, for people and for scripts. */
import { readFileSync } from 'node:fs';
import { ETCD_DEFAULTS } from '../protocols/etcd/member-face.ts';

export interface VersionFacts {
  readonly synod: string;
  /** The version of etcd whose clients are served as etcd does, and which clients are told. */
  readonly etcd: string;
  readonly node: string;
  readonly platform: string;
}

export function versionFacts(): VersionFacts {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return {
    synod: version,
    etcd: ETCD_DEFAULTS.serverVersion,
    node: process.versions.node,
    platform: `${process.platform}/${process.arch}`,
  };
}

export function versionText(): string {
  const { synod, etcd, node, platform } = versionFacts();
  return `synod ${synod}\nserves clients of etcd as ${etcd}\nnode ${node}, ${platform}\n`;
}
