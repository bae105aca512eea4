/** Every planted bug there is. */
import { CATCH_UP_MUTANTS } from './catch-up-mutants.ts';
import type { Mutant } from './mutant.ts';
import { RAFT_MUTANTS } from './raft-mutants.ts';
import { SERVICE_MUTANTS } from './service-mutants.ts';
import { STORAGE_MUTANTS } from './storage-mutants.ts';

export const MUTANTS: readonly Mutant[] = [
  ...RAFT_MUTANTS,
  ...CATCH_UP_MUTANTS,
  ...STORAGE_MUTANTS,
  ...SERVICE_MUTANTS,
];
