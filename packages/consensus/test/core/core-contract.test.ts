/** The contract of the consensus core (harness/core-contract-suite.ts), on both protocols. */
import { testCoreContract } from '../harness/core-contract-suite.ts';
import { Cluster as PaxosCluster } from '../paxos/cluster.ts';
import { Cluster as RaftCluster } from '../raft/cluster.ts';

testCoreContract('raft', (options) => new RaftCluster(options));
testCoreContract('paxos', (options) => new PaxosCluster(options));
