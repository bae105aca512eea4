/** How a member without data learns who it is to be: it asks the members of the cluster that it was added to. */
import { setTimeout as delay } from 'node:timers/promises';
import type { MemberConfig } from '../../config/member-config.ts';
import type { Log } from '../../log/log.ts';
import { SecureDialer } from '../../tls/secure-dialer.ts';
import { askCluster } from '../../transport/ask-cluster.ts';
import type { ClusterFacts, ListedMember } from '../../transport/cluster-question.ts';
import { addressOf } from '../addresses.ts';
import { StartFailure } from '../start-failure.ts';
import type { MemberIdentity } from './member-identity.ts';

export interface JoinPaces {
  /** How long to wait for one member's answer. */
  readonly answerMs: number;
  /** Between two rounds of questions. */
  readonly pauseMs: number;
  /** How long to go on where nobody answers, and where nobody knows of this member yet. */
  readonly silenceMaxMs: number;
  readonly unknownMaxMs: number;
}

export const JOIN_PACES: JoinPaces = {
  answerMs: 2_000,
  pauseMs: 500,
  silenceMaxMs: 30_000,
  unknownMaxMs: 5_000,
};

type JoinConfig = Pick<
  MemberConfig,
  'name' | 'founders' | 'advertisePeerUrls' | 'peerTls' | 'protocol' | 'dataDirectory'
>;

/** What the members that were asked said. */
interface Round {
  readonly told: readonly ClusterFacts[];
  /** Of those who did not tell: where, and why. */
  readonly failures: readonly string[];
}

/** @throws StartFailure (as a rejection) */
export async function joinCluster(
  config: JoinConfig,
  log: Log,
  paces: JoinPaces = JOIN_PACES,
): Promise<MemberIdentity> {
  const urls = config.founders.filter(({ name }) => name !== config.name).flatMap(({ peerUrls }) => peerUrls);
  if (urls.length === 0)
    throw new StartFailure(
      '--initial-cluster names no other member to ask about the cluster that exists. Name those that there are.',
    );
  const dialer = config.peerTls === undefined ? undefined : new SecureDialer(config.peerTls);
  log.info('joining a cluster', { asking: urls });
  const begunMs = performance.now();
  for (;;) {
    const round = await askAll(urls, dialer, paces.answerMs);
    const self = ownPlace(round.told, config.advertisePeerUrls);
    if (self !== undefined) return identityAt(self.facts, self.member, config);
    const passedMs = performance.now() - begunMs;
    if (round.told.length > 0 && passedMs > paces.unknownMaxMs) throw notAdded(round.told[0]!, config);
    if (passedMs > paces.silenceMaxMs)
      throw new StartFailure(
        `cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs (${round.failures.join('; ')}). One of the members that --initial-cluster names must run and be reachable.`,
      );
    await delay(paces.pauseMs);
  }
}

async function askAll(
  urls: readonly string[],
  dialer: SecureDialer | undefined,
  timeoutMs: number,
): Promise<Round> {
  const told: ClusterFacts[] = [];
  const failures: string[] = [];
  await Promise.all(
    urls.map(async (url) => {
      try {
        told.push(await askCluster(addressOf(url), { dialer, timeoutMs }));
      } catch (error) {
        failures.push(`${url}: ${(error as Error).message}`);
      }
    }),
  );
  const clusters = new Set(told.map(({ clusterId }) => clusterId));
  if (clusters.size > 1)
    throw new StartFailure(
      `--initial-cluster names members of different clusters (${[...clusters].join(', ')}). Name those of one.`,
    );
  return { told, failures };
}

/** By its addresses, as whoever knows most of it tells: that it has run before, some may not have heard yet. */
function ownPlace(
  told: readonly ClusterFacts[],
  ownUrls: readonly string[],
): { readonly facts: ClusterFacts; readonly member: ListedMember } | undefined {
  const wanted = [...ownUrls].sort().join();
  const places = told.flatMap((facts) =>
    facts.members
      .filter(({ peerUrls }) => [...peerUrls].sort().join() === wanted)
      .map((member) => ({ facts, member })),
  );
  return places.find(({ member }) => member.name !== '') ?? places[0];
}

function identityAt(facts: ClusterFacts, member: ListedMember, config: JoinConfig): MemberIdentity {
  if (facts.protocol !== config.protocol)
    throw new StartFailure(
      `the cluster runs --consensus ${facts.protocol}, not ${config.protocol}. Start with --consensus ${facts.protocol}.`,
    );
  if (member.name !== '')
    throw new StartFailure(
      `member ${member.id} has already been bootstrapped: it has run with another data directory than ${config.dataDirectory}. Give it that one back, or remove the member from the cluster and add it anew.`,
    );
  return {
    memberId: member.id,
    clusterId: facts.clusterId,
    founders: facts.founders,
    acquaintances: facts.members,
  };
}

function notAdded({ clusterId, members }: ClusterFacts, config: JoinConfig): StartFailure {
  const urls = config.advertisePeerUrls.join();
  const known = members.map(({ id, name, peerUrls }) => `${name || id} at ${peerUrls.join()}`);
  return new StartFailure(
    `cluster ${clusterId} has no member at ${urls} (it has ${known.join(', ')}). Add it first: synod member add ${config.name} --peer-urls=${urls}`,
  );
}
