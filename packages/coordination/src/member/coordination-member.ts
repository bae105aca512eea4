/**
 * One member from the opening of its replica to its end, without a platform: the replica and the state machine with the
 * service, the lease keeper, the watch hub and the upkeep around them, and who hears of what in which order. The server
 * runs it over sockets, files and timers, the simulator over a seed; both run this.
 */
import {
  allMembers,
  type Lane,
  MalformedBytes,
  type MemberId,
  Proposals,
  type Replica,
} from '@synod/consensus';
import { OWN_RESOLVE } from '../auth/caller.ts';
import type { CoordinationMachine } from '../machine/machine.ts';
import type { AuthChange, LeaseChange, MemberFacts, ProposalOrigin } from '../machine/machine-api.ts';
import type { CommandResult } from '../machine/results.ts';
import type { KeyEvent, Revision } from '../machine/values.ts';
import { AutoCompaction } from '../service/auto-compaction.ts';
import { CorruptionChecks } from '../service/corruption-checks/corruption-checks.ts';
import { handOver } from '../service/corruption-checks/hand-over.ts';
import { KeyspaceHashCalls } from '../service/corruption-checks/keyspace-hash-calls.ts';
import { HubPump } from '../service/hub-pump.ts';
import { LeaderCalls } from '../service/leader-calls.ts';
import { LeaderMoves } from '../service/leader-moves.ts';
import { LeaseKeeper } from '../service/lease-keeper.ts';
import { HASH_ANSWER_MAX_MS } from '../service/limits.ts';
import type { OutputReceivers } from '../service/machine-outputs.ts';
import { MemberChanges } from '../service/member-changes.ts';
import { NOTHING_MEASURED } from '../service/member-measurements.ts';
import { MemberService } from '../service/member-service.ts';
import { MembershipKeeper } from '../service/membership-keeper.ts';
import { PeerCalls } from '../service/peer-calls.ts';
import { PieceQueue } from '../service/piece-queue.ts';
import type { ServiceFailure } from '../service/service-api.ts';
import { SimpleTokens } from '../service/simple-tokens.ts';
import { SpaceGuard } from '../service/space-guard.ts';
import { StateBackups } from '../service/state-backups.ts';
import { StateHashes } from '../service/state-hashes.ts';
import { WatchHub } from '../watches/watch-hub.ts';
import type { CoordinationMemberParts } from './coordination-member-parts.ts';
import { LeaderlessNotice } from './leaderless-notice.ts';
import { REQUEST_RETRY_ELECTIONS, REQUEST_TIMEOUT_BASE_MS, REQUEST_TIMEOUT_ELECTIONS } from './limits.ts';
import { Publication } from './publication.ts';
import { Upkeep } from './upkeep.ts';

export class CoordinationMember implements OutputReceivers {
  readonly replica: Replica;
  readonly machine: CoordinationMachine;
  /** Tells this life of the member from all others: the incarnation in the origins of its proposals. */
  readonly life: number;
  readonly proposals: Proposals<readonly CommandResult[]>;
  readonly hub: WatchHub;
  /** What every protocol calls. */
  readonly service: MemberService;
  readonly simpleTokens: SimpleTokens;
  private readonly parts: CoordinationMemberParts;
  private readonly pump: HubPump;
  private readonly calls: PeerCalls;
  private readonly leaderCalls: LeaderCalls;
  private readonly leaderMoves: LeaderMoves;
  private readonly memberChanges: MemberChanges;
  private readonly membershipKeeper: MembershipKeeper;
  private readonly hashes: StateHashes;
  private readonly backups: StateBackups;
  private readonly space: SpaceGuard;
  private readonly leaseKeeper: LeaseKeeper;
  private readonly upkeep: Upkeep;
  private readonly publication: Publication;
  private readonly autoCompaction: AutoCompaction | undefined;
  private readonly corruption: CorruptionChecks;
  private readonly leaderless: LeaderlessNotice;
  /** Whom the replica told of last. */
  private leader: MemberId | undefined;
  private stopped = false;
  /** Takes part in consensus. Before it only answers and asks what members ask each other. Monotonic. */
  private begun = false;
  private readonly timeoutTicks: number;

