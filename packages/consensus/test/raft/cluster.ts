/** A cluster of Raft cores, watched by Raft's god. */
import type { RaftLimits } from '../../src/raft/limits.ts';
import { createRaftCore, type RaftCore } from '../../src/raft/raft-core.ts';
import { type ClusterOptions, CoreCluster } from '../harness/core-cluster.ts';
import type { RaftGod } from './god.ts';
import { RaftWatch } from './watch.ts';

export interface RaftClusterOptions extends ClusterOptions {
  readonly preVote?: boolean;
  readonly limits?: Partial<RaftLimits>;
  /** R11 counts copies of what is committed, which makes sense while the voters stay the same. */
  readonly fixedMembership?: boolean;
}

export class Cluster extends CoreCluster<RaftCore, RaftGod> {
  constructor(options: RaftClusterOptions) {
    const { random, electionTimeoutTicks = 10, preVote = true, limits = {} } = options;
    super(options, {
      entryRule: 'cutsAbove',
      newCore: (id, _life, protocolRecovered) =>
        createRaftCore({ id, protocolRecovered, random, electionTimeoutTicks, preVote, limits }),
      newWatch: (_members, founding) => new RaftWatch(founding, options.fixedMembership === true),
    });
  }
}
