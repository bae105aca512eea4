/** What a member is put together from, and what it tells its owner. */
import type { Clock, MemberId, Replica, Transport } from '@synod/consensus';
import type { Backend } from '../backend/backend.ts';
import type { CoordinationMachine } from '../machine/machine.ts';
import type { Revision } from '../machine/values.ts';
import type { AutoCompactionPlan } from '../service/auto-compaction.ts';
import type { CorruptionCheckPlan } from '../service/corruption-checks/corruption-checks.ts';
import type { CorruptionEvent } from '../service/corruption-checks/corruption-event.ts';
import type { MemberMeasurements } from '../service/member-measurements.ts';
import type { Reachable } from '../service/quorum-care.ts';
import type { LeaderlessFacts } from './leaderless-notice.ts';
import type { MemberPaces } from './paces.ts';

export interface CoordinationMemberParts {
  readonly id: MemberId;
  /** As 16 hex digits. */
  readonly clusterId: string;
  /** Open; its machine is `machine`, and its role changes are told to `roleChanged`. */
  readonly replica: Replica;
  readonly machine: CoordinationMachine;
  /** The machine's. */
  readonly backend: Pick<Backend, 'pendingRows' | 'pendingBytes' | 'sizes' | 'defragment'>;
  readonly clock: Clock;
  readonly transport: Pick<Transport, 'send'>;
  /** The links to the other members as they stand. */
  readonly peers: () => readonly Reachable[];
  readonly tickMs: number;
  readonly electionTimeoutTicks: number;
  /** What every lease gets on top when leadership changes: an election timeout. */
  readonly leaseExtensionMs: number;
  /** An encoded command list may be no larger. */
  readonly commandBytesMax: number;
  /** The store may hold no more; infinity: no quota. */
  readonly storeBytesMax: number;
  /** Whether changes of the membership that endanger the quorum are refused. */
  readonly strictReconfiguration: boolean;
  readonly learnersMax: number;
  /** Undefined: compaction is asked for by clients alone. */
  readonly autoCompaction: AutoCompactionPlan | undefined;
  readonly corruptionChecks: CorruptionCheckPlan;
  /** A simple token is forgotten so long after it was last used. */
  readonly simpleTokenTtlMs: number;
  readonly paces: MemberPaces;
  /** The list of members changed, or how one is reached. */
  readonly membersChanged: () => void;
  readonly observe: (event: MemberEvent) => void;
  /** Default: nobody wants to know how long things take. */
  readonly measurements?: MemberMeasurements;
}

export type MemberEvent =
  /** A peer sent a question or an answer that cannot be read; nothing came of it. */
  | { readonly kind: 'malformedCall'; readonly from: MemberId; readonly detail: string }
  /** The store is at its quota, and the alarm is on its way. */
  | { readonly kind: 'outOfSpace'; readonly storedBytes: number; readonly storeBytesMax: number }
  /** A compaction by the member's own plan: all up to there, or why not. */
  | { readonly kind: 'autoCompacted'; readonly upTo: Revision; readonly failure: string | undefined }
  | { readonly kind: 'corruption'; readonly event: CorruptionEvent }
  | ({ readonly kind: 'leaderless' } & LeaderlessFacts)
  /** The state cannot be committed: the member must end. */
  | { readonly kind: 'commitFailed'; readonly detail: string };
