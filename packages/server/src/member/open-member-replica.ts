/** Opens a member's replica on its data directory, with the core of its protocol. */
import { randomBytes } from 'node:crypto';
import {
  type Clock,
  type Disk,
  describeJournalError,
  type Entry,
  type JournalOptions,
  openReplica,
  type Replica,
  type ReplicaEvent,
  simpleMembership,
  type Transport,
  clusterId as toClusterId,
  memberId as toMemberId,
} from '@synod/consensus';
import { type CoordinationMachine, isNamedCorrupt } from '@synod/coordination';
import type { MemberConfig } from '../config/member-config.ts';
import type { Log } from '../log/log.ts';
import { CLOCK } from './clock.ts';
import { forceNewCluster } from './force-new-cluster.ts';
import type { MemberIdentity } from './identity/member-identity.ts';
import { makeCore } from './make-core.ts';
import type { MemberTuning } from './running-member.ts';
import { StartFailure } from './start-failure.ts';

export interface MemberReplicaParts {
  readonly config: MemberConfig;
  readonly identity: MemberIdentity;
  readonly tuning: MemberTuning;
  readonly log: Log;
  readonly disk: Disk;
  readonly transport: Transport;
  readonly machine: CoordinationMachine;
  readonly electionTicks: number;
  /** Whether the state was set aside, and is to come from the others. */
  readonly awaitsState: boolean;
  readonly observe: (event: ReplicaEvent) => void;
}

export interface OpenedReplica {
  readonly replica: Replica;
  /** What its log holds behind the snapshot. */
  readonly entries: readonly Entry[];
}

/** @throws StartFailure (as a rejection) */
export async function openMemberReplica(parts: MemberReplicaParts): Promise<OpenedReplica> {
  const { config, transport, machine, electionTicks, awaitsState, observe } = parts;
  const id = toMemberId(parts.identity.memberId);
  const journal = journalOptions(parts);
  if (config.forceNewCluster) await forceNewCluster(parts, journal);
  return new Promise((resolve, reject) => {
    openReplica(
      {
        ...journal,
        transport,
        machine,
        observer: { observe },
        electionTimeoutTicks: electionTicks,
        tickMs: config.heartbeatMs,
        trimming: { snapshotCount: config.snapshotCount },
        awaitsState,
        mayGiveState: () => !isNamedCorrupt(machine, id),
        makeCore: (recovered, incarnation) =>
          makeCore(config.protocol, {
            id,
            electionTimeoutTicks: electionTicks,
            preVote: config.preVote,
            initialElectionTicks: config.initialElectionTickAdvance ? 1 : undefined,
            recovered,
            incarnation,
          }),
      },
      (result) => {
        if (result.ok) resolve({ replica: result.replica, entries: result.recovered.entries });
        else reject(new StartFailure(describeJournalError(result.error)));
      },
    );
  });
}

function journalOptions({
  config,
  identity,
  tuning,
  disk,
}: MemberReplicaParts): JournalOptions & { clock: Clock } {
  const { journalSegmentBytes } = tuning;
  return {
    clock: CLOCK,
    disk,
    ...(journalSegmentBytes === undefined ? {} : { segmentBytes: journalSegmentBytes }),
    identity: {
      protocol: config.protocol,
      clusterId: toClusterId(identity.clusterId),
      memberId: toMemberId(identity.memberId),
      foundingMembership: simpleMembership({
        voters: identity.founders.map((founder) => toMemberId(founder.id)),
        learners: [],
      }),
    },
    salt: randomBytes(4).readUInt32LE(),
  };
}
