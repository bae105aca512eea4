/**
 * The replicated state machine: entries in, results and events out. It opens each entry's envelope, drops what was
 * applied before, and has the commands carried out: one entry makes one revision. It has no clock and no input but the
 * entries (S7).
 *
 * An entry that touches many keys is applied over several turns. Until it is done nobody sees anything of it: reads are of
 * the revision before, and neither a commit nor an image nor the sweep has its turn.
 */
import {
  assert,
  type Entry,
  type Envelope,
  type LogIndex,
  logIndex,
  type StateImage,
  type StateRestore,
} from '@synod/consensus';
import type { Alarm, AlarmKind } from '../alarms/alarm.ts';
import { AlarmModule } from '../alarms/alarm-module.ts';
import { AuthModule } from '../auth/auth-module.ts';
import { CommandRights } from '../auth/command-rights.ts';
import { type Refusal, Rights } from '../auth/rights.ts';
import { type Backend, TABLE } from '../backend/backend.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import type { KeyspaceHash } from '../keyspace/keyspace-hash.ts';
import type { KeyspaceTally } from '../keyspace/keyspace-tally.ts';
import { LeaseModule } from '../leases/lease-module.ts';
import { MemberDirectory } from '../members/member-directory.ts';
import type { WatchHistory } from '../watches/history.ts';
import { APPLY_LIMITS, type ApplyLimits, ApplyMeter } from './apply-meter.ts';
import { decodeCaller } from './command-codec.ts';
import { CommandRunner, isShort } from './command-runner.ts';
import type { Command, PageQuery, RangeQuery } from './commands.ts';
import { openEnvelope, readCommands } from './entry-bytes.ts';
import { ImageReader, ViewImage } from './image.ts';
import type { AuthFacts, LeaseFacts, Machine, MachineOutputs, MemberFacts } from './machine-api.ts';
import type { MachineObserver } from './machine-observer.ts';
import { encodeMeta, META_KEY, readMeta } from './meta-row.ts';
import { Origins } from './origins.ts';
import type { CommandResult, Failure, PageResult, RangeResult } from './results.ts';
import { StateHash } from './state-hash.ts';
import type { Key, LeaseId, Revision } from './values.ts';

export interface MachineOptions {
  readonly backend: Backend;
  readonly outputs: MachineOutputs;
  readonly observer?: MachineObserver;
  /** Who founded the cluster: what the list of members says until they speak for themselves. */
  readonly founders: readonly MemberFacts[];
  /** Undefined: APPLY_LIMITS. */
  readonly applyLimits?: ApplyLimits;
}

/** An entry of which a part is applied. */
interface EntryUnderWay {
  readonly envelope: Envelope;
  /** Each does a turn's share of the rest. */
  readonly steps: Generator<void, readonly CommandResult[]>;
}

/** Opens the state machine on what the backend holds. @throws MalformedBytes when another version wrote it. */
export function createMachine(options: MachineOptions): CoordinationMachine {
  return new CoordinationMachine(options);
}

export class CoordinationMachine implements Machine {
  private readonly backend: Backend;
  private readonly outputs: MachineOutputs;
  private readonly observer: MachineObserver | undefined;
  private readonly leaseModule: LeaseModule;
  private readonly keyspace: Keyspace;
  readonly directory: MemberDirectory;
  private readonly authModule: AuthModule;
  private readonly alarmModule: AlarmModule;
  readonly rights: Rights;
  private readonly commandRights: CommandRights;
  private readonly origins: Origins;
  private readonly meter: ApplyMeter;
  private readonly runner: CommandRunner;
  private underWay: EntryUnderWay | undefined = undefined;
  /** Who waits until no entry is half applied. */
  private waiting: (() => void)[] = [];
  /** Monotonic but for a restore. */
  private applied: LogIndex = logIndex(0);
  /** Monotonic likewise. Written when a commit of the backend ends. */
  private durable: LogIndex = logIndex(0);
  /** Counts restores, so that a commit that began before one does not count after it. */
  private restores = 0;

