/** A cluster of Paxos cores, watched by Paxos's god. */
import { DEFAULT_PAXOS_LIMITS, type PaxosLimits } from '../../src/paxos/limits.ts';
import { createPaxosCore, type PaxosCore } from '../../src/paxos/paxos-core.ts';
import { type ClusterOptions, CoreCluster } from '../harness/core-cluster.ts';
import type { PaxosGod } from './god.ts';
import { PaxosWatch } from './watch.ts';

export interface PaxosClusterOptions extends ClusterOptions {
  readonly limits?: Partial<PaxosLimits>;
}

export class Cluster extends CoreCluster<PaxosCore, PaxosGod> {
  constructor(options: PaxosClusterOptions) {
    const { random, electionTimeoutTicks = 10, limits = {} } = options;
    const { windowSlotsMax = DEFAULT_PAXOS_LIMITS.windowSlotsMax } = limits;
    super(options, {
      entryRule: 'standsAlone',
      newCore: (id, incarnation, protocolRecovered) =>
        createPaxosCore({ id, incarnation, protocolRecovered, random, electionTimeoutTicks, limits }),
      newWatch: (members, founding) => new PaxosWatch(members, founding, windowSlotsMax),
    });
  }
}
