/** The consensus core that a member is configured for: the one place in the server where the protocols have names. */
import {
  type ConsensusCore,
  createPaxosCore,
  createRaftCore,
  type ForcedMembership,
  forcedPaxosMembership,
  forcedRaftMembership,
  type MemberId,
  type ProtocolName,
  type RecoveredLog,
} from '@synod/consensus';

export interface CoreNeeds {
  readonly id: MemberId;
  readonly electionTimeoutTicks: number;
  /** Raft's; Multi-Paxos asks before it campaigns in any case. */
  readonly preVote: boolean;
  /** A starting member may campaign after so many ticks; undefined: after the whole timeout. */
  readonly initialElectionTicks: number | undefined;
  readonly recovered: RecoveredLog;
  readonly incarnation: number;
}

const MAKERS: Readonly<Record<ProtocolName, (needs: CoreNeeds) => ConsensusCore>> = {
  raft: (needs) => createRaftCore({ ...common(needs), preVote: needs.preVote }),
  paxos: (needs) => createPaxosCore({ ...common(needs), incarnation: needs.incarnation }),
};

/** What makes a member the only one of its group. */
export const FORCED_MEMBERSHIP: Readonly<Record<ProtocolName, ForcedMembership>> = {
  raft: forcedRaftMembership,
  paxos: forcedPaxosMembership,
};

export function makeCore(protocol: ProtocolName, needs: CoreNeeds): ConsensusCore {
  return MAKERS[protocol](needs);
}

function common({ id, electionTimeoutTicks, initialElectionTicks, recovered }: CoreNeeds) {
  return {
    id,
    protocolRecovered: recovered,
    electionTimeoutTicks,
    heartbeatTicks: 1,
    random: Math.random,
    ...(initialElectionTicks === undefined ? {} : { initialElectionTicks }),
  };
}
