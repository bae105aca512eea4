/**
 * The checks of one member on all: when the leader compares hashes, and what becomes of a member that differs. What is
 * compared is the checks' own business; what an alarm stops is decided where entries are applied.
 */
import type { MemberId } from '@synod/consensus';
import { isNamedCorrupt } from '../../alarms/named-corrupt.ts';
import type { AlarmCommand } from '../../machine/commands.ts';
import type { Machine } from '../../machine/machine-api.ts';
import type { Revision } from '../../machine/values.ts';
import { CompactionCheck } from './compaction-check.ts';
import { CompactionHashes } from './compaction-hashes.ts';
import type { CorruptionEvent } from './corruption-event.ts';
import type { KeyspaceHashCalls } from './keyspace-hash-calls.ts';
import type { KeyspaceSum } from './keyspace-question.ts';
import { PeriodicCheck } from './periodic-check.ts';
import { StartCheck } from './start-check.ts';

export interface CorruptionCheckPlan {
  /** The leader compares what all hold now so often; undefined: never. */
  readonly periodMs: number | undefined;
  /** Every member keeps hashes of its compactions, and the leader compares them so often; undefined: neither. */
  readonly compactionPeriodMs: number | undefined;
}

export const NO_CORRUPTION_CHECKS: CorruptionCheckPlan = {
  periodMs: undefined,
  compactionPeriodMs: undefined,
};

export interface CorruptionChecksParts {
  readonly plan: CorruptionCheckPlan;
  readonly self: MemberId;
  readonly machine: Pick<Machine, 'alarms' | 'hasAlarm'>;
  readonly hashes: KeyspaceHashCalls;
  readonly nowMs: () => number;
  readonly leads: () => boolean;
  /** See PeriodicCheckParts. */
  readonly read: (done: (failure: string | undefined) => void) => void;
  /** By this member's own resolve. */
  readonly submit: (command: AlarmCommand) => void;
  /** Gives leadership to somebody who is not `isUnfit`, if this member leads. */
  readonly handOver: (isUnfit: (member: MemberId) => boolean) => void;
  readonly observe: (event: CorruptionEvent) => void;
}

/** Whom an alarm is about that cannot be anybody's in particular, as etcd has it. */
const NOBODY = '0000000000000000';

export class CorruptionChecks {
  private readonly parts: CorruptionChecksParts;
  private readonly periodic: PeriodicCheck;
  private readonly compactions: CompactionHashes;
  private readonly compaction: CompactionCheck;
  /** Undefined: none was asked for. */
  private startCheck: StartCheck | undefined = undefined;
  /** When the next ones are due; both rise. Counted at every member, so that a new leader does not begin at once. */
  private periodicDueMs: number;
  private compactionDueMs: number;
  /** A check is under way: the next one waits for it. */
  private isRunning = false;

  constructor(parts: CorruptionChecksParts) {
    this.parts = parts;
    const blame = (member: MemberId | undefined): void => this.raise(member);
    this.compactions = new CompactionHashes({ own: (revision, done) => parts.hashes.own(revision, done) });
    this.periodic = new PeriodicCheck({ ...parts, blame });
    this.compaction = new CompactionCheck({ ...parts, blame, kept: this.compactions });
    this.periodicDueMs = parts.nowMs() + (parts.plan.periodMs ?? 0);
    this.compactionDueMs = parts.nowMs() + (parts.plan.compactionPeriodMs ?? 0);
  }

  /** Once, before this member takes part: whether it may serve. `waitTicks`: for others that cannot be reached. */
  checkBeforeServing(waitTicks: number, done: (isSound: boolean) => void): void {
    this.startCheck = new StartCheck({ ...this.parts, waitTicks, done });
  }

  tick(): void {
    this.startCheck?.tick();
    const { plan, self, leads, handOver } = this.parts;
    if (leads() && this.isNamed(self)) handOver((member) => this.isNamed(member));
    const nowMs = this.parts.nowMs();
    if (plan.periodMs !== undefined && nowMs >= this.periodicDueMs) {
      this.periodicDueMs = nowMs + plan.periodMs;
      this.begin((done) => this.periodic.run(done));
    }
    if (plan.compactionPeriodMs !== undefined && nowMs >= this.compactionDueMs) {
      this.compactionDueMs = nowMs + plan.compactionPeriodMs;
      this.begin((done) => this.compaction.run(done));
    }
  }

  /** A compaction took effect on this member. */
  compacted(revision: Revision): void {
    if (this.parts.plan.compactionPeriodMs !== undefined) this.compactions.compacted(revision);
  }

  /** What this member found when it compacted at a revision. */
  kept(revision: Revision): KeyspaceSum | undefined {
    return this.compactions.at(revision);
  }

  /** The state is another: what was kept is of the one before. */
  restored(): void {
    this.compactions.forget();
  }

  private begin(check: (done: () => void) => void): void {
    if (this.isRunning || !this.parts.leads()) return;
    this.isRunning = true;
    check(() => {
      this.isRunning = false;
    });
  }

  private isNamed(member: string): boolean {
    return isNamedCorrupt(this.parts.machine, member);
  }

  /** In that member's name; undefined: in nobody's. What is raised already stays as it is. */
  private raise(blamed: MemberId | undefined): void {
    const member = blamed ?? NOBODY;
    if (this.isNamed(member)) return;
    this.parts.submit({
      module: 'alarms',
      kind: 'raise',
      alarm: { member, kind: 'corrupt', isAutomatic: true },
    });
  }
}