  constructor(parts: CoordinationMemberParts) {
    const { id, clusterId, replica, machine, backend, clock, transport, paces } = parts;
    const nowMs = (): number => clock.nowMs();
    const measurements = parts.measurements ?? NOTHING_MEASURED;
    this.parts = parts;
    this.replica = replica;
    this.machine = machine;
    const { incarnation, life } = replica.status();
    this.life = life;
    const timeoutTicks =
      Math.ceil(REQUEST_TIMEOUT_BASE_MS / parts.tickMs) +
      REQUEST_TIMEOUT_ELECTIONS * parts.electionTimeoutTicks;
    this.timeoutTicks = timeoutTicks;
    const retryTicks = REQUEST_RETRY_ELECTIONS * parts.electionTimeoutTicks;
    this.proposals = new Proposals({ replica, member: id, incarnation: life, timeoutTicks, retryTicks });
    this.hub = new WatchHub(machine.history, paces.watchLimits);
    this.pump = new HubPump(this.hub, (job) => clock.defer(job), paces.catchUpRowsATurn);
    this.calls = new PeerCalls({
      incarnation,
      timeoutTicks: retryTicks,
      send: (to, bytes) => transport.send(to, 'call', bytes),
    });
    this.leaderCalls = new LeaderCalls({
      self: id,
      calls: this.calls,
      leader: () => this.leader,
      timeoutTicks,
    });
    this.leaderMoves = new LeaderMoves({ self: id, replica, timeoutTicks });
    this.memberChanges = new MemberChanges({
      self: id,
      machine,
      replica,
      leaderCalls: this.leaderCalls,
      peers: parts.peers,
      nowMs,
      submit: (command, completion, caller) => this.service.submit(command, completion, caller),
      isStrict: parts.strictReconfiguration,
      learnersMax: parts.learnersMax,
      timeoutTicks,
    });
    this.membershipKeeper = new MembershipKeeper({
      machine,
      replica,
      electionTimeoutTicks: parts.electionTimeoutTicks,
      submit: (command, done) => this.service.submit(command, { complete: done }, OWN_RESOLVE),
    });
    const pieces = new PieceQueue((job) => clock.defer(job));
    this.hashes = new StateHashes({ machine, pieces, nowMs, measurements });
    this.backups = new StateBackups({ machine, storedBytes: () => this.storedBytes() });
    const { storeBytesMax } = parts;
    this.space = new SpaceGuard({
      self: id,
      machine,
      storeBytesMax,
      storedBytes: () => this.storedBytes(),
      submit: (command, done) => this.service.submit(command, { complete: done }, OWN_RESOLVE),
      raised: (storedBytes) => parts.observe({ kind: 'outOfSpace', storedBytes, storeBytesMax }),
    });
    this.service = new MemberService({
      clusterId,
      memberId: id,
      machine,
      replica,
      proposals: this.proposals,
      hub: this.hub,
      leaderCalls: this.leaderCalls,
      leaderMoves: this.leaderMoves,
      memberChanges: this.memberChanges,
      hashes: this.hashes,
      backups: this.backups,
      store: backend,
      space: this.space,
      reclaim: (done) => this.upkeep.reclaim(done),
      nowMs,
      measurements,
      commandBytesMax: parts.commandBytesMax,
      pieces,
      wakeHub: () => this.pump.wake(),
    });
    this.simpleTokens = new SimpleTokens({
      ttlMs: parts.simpleTokenTtlMs,
      nowMs,
      authRevision: () => machine.auth.revision,
    });
    this.leaseKeeper = new LeaseKeeper({
      machine,
      replica,
      leaderCalls: this.leaderCalls,
      nowMs,
      extensionMs: parts.leaseExtensionMs,
      checkpointIntervalMs: paces.leaseCheckpointIntervalMs,
      expiriesATick: paces.leaseExpiriesATick,
      pieces,
      submit: (command, done) => this.service.submit(command, { complete: done }, OWN_RESOLVE),
    });
    this.publication = new Publication((command, completion) =>
      this.service.submit(command, completion, OWN_RESOLVE),
    );
    this.upkeep = new Upkeep({
      machine,
      backend,
      clock,
      paces,
      measurements,
      failed: (error) => parts.observe({ kind: 'commitFailed', detail: error.message }),
    });
    this.autoCompaction =
      parts.autoCompaction &&
      new AutoCompaction({
        plan: parts.autoCompaction,
        nowMs,
        leads: () => this.leader === id,
        revision: () => machine.revision,
        compact: (upTo, done) => this.compact(upTo, done),
      });
    this.corruption = this.makeCorruptionChecks();
    this.leaderless = new LeaderlessNotice({
      peers: parts.peers,
      notify: (facts) => parts.observe({ kind: 'leaderless', ...facts }),
    });
  }

