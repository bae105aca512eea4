/**
 * A service over a real state machine and a real hub, without a log: what is submitted is applied at once. Leases do not
 * expire here. For the calls that are made of several steps.
 */
import { encodeEnvelope, epoch, logIndex } from '@synod/consensus';
import {
  type Command,
  type CommandResult,
  type CoordinationMachine,
  createMachine,
  encodeCommands,
  type Failure,
  type LeaseId,
  MemoryBackend,
  type PageQuery,
  type PageResult,
  type RangeQuery,
  type RangeResult,
  type Revision,
  WatchHub,
  type WatchSink,
} from '@synod/coordination';
import type {
  AuthKnown,
  Completion,
  LeaseList,
  LeaseTimeToLive,
  MembersChanged,
  NewMember,
  ServiceFailure,
  WatchStream,
} from '@synod/coordination/service/service-api.ts';
import { FakeService } from './fake-service.ts';

export class LocalService extends FakeService {
  readonly machine: CoordinationMachine;
  readonly hub: WatchHub;
  private sequence = 0;
  private lastResults: readonly CommandResult[] = [];

  constructor() {
    super();
    let hub: WatchHub | undefined;
    this.machine = createMachine({
      backend: new MemoryBackend(),
      founders: [],
      outputs: {
        result: (_origin, results) => {
          this.lastResults = results;
        },
        events: (revision, events) => hub?.publish(revision, events),
        authChanged: () => undefined,
        membersChanged: () => undefined,
        compacted: () => undefined,
        leaseChanged: () => undefined,
        restored: () => undefined,
      },
    });
    hub = new WatchHub(this.machine.history);
    this.hub = hub;
    // A plain field there, and the machine's own here.
    Object.defineProperty(this, 'revision', { get: (): Revision => this.machine.revision });
  }

  override auth(completion: Completion<AuthKnown | ServiceFailure>): void {
    completion.complete({ kind: 'authKnown', facts: this.machine.auth });
  }

  override submit(command: Command, completion: Completion<CommandResult | ServiceFailure>): void {
    this.sequence++;
    const { sequence } = this;
    const payload = encodeEnvelope({
      member: this.memberId,
      incarnation: 1,
      sequence,
      oldestPending: sequence,
      body: encodeCommands([command]),
    });
    this.machine.apply([{ index: logIndex(sequence), epoch: epoch(1), kind: 'command', payload }]);
    completion.complete(this.lastResults[0]!);
  }

  override addMember(
    member: NewMember,
    completion: Completion<MembersChanged | Failure | ServiceFailure>,
  ): void {
    this.changeMembers({ module: 'members', kind: 'add', ...member, learnersMax: 1 }, completion);
  }

  override removeMember(id: string, completion: Completion<MembersChanged | Failure | ServiceFailure>): void {
    this.changeMembers({ module: 'members', kind: 'remove', id }, completion);
  }

  override updateMember(
    id: string,
    peerUrls: readonly string[],
    completion: Completion<MembersChanged | Failure | ServiceFailure>,
  ): void {
    this.changeMembers({ module: 'members', kind: 'update', id, peerUrls }, completion);
  }

  override promoteMember(
    id: string,
    completion: Completion<MembersChanged | Failure | ServiceFailure>,
  ): void {
    this.changeMembers({ module: 'members', kind: 'promote', id }, completion);
  }

  private changeMembers(
    command: Command,
    completion: Completion<MembersChanged | Failure | ServiceFailure>,
  ): void {
    const complete = (result: CommandResult | ServiceFailure): void => {
      if (result.kind === 'membersChanged' || result.kind === 'failure') completion.complete(result);
    };
    this.submit(command, { complete });
  }

  override range(
    query: RangeQuery,
    _linearizable: boolean,
    completion: Completion<RangeResult | Failure | ServiceFailure>,
  ): void {
    completion.complete(this.machine.range(query));
  }

  override page(
    query: PageQuery,
    _linearizable: boolean,
    completion: Completion<PageResult | Failure | ServiceFailure>,
  ): void {
    completion.complete(this.machine.page(query));
  }

  override timeToLive(
    id: LeaseId,
    withKeys: boolean,
    completion: Completion<LeaseTimeToLive | Failure | ServiceFailure>,
  ): void {
    const lease = this.machine.lease(id);
    if (lease === undefined)
      completion.complete({
        kind: 'failure',
        reason: { code: 'leaseNotFound', id },
        revision: this.revision,
      });
    else
      completion.complete({
        kind: 'leaseTimeToLive',
        id,
        remainingSeconds: lease.ttlSeconds,
        grantedSeconds: lease.ttlSeconds,
        keys: withKeys ? this.machine.leaseKeys(id) : [],
      });
  }

  override leases(completion: Completion<LeaseList | ServiceFailure>): void {
    completion.complete({ kind: 'leaseList', ids: this.machine.leases().map(({ id }) => id) });
  }

  override openWatchStream(sink: WatchSink): WatchStream {
    return this.hub.openStream(sink);
  }

  /** All keys, in order. */
  keys(): string[] {
    const all: string[] = [];
    for (const { id } of this.machine.leases()) all.push(...this.machine.leaseKeys(id));
    return all.sort();
  }
}
