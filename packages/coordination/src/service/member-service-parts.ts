/** What a member's service is put together from. */
import type { MemberId, Proposals, ReplicaApi } from '@synod/consensus';
import type { Backend } from '../backend/backend.ts';
import type { Machine } from '../machine/machine-api.ts';
import type { CommandResult } from '../machine/results.ts';
import type { WatchHub } from '../watches/watch-hub.ts';
import type { LeaderCalls } from './leader-calls.ts';
import type { LeaderMoves } from './leader-moves.ts';
import type { MemberChanges } from './member-changes.ts';
import type { MemberMeasurements } from './member-measurements.ts';
import type { PieceQueue } from './piece-queue.ts';
import type { SpaceGuard } from './space-guard.ts';
import type { StateBackups } from './state-backups.ts';
import type { StateHashes } from './state-hashes.ts';

export interface MemberServiceParts {
  readonly clusterId: string;
  readonly memberId: MemberId;
  readonly machine: Machine;
  readonly replica: ReplicaApi;
  readonly proposals: Proposals<readonly CommandResult[]>;
  readonly hub: WatchHub;
  readonly leaderCalls: LeaderCalls;
  readonly leaderMoves: LeaderMoves;
  readonly memberChanges: Pick<MemberChanges, 'add' | 'remove' | 'update' | 'promote'>;
  readonly hashes: StateHashes;
  readonly backups: Pick<StateBackups, 'begin'>;
  readonly store: Pick<Backend, 'sizes' | 'defragment'>;
  readonly space: Pick<SpaceGuard, 'admits' | 'afterAlarm' | 'storeBytesMax'>;
  /** Takes away all that compaction let go of, and calls back when the store has that durably. */
  readonly reclaim: (done: () => void) => void;
  readonly nowMs: () => number;
  readonly measurements: MemberMeasurements;
  /** An encoded command list may be no larger. */
  readonly commandBytesMax: number;
  /** For what takes long. */
  readonly pieces: PieceQueue;
  /** The hub has watchers that catch up: pump it soon. */
  readonly wakeHub: () => void;
}