  constructor(options: MachineOptions) {
    this.backend = options.backend;
    this.outputs = options.outputs;
    this.observer = options.observer;
    this.leaseModule = new LeaseModule(options.backend, (change) => {
      this.observer?.leaseChanged(change);
      this.outputs.leaseChanged(change);
    });
    this.keyspace = new Keyspace(options.backend, this.leaseModule);
    this.directory = new MemberDirectory(options.backend, options.founders);
    this.authModule = new AuthModule(options.backend, (change) => options.outputs.authChanged(change));
    this.alarmModule = new AlarmModule(options.backend);
    this.rights = new Rights(this.authModule);
    this.commandRights = new CommandRights(this.rights, this.leaseModule);
    this.origins = new Origins(options.backend);
    this.meter = new ApplyMeter(options.applyLimits ?? APPLY_LIMITS);
    this.runner = new CommandRunner({
      keyspace: this.keyspace,
      leases: this.leaseModule,
      directory: this.directory,
      auth: this.authModule,
      alarms: this.alarmModule,
      outputs: options.outputs,
    });
    this.load();
    this.durable = this.applied;
  }

  get appliedIndex(): LogIndex {
    return this.applied;
  }

  get durableIndex(): LogIndex {
    return this.durable;
  }

  get revision(): Revision {
    return this.keyspace.revision;
  }

  get compactRevision(): Revision {
    return this.keyspace.compactRevision;
  }

  /** The incarnation that a member's last applied proposal came from; undefined: it has not made itself known yet. */
  latestIncarnation(member: string): number | undefined {
    return this.origins.latestIncarnation(member);
  }

  get keyCount(): number {
    return this.keyspace.keyCount;
  }

  /** What was done to the keyspace since it was opened. */
  get tally(): Readonly<KeyspaceTally> {
    return this.keyspace.tally;
  }

  get history(): WatchHistory {
    return this.keyspace.history;
  }

  range(query: RangeQuery): RangeResult | Failure {
    return this.keyspace.range(query);
  }

  page(query: PageQuery): PageResult | Failure {
    return this.keyspace.page(query);
  }

  beginHash(revision: Revision): KeyspaceHash | Failure {
    return this.keyspace.beginHash(revision);
  }

  lease(id: LeaseId): LeaseFacts | undefined {
    return this.leaseModule.facts(id);
  }

  leaseKeys(id: LeaseId): Key[] {
    // Latin1 strings compare by code unit, which is byte order; the default sort does so.
    return this.leaseModule.keysOf(id).sort();
  }

  attachedKeys(id: LeaseId): Iterable<Key> {
    return this.leaseModule.attached(id);
  }

  leases(): LeaseFacts[] {
    return this.leaseModule.list();
  }

  leaseIds(): Iterable<LeaseId> {
    return this.leaseModule.ids();
  }

  alarms(): Alarm[] {
    return this.alarmModule.list();
  }

  hasAlarm(kind: AlarmKind): boolean {
    return this.alarmModule.isActive(kind);
  }

  get auth(): AuthFacts {
    return this.authModule;
  }

  apply(entries: readonly Entry[]): void {
    this.meter.refill();
    for (const entry of entries) {
      if (this.meter.isSpent) return;
      assert(
        entry.index === this.applied + 1,
        `entry ${this.applied + 1} is applied next, not ${entry.index}`,
      );
      if (entry.kind === 'command' && !this.applyCommand(entry.payload)) return;
      this.applied = entry.index;
      if (this.waiting.length > 0) this.tellWaiting();
    }
  }

  /** Whether no entry is half applied. */
  get isAtRest(): boolean {
    return this.underWay === undefined;
  }

  /** Does a job while no entry is half applied: at once, or behind the one under way. It must not throw, nor apply anything. */
  atRest(job: () => void): void {
    if (this.isAtRest) job();
    else this.waiting.push(job);
  }

  /** Takes away rows that compaction let go of, a bounded number a call, at rest. @returns whether there is more to do */
  sweep(rowsMax: number): boolean {
    assert(this.isAtRest, 'an entry that is half applied looks at what a sweep would take');
    return this.keyspace.sweep(rowsMax);
  }

  /**
   * A hash of everything that can be seen of the state: equal at an index on all members, whatever they were through
   * (S1). Reads every row, so it is for checks, not for requests.
   */
  stateHash(): string {
    assert(this.isAtRest, 'a hash is of a whole state');
    const hash = new StateHash();
    hash.number(this.applied);
    this.keyspace.hashInto(hash);
    this.origins.store();
    for (const table of [TABLE.leases, TABLE.members, TABLE.alarms, TABLE.auth, TABLE.origins])
      for (const { key, value } of this.backend.scan(table, {})) {
        hash.bytes(key);
        hash.bytes(value);
      }
    return hash.digest();
  }

  persist(done: (error: Error | undefined) => void): void {
    this.atRest(() => this.commit(done));
  }

