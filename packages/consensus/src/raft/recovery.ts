/** What a replica makes of its journal at birth. Everything read back is durable; what is committed it must learn again. */
import { assert } from '../core/assert.ts';
import type { RecoveredLog } from '../core/core.ts';
import { decodeMembership } from '../core/membership-codec.ts';
import { Memberships } from '../core/memberships.ts';
import { epoch } from '../core/numbers.ts';
import { decodeHardState } from './hard-state.ts';
import { RaftLog } from './log.ts';
import { LogWrites } from './log-writes.ts';
import type { RaftBeginnings } from './state.ts';

/** @throws MalformedBytes when the hard state or a membership in the log is not of this version. */
export function recover(recovered: RecoveredLog): RaftBeginnings {
  const { snapshot } = recovered;
  const log = new RaftLog({ index: snapshot.index, epoch: snapshot.epoch });
  const memberships = new Memberships({ index: snapshot.index, membership: snapshot.membership });
  for (const entry of recovered.entries) {
    if (entry.index <= snapshot.index) continue;
    if (entry.index <= log.lastIndex) {
      // Written again: the log was cut here first.
      log.truncateFrom(entry.index);
      memberships.truncateFrom(entry.index);
    }
    log.append(entry);
    if (entry.kind === 'membership')
      memberships.append({ index: entry.index, membership: decodeMembership(entry.payload) });
  }
  const hardState =
    recovered.hardState === undefined
      ? { term: epoch(snapshot.epoch), vote: undefined }
      : decodeHardState(recovered.hardState);
  assert(hardState.term >= log.lastEpoch, 'the durable term is no older than the log');
  const stateIndex = recovered.stateIndex ?? snapshot.index;
  return { ...hardState, log, writes: new LogWrites(log.lastIndex), memberships, stateIndex };
}
