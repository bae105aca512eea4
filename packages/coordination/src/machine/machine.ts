/**
 * The replicated state machine: entries in, results and events out. It opens each entry's envelope, drops what was
 * applied before, hands the commands to their modules, and does between modules what several of them share: a lease's
 * end deletes keys, one entry makes one revision. It has no clock and no input but the entries (S7).
 */
import {
  assert,
  type Entry,
  type Envelope,
  type LogIndex,
  logIndex,
  type StateImage,
  type StateRestore,
  unreachable,
} from '@synod/consensus';
import type { Alarm, AlarmKind } from '../alarms/alarm.ts';
import { changesKeys, takesSpace } from '../alarms/alarm-effects.ts';
import { AlarmModule } from '../alarms/alarm-module.ts';
import { AuthModule, tokenAt } from '../auth/auth-module.ts';
import { CommandRights } from '../auth/command-rights.ts';
import { type Refusal, Rights } from '../auth/rights.ts';
import { type Backend, TABLE } from '../backend/backend.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import type { KeyspaceHash } from '../keyspace/keyspace-hash.ts';
import type { KeyspaceTally } from '../keyspace/keyspace-tally.ts';
import type { KeyspaceWrite } from '../keyspace/write.ts';
import { LeaseModule, type LeaseRevocation } from '../leases/lease-module.ts';
import { MemberDirectory } from '../members/member-directory.ts';
import type { WatchHistory } from '../watches/history.ts';
import { decodeCaller } from './command-codec.ts';
import type { AuthCommand, Command, LeaseCommand, MemberCommand, PageQuery, RangeQuery } from './commands.ts';
import { openEnvelope, readCommands } from './entry-bytes.ts';
import { ImageReader, ViewImage } from './image.ts';
import type { AuthFacts, LeaseFacts, Machine, MachineOutputs, MemberFacts } from './machine-api.ts';
import type { MachineObserver } from './machine-observer.ts';
import { encodeMeta, META_KEY, readMeta } from './meta-row.ts';
import { Origins } from './origins.ts';
import type { CommandResult, Failure, FailureReason, PageResult, RangeResult } from './results.ts';
import { StateHash } from './state-hash.ts';
import type { Key, LeaseId, Revision } from './values.ts';

