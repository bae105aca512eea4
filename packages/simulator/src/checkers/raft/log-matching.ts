/** R4: a leader only appends. R5: an index and a term belong to one prefix. */
import type { Entry } from '@synod/consensus';
import { require } from '../rule-broken.ts';
import type { ReplicaRecord } from './replica-record.ts';
import { pairKey, type RunRecord } from './run-record.ts';

export function noteAppended(run: RunRecord, replica: ReplicaRecord, entry: Entry, hash: number): void {
  const key = pairKey(entry.index, entry.epoch);
  const known = run.positions.get(key);
  if (known === undefined) run.positions.set(key, hash);
  else
    require(known === hash, 'R5', () =>
      `m${replica.place} has another prefix before entry ${entry.index} of term ${entry.epoch}`);
  if (replica.leadingTerm === 0 || replica.core?.state.term !== replica.leadingTerm) return;
  const log = run.leaderLogs.get(replica.leadingTerm)!;
  require(log.last + 1 === entry.index, 'R4', () =>
    `m${replica.place} leads term ${replica.leadingTerm} and writes ${entry.index} after ${log.last}`);
  log.endWith(entry.index, hash);
}
