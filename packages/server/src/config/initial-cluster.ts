/** The founders of a cluster from `--initial-cluster`, and this member's place among them. */
import { foundedClusterId, founderId } from './cluster-identity.ts';
import { refuse, refuseUsage } from './config-problem.ts';
import { urlsOf } from './flag-values.ts';
import type { GivenValue } from './given-flags.ts';
import type { Founder } from './member-config.ts';

export interface FoundedCluster {
  readonly clusterId: string;
  readonly founders: readonly Founder[];
  readonly self: Founder;
}

export interface FoundingFlags {
  readonly name: string;
  readonly token: string;
  readonly initialCluster: GivenValue;
  /** Must be this member's part of the cluster; undefined: that is certain. */
  readonly advertisePeerUrls: readonly string[] | undefined;
}

export function foundedCluster(flags: FoundingFlags): FoundedCluster {
  const { name, token, initialCluster, advertisePeerUrls } = flags;
  const urlsByName = peerUrlsByName(initialCluster);
  const own = urlsByName.get(name);
  if (own === undefined)
    refuse(
      `couldn't find local name "${name}" in the initial cluster configuration (${initialCluster.text}). Give --name one of its names.`,
    );
  if (advertisePeerUrls !== undefined && own.join() !== advertisePeerUrls.join())
    refuse(
      `--initial-cluster has ${name} at ${own.join()}, but --initial-advertise-peer-urls is ${advertisePeerUrls.join()}. Both must say the same.`,
    );
  const founders = [...urlsByName].map(([founder, peerUrls]) => ({
    id: founderId(peerUrls, token),
    name: founder,
    peerUrls,
  }));
  return {
    founders,
    self: founders.find((founder) => founder.name === name)!,
    clusterId: foundedClusterId(founders.map(({ id }) => id)),
  };
}

/** `m1=http://…,m2=http://…`; a member with several URLs has its name several times. */
function peerUrlsByName(initialCluster: GivenValue): Map<string, string[]> {
  const { text, origin } = initialCluster;
  const byName = new Map<string, string[]>();
  const seen = new Set<string>();
  for (const part of text.split(',').map((one) => one.trim())) {
    const at = part.indexOf('=');
    if (at < 1) refuseUsage(`invalid value "${text}" for ${origin}: "${part}" must be name=peer-url`);
    const name = part.slice(0, at);
    const [url] = urlsOf({ text: part.slice(at + 1), origin });
    if (seen.has(url!)) refuse(`initial cluster ${text} has duplicate url ${url}`);
    seen.add(url!);
    byName.set(name, [...(byName.get(name) ?? []), url!].sort());
  }
  return byName;
}
