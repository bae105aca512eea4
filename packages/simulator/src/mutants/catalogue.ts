/** Every planted bug there is. */
import { CATCH_UP_MUTANTS } from './catch-up-mutants.ts';
import { MEMBERSHIP_MUTANTS } from './membership-mutants.ts';
import type { Mutant } from './mutant.ts';
import { PAXOS_ACCEPTOR_MUTANTS } from './paxos-acceptor-mutants.ts';
import { PAXOS_LEADER_MUTANTS } from './paxos-leader-mutants.ts';
import { PAXOS_PROPOSER_MUTANTS } from './paxos-proposer-mutants.ts';
import { RAFT_ELECTION_MUTANTS } from './raft-election-mutants.ts';
import { RAFT_LOG_MUTANTS } from './raft-log-mutants.ts';
import { RAFT_MUTANTS } from './raft-mutants.ts';
import { SERVICE_MUTANTS } from './service-mutants.ts';
import { STORAGE_MUTANTS } from './storage-mutants.ts';

export const MUTANTS: readonly Mutant[] = [
  ...RAFT_MUTANTS,
  ...CATCH_UP_MUTANTS,
  ...RAFT_ELECTION_MUTANTS,
  ...RAFT_LOG_MUTANTS,
  ...PAXOS_ACCEPTOR_MUTANTS,
  ...PAXOS_PROPOSER_MUTANTS,
  ...PAXOS_LEADER_MUTANTS,
  ...STORAGE_MUTANTS,
  ...SERVICE_MUTANTS,
  ...MEMBERSHIP_MUTANTS,
];
