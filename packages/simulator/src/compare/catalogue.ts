/** Every measurement of the two protocols beside each other, by name, in the order in which documents show them. */
import type { ProtocolUnderTest } from '../checkers/protocol-under-test.ts';
import { measureFailOver } from './fail-over.ts';
import { measureLatency } from './latency.ts';
import { measureMembership } from './membership.ts';
import { measurePartitions } from './partitions.ts';
import { measureRecovery } from './recovery.ts';
import type { Table } from './table.ts';
import { measureCommits, measureIdle } from './traffic.ts';

export type Measurement = (protocols: readonly ProtocolUnderTest[]) => Table;

export const MEASUREMENTS: ReadonlyMap<string, Measurement> = new Map([
  ['commits', measureCommits],
  ['idle', measureIdle],
  ['latency', measureLatency],
  ['failover', measureFailOver],
  ['partitions', measurePartitions],
  ['recovery', measureRecovery],
  ['membership', measureMembership],
]);