  /** At rest. */
  capture(): StateImage {
    assert(this.isAtRest, 'an image is of a whole state');
    this.store();
    return new ViewImage(this.applied, this.backend.view());
  }

  beginRestore(index: LogIndex): StateRestore {
    const replacement = this.backend.beginReplace();
    const reader = new ImageReader(replacement);
    return {
      write: (piece) => reader.write(piece),
      abort: () => replacement.abort(),
      finish: (done) => {
        reader.end();
        assert(this.isAtRest, 'a state is not replaced amid an entry');
        replacement.finish((error) => {
          if (error === undefined && this.applied === index) this.durable = index;
          done(error);
        });
        this.restores++;
        this.load();
        assert(this.applied === index, `an image of ${index} holds the state at ${index}`);
        this.outputs.restored();
      },
    };
  }

  private load(): void {
    const meta = readMeta(this.backend);
    this.applied = logIndex(meta?.appliedIndex ?? 0);
    this.leaseModule.load();
    this.keyspace.load(meta && { current: meta.revision, compactedTo: meta.compactedTo });
    this.directory.load();
    this.authModule.load();
    this.alarmModule.load();
    this.rights.forget();
    this.origins.load();
  }

  private tellWaiting(): void {
    const jobs = this.waiting;
    this.waiting = [];
    for (const job of jobs) job();
  }

  private commit(done: (error: Error | undefined) => void): void {
    const index = this.applied;
    const { restores } = this;
    this.store();
    this.backend.commit((error) => {
      if (error === undefined && restores === this.restores && index > this.durable) this.durable = index;
      done(error);
    });
  }

  /** Writes down what is kept in memory between commits. */
  private store(): void {
    this.origins.store();
    const { revision, compactedTo } = this.keyspace;
    this.backend.put(TABLE.meta, META_KEY, encodeMeta({ appliedIndex: this.applied, revision, compactedTo }));
  }

  /** @returns whether the entry is done; `false`: the turn's share of work ended in the midst of it */
  private applyCommand(payload: Uint8Array): boolean {
    if (this.underWay === undefined) {
      const envelope = openEnvelope(payload);
      // Without an envelope nobody can be waiting for a result.
      if (envelope === undefined) return true;
      this.observer?.entryBegins();
      this.underWay = { envelope, steps: this.applyInSteps(envelope) };
    }
    const { envelope, steps } = this.underWay;
    const step = steps.next();
    if (step.done !== true) return false;
    this.underWay = undefined;
    this.outputs.result(envelope, step.value);
    return true;
  }

  private *applyInSteps(envelope: Envelope): Generator<void, readonly CommandResult[]> {
    if (!this.origins.admit(envelope)) return [this.failure({ code: 'duplicateProposal' })];
    const commands = readCommands(envelope.body);
    if (typeof commands === 'string') return [this.failure({ code: 'unknownCommand', detail: commands })];
    const refusal = this.authModule.isEnabled ? this.refusalOf(envelope.body, commands) : undefined;
    const results =
      refusal === undefined ? yield* this.runAll(commands) : commands.map(() => this.failure(refusal));
    this.observer?.entryApplied(commands, results);
    return results;
  }

  private *runAll(commands: readonly Command[]): Generator<void, readonly CommandResult[]> {
    const index = logIndex(this.applied + 1);
    const write = this.keyspace.begin(this.meter);
    const compactRevision = this.keyspace.compactRevision;
    const results: CommandResult[] = [];
    for (const command of commands) {
      if (isShort(command)) results.push(this.runner.run(write, command, index));
      else {
        const steps = this.runner.runInSteps(write, command);
        // Of several commands none may be seen before the others: no client makes such a list, and it is done in one go.
        results.push(commands.length === 1 ? yield* steps : lastOf(steps));
      }
    }
    write.finish();
    if (write.events.length > 0) this.outputs.events(this.keyspace.revision, write.events);
    if (this.keyspace.compactRevision !== compactRevision)
      this.outputs.compacted(this.keyspace.compactRevision);
    return results;
  }

  /** The first refusal there is: a list is applied as one, so nothing of it may be forbidden (A3). */
  private refusalOf(body: Uint8Array, commands: readonly Command[]): Refusal | undefined {
    const caller = decodeCaller(body);
    for (const command of commands) {
      const refusal = this.commandRights.refusal(caller, command);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  private failure(reason: Failure['reason']): Failure {
    return { kind: 'failure', reason, revision: this.keyspace.revision };
  }
}

function lastOf<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