  /** Whom this member takes for the leader. */
  get knownLeader(): MemberId | undefined {
    return this.leader;
  }

  /** Leases that this member renewed, and ended for being expired, while it led. */
  get leaseTally(): { readonly renewedCount: number; readonly expiredCount: number } {
    return this.leaseKeeper;
  }

  /** Takes up the role in which the replica is by now. */
  begin(): void {
    this.begun = true;
    this.roleChanged();
  }

  /**
   * Before `begin`: compares what this member holds with the others; `false`: it must not serve. Until it begins it is to
   * its peers' cores as one that has not come yet.
   */
  checkBeforeServing(done: (isSound: boolean) => void): void {
    this.corruption.checkBeforeServing(this.timeoutTicks, done);
  }

  /** One tick of the cluster's clock. The owner calls it after the inbox was drained (pitfall 37). */
  tick(): void {
    if (this.stopped) return;
    if (!this.begun) {
      this.calls.tick();
      this.corruption.tick();
      return;
    }
    this.replica.tick();
    this.proposals.tick();
    this.calls.tick();
    this.leaderCalls.tick();
    this.leaderMoves.tick();
    this.membershipKeeper.tick();
    this.memberChanges.tick();
    this.leaseKeeper.tick();
    this.space.tick();
    this.simpleTokens.tick();
    this.upkeep.tick();
    this.publication.tick();
    this.autoCompaction?.tick();
    this.corruption.tick();
    this.leaderless.tick(this.parts.clock.nowMs(), this.leader !== undefined);
    this.pump.wake();
  }

  /** Tells the cluster who this is; `done` is called once all can know. */
  publish(facts: Pick<MemberFacts, 'name' | 'peerUrls' | 'clientUrls'>, done: () => void): void {
    const told = (): void => {
      if (!this.stopped) done();
    };
    this.publication.begin({ module: 'members', kind: 'publish', id: this.parts.id, ...facts }, told);
  }

  receive(from: MemberId, lane: Lane, bytes: Uint8Array): void {
    if (lane === 'call') this.receiveCall(from, bytes);
    else if (this.begun) this.replica.receive(from, lane, bytes);
  }

  peerUnreachable(peer: MemberId): void {
    if (this.begun) this.replica.peerUnreachable(peer);
    this.calls.abandon(peer);
  }

  roleChanged(): void {
    const { role, epoch, leader } = this.replica.status();
    const before = this.leader;
    this.leader = leader;
    this.service.roleChanged(leader, epoch, this.isLearner());
    // What the last leader was asked, the next one is asked now: waiting for a timeout would be waiting for nothing.
    this.proposals.leaderChanged(leader);
    if (before !== undefined && before !== leader) this.calls.abandon(before);
    this.leaderCalls.leaderChanged();
    this.leaderMoves.roleChanged();
    this.leaseKeeper.roleChanged(role === 'leader', epoch);
  }