export interface MachineOptions {
  readonly backend: Backend;
  readonly outputs: MachineOutputs;
  readonly observer?: MachineObserver;
  /** Who founded the cluster: what the list of members says until they speak for themselves. */
  readonly founders: readonly MemberFacts[];
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
    return this.leaseModule.keysOf(id);
  }

  attachedKeys(id: LeaseId): Iterable<Key> {
    return this.leaseModule.attached(id);
  }

  leases(): LeaseFacts[] {
    return this.leaseModule.list();
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
    for (const entry of entries) {
      assert(
        entry.index === this.applied + 1,
        `entry ${this.applied + 1} is applied next, not ${entry.index}`,
      );
      if (entry.kind === 'command') this.applyCommand(entry.payload);
      this.applied = entry.index;
    }
  }

  /** Takes away rows that compaction let go of, a bounded number a call. @returns whether there is more to do */
  sweep(rowsMax: number): boolean {
    return this.keyspace.sweep(rowsMax);
  }

  /**
   * A hash of everything that can be seen of the state: equal at an index on all members, whatever they were through
   * (S1). Reads every row, so it is for checks, not for requests.
   */
  stateHash(): string {
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
    const index = this.applied;
    const { restores } = this;
    this.store();
    this.backend.commit((error) => {
      if (error === undefined && restores === this.restores && index > this.durable) this.durable = index;
      done(error);
    });
  }

  capture(): StateImage {
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

  /** Writes down what is kept in memory between commits. */
  private store(): void {
    this.origins.store();
    const { revision, compactedTo } = this.keyspace;
    this.backend.put(TABLE.meta, META_KEY, encodeMeta({ appliedIndex: this.applied, revision, compactedTo }));
  }

  private applyCommand(payload: Uint8Array): void {
    const envelope = openEnvelope(payload);
    // Without an envelope nobody can be waiting for a result.
    if (envelope === undefined) return;
    this.observer?.entryBegins();
    this.outputs.result(envelope, this.resultsOf(envelope));
  }

  private resultsOf(envelope: Envelope): readonly CommandResult[] {
    if (!this.origins.admit(envelope)) return [this.failure({ code: 'duplicateProposal' })];
    const commands = readCommands(envelope.body);
    if (typeof commands === 'string') return [this.failure({ code: 'unknownCommand', detail: commands })];
    const refusal = this.authModule.isEnabled ? this.refusalOf(envelope.body, commands) : undefined;
    const results = refusal === undefined ? this.runAll(commands) : commands.map(() => this.failure(refusal));
    this.observer?.entryApplied(commands, results);
    return results;
  }

  private runAll(commands: readonly Command[]): readonly CommandResult[] {
    const write = this.keyspace.begin();
    const compactRevision = this.keyspace.compactRevision;
    const results = commands.map((command) => this.run(write, command));
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

  private run(write: KeyspaceWrite, command: Command): CommandResult {
    const reason = this.stoppedBy(command);
    if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
    switch (command.module) {
      case 'keyspace':
        return this.keyspace.apply(write, command);
      case 'leases':
        return this.runLeaseCommand(write, command);
      case 'members':
        return this.runMemberCommand(write, command);
      case 'auth':
        return this.runAuthCommand(write, command);
      case 'alarms': {
        const alarm = this.alarmModule.apply(command);
        return {
          kind: 'alarmsChanged',
          alarms: alarm === undefined ? [] : [alarm],
          revision: write.current,
        };
      }
      default:
        return unreachable(command);
    }
  }

  /** By the alarms that are active at this entry, and never by how full a member's own store is (S7). */
  private stoppedBy(command: Command): FailureReason | undefined {
    if (this.hasAlarm('corrupt') && changesKeys(command)) return { code: 'corrupt' };
    if (this.hasAlarm('noSpace') && takesSpace(command)) return { code: 'noSpace' };
    return undefined;
  }

  private runLeaseCommand(write: KeyspaceWrite, command: LeaseCommand): CommandResult {
    switch (command.kind) {
      case 'grant': {
        const { id, ttlSeconds } = command;
        const reason = this.leaseModule.grant(id, ttlSeconds);
        if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
        return { kind: 'leaseGranted', id, ttlSeconds, revision: write.current };
      }
      case 'revoke':
        return this.endLease(
          write,
          command.cause === 'expired'
            ? this.leaseModule.expire(command.id, command.epoch, command.grantNumber)
            : this.leaseModule.revoke(command.id),
        );
      case 'checkpoint':
        this.leaseModule.checkpoint(command);
        return { kind: 'leasesCheckpointed', revision: write.current };
      default:
        return unreachable(command);
    }
  }

  private runMemberCommand(write: KeyspaceWrite, command: MemberCommand): CommandResult {
    const reason = this.directory.apply(command);
    if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
    // Nobody could clear them any more.
    if (command.kind === 'remove') this.alarmModule.forget(command.id);
    this.outputs.membersChanged();
    return { kind: 'membersChanged', members: this.directory.list(), revision: write.current };
  }

  private runAuthCommand(write: KeyspaceWrite, command: AuthCommand): CommandResult {
    const index = this.applied + 1;
    const reason = this.authModule.apply(command, index);
    if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
    if (command.kind === 'signIn')
      return { kind: 'signedIn', token: tokenAt(command.token, index), revision: write.current };
    return { kind: 'authChanged', revision: write.current };
  }

  /** All keys of a lease go in the revision of its end (C20). */
  private endLease(write: KeyspaceWrite, revocation: LeaseRevocation): CommandResult {
    if (revocation.kind === 'refused')
      return { kind: 'failure', reason: revocation.reason, revision: write.current };
    write.deleteKeys(revocation.keys);
    return { kind: 'leaseRevoked', revision: write.current };
  }

  private failure(reason: Failure['reason']): Failure {
    return { kind: 'failure', reason, revision: this.keyspace.revision };
  }
}