  result(origin: ProposalOrigin, results: readonly CommandResult[]): void {
    this.proposals.result(origin, results);
  }

  events(revision: Revision, events: readonly KeyEvent[]): void {
    this.hub.publish(revision, events);
    this.pump.wake();
  }

  compacted(revision: Revision): void {
    this.corruption.compacted(revision);
    this.pump.wake();
  }

  leaseChanged(change: LeaseChange): void {
    this.leaseKeeper.changed(change);
  }

  authChanged(change: AuthChange): void {
    this.simpleTokens.changed(change);
  }

  membersChanged(): void {
    this.service.isLearner = this.isLearner();
    this.parts.membersChanged();
  }

  restored(): void {
    this.simpleTokens.forgetAll();
    this.corruption.restored();
    this.hub.restored();
    this.pump.wake();
    this.membersChanged();
  }

  /** Answers nobody any more; calls back once the replica has finished what it was writing. */
  stop(done: () => void): void {
    this.stopped = true;
    this.upkeep.stop();
    this.pump.stop();
    this.leaderCalls.stop();
    this.leaderMoves.stop();
    this.memberChanges.stop();
    this.hashes.stop();
    this.backups.stop();
    this.proposals.stop();
    this.replica.stop(done);
  }

  /** By the list of members: one that is to have a vote and lacks only some of the log serves like any other. */
  private isLearner(): boolean {
    const { id, machine, replica } = this.parts;
    return machine.directory.member(id)?.isLearner ?? replica.status().role === 'learner';
  }

  private makeCorruptionChecks(): CorruptionChecks {
    const { id, machine, replica, clock, tickMs, peers, corruptionChecks, observe } = this.parts;
    const hashes = new KeyspaceHashCalls({
      calls: this.calls,
      hashes: this.hashes,
      kept: (revision) => this.corruption.kept(revision),
      others: () => allMembers(replica.status().membership).filter((member) => member !== id),
      isConnected: (member) =>
        peers().some(({ peer, connectedSinceMs }) => peer === member && connectedSinceMs !== undefined),
      timeoutTicks: Math.ceil(HASH_ANSWER_MAX_MS / tickMs),
    });
    return new CorruptionChecks({
      plan: corruptionChecks,
      self: id,
      machine,
      hashes,
      nowMs: () => clock.nowMs(),
      leads: () => this.leader === id,
      read: (done) => replica.read(done),
      submit: (command) => this.service.submit(command, { complete: () => {} }, OWN_RESOLVE),
      handOver: (isUnfit) => handOver(replica, isUnfit),
      observe: (event) => observe({ kind: 'corruption', event }),
    });
  }

  /** What the store holds, what is still on its way into it included. */
  private storedBytes(): number {
    const { backend } = this.parts;
    return backend.sizes().usedBytes + backend.pendingBytes;
  }

  private compact(upTo: Revision, done: (isCompacted: boolean) => void): void {
    const complete = (result: CommandResult | ServiceFailure): void => {
      const reason = result.kind === 'failure' ? result.reason.code : undefined;
      // Somebody else was faster, and went as far.
      const isCompacted = result.kind === 'compacted' || reason === 'revisionCompacted';
      const why = result.kind === 'serviceFailure' ? result.code : (reason ?? result.kind);
      this.parts.observe({ kind: 'autoCompacted', upTo, failure: isCompacted ? undefined : why });
      done(isCompacted);
    };
    this.service.submit({ module: 'keyspace', kind: 'compact', revision: upTo }, { complete }, OWN_RESOLVE);
  }

  private receiveCall(from: MemberId, bytes: Uint8Array): void {
    try {
      this.calls.receive(from, bytes);
    } catch (error) {
      // A peer's bytes are not ours to vouch for; it gets no answer.
      if (!(error instanceof MalformedBytes)) throw error;
      this.parts.observe({ kind: 'malformedCall', from, detail: error.message });
    }
  }
}
