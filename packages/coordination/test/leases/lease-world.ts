/**
 * Members whose logs agree, leaders that come and go without knowing it, commands that wander and land late or never,
 * and clients that keep leases alive. Time is one number; nobody's clock drifts. The world checks C19: no lease that
 * ran out ends earlier than its TTL after the client sent the last keep-alive that was acknowledged.
 */
import assert from 'node:assert/strict';
import { announcement, LeaseClock } from '../../src/leases/lease-clock.ts';
import { LeaseModule } from '../../src/leases/lease-module.ts';
import { LEASE_CHECKPOINT_INTERVAL_MS } from '../../src/leases/limits.ts';
import type { LeaseCommand } from '../../src/machine/commands.ts';
import type { LeaseId } from '../../src/machine/values.ts';
import { RowsInMemory } from './rows-in-memory.ts';

/** None: C19 must not hang on it. */
const EXTENSION_MS = 0;

/** A command on its way into the log. Whoever proposed it may have lost the leadership meanwhile. */
interface Wandering {
  readonly command: LeaseCommand;
  readonly proposer: LeaseClock;
  readonly landed: () => void;
}

/** A keep-alive between two steps of its way. */
interface KeepAlive {
  readonly id: LeaseId;
  readonly sentMs: number;
  readonly leader: Leader;
  /** A quorum confirmed the leadership after the keep-alive came. */
  confirmed: boolean;
}

interface Leader {
  readonly epoch: number;
  readonly clock: LeaseClock;
  /** Learned that another one leads. */
  retired: boolean;
}

export class LeaseWorld {
  nowMs = 0;
  private epoch = 0;
  private readonly module: LeaseModule;
  /** All that ever led and still believe so, the true one last. */
  private readonly leaders: Leader[] = [];
  private wandering: Wandering[] = [];
  private keepAlives: KeepAlive[] = [];
  /** When the client sent what was last acknowledged: the grant or a keep-alive. */
  private readonly acknowledgedMs = new Map<LeaseId, number>();
  private readonly ttlSeconds = new Map<LeaseId, number>();
  expiredCount = 0;
  renewedCount = 0;
  clearedCount = 0;

  constructor() {
    this.module = new LeaseModule(new RowsInMemory(), (change) => {
      for (const { clock } of this.leaders) clock.changed(change, this.nowMs);
    });
    this.failOver();
  }

  get leases(): LeaseId[] {
    return this.module.list().map(({ id }) => id);
  }

  pass(ms: number): void {
    this.nowMs += ms;
  }

  /** A client's grant, sent and applied. */
  grant(id: LeaseId, ttlSeconds: number): void {
    if (this.module.grant(id, ttlSeconds) !== undefined) return;
    this.acknowledgedMs.set(id, this.nowMs);
    this.ttlSeconds.set(id, ttlSeconds);
  }

  /** Another member is elected. The one before does not know; what it proposed may still arrive. */
  failOver(): void {
    const leader: Leader = {
      epoch: ++this.epoch,
      clock: new LeaseClock({
        extensionMs: EXTENSION_MS,
        checkpointIntervalMs: LEASE_CHECKPOINT_INTERVAL_MS,
      }),
      retired: false,
    };
    this.leaders.push(leader);
    this.propose(leader.clock, announcement(leader.epoch), () => {
      if (!leader.retired) leader.clock.promote(leader.epoch, this.nowMs, this.module.list());
    });
  }

  /** Old leaders learn of the new one. */
  retireOld(): void {
    for (const leader of this.leaders.splice(0, this.leaders.length - 1)) {
      leader.retired = true;
      leader.clock.demote();
    }
  }

  /** Everybody who believes to lead looks at the clock. */
  tick(): void {
    for (const { clock } of this.leaders) {
      for (const command of clock.dueExpiries(this.nowMs, 3)) this.propose(clock, command);
      const checkpoint = clock.dueCheckpoint(this.nowMs);
      if (checkpoint !== undefined) this.propose(clock, checkpoint);
    }
  }

  /**
   * One wandering command is applied, or is lost for good, or its proposer gives it up although it may still land.
   * Any may overtake any.
   */
  land(which: number, fate: 'applied' | 'lost' | 'givenUp'): void {
    const landing = this.wandering[which % Math.max(1, this.wandering.length)];
    if (landing === undefined) return;
    if (fate !== 'givenUp') this.wandering = this.wandering.filter((each) => each !== landing);
    if (fate === 'applied') {
      this.apply(landing.command);
      landing.landed();
    } else if (landing.command.kind === 'revoke') {
      landing.proposer.expiryFailed(landing.command.id, this.nowMs);
    }
  }

  landAll(): void {
    while (this.wandering.length > 0) this.land(0, 'applied');
  }

  /** A client sends a keep-alive to someone who believes to lead. */
  send(id: LeaseId, which: number): void {
    const leader = this.leaders[which % this.leaders.length]!;
    this.keepAlives.push({ id, sentMs: this.nowMs, leader, confirmed: false });
  }

  /** The next step of a keep-alive: a quorum confirms, or not; then the clock is asked. */
  proceed(which: number): void {
    const keepAlive = this.keepAlives[which % Math.max(1, this.keepAlives.length)];
    if (keepAlive === undefined) return;
    const { leader } = keepAlive;
    if (!keepAlive.confirmed) {
      keepAlive.confirmed = leader === this.leaders.at(-1) && leader.clock.isRunning;
      if (!keepAlive.confirmed) this.drop(keepAlive);
      return;
    }
    this.drop(keepAlive);
    const renewal = leader.clock.renew(keepAlive.id, this.nowMs);
    if (renewal.kind === 'renewed') {
      this.renewedCount++;
      const before = this.acknowledgedMs.get(keepAlive.id) ?? 0;
      this.acknowledgedMs.set(keepAlive.id, Math.max(before, keepAlive.sentMs));
    } else if (renewal.kind === 'clearFirst') {
      this.clearedCount++;
      this.propose(leader.clock, renewal.command, () => this.keepAlives.push(keepAlive));
    }
  }

  /** One more leader, who stays, until every lease has ended, each at the first instant at which it can. */
  runOut(): void {
    this.failOver();
    this.retireOld();
    this.landAll();
    for (let steps = 0; this.leases.length > 0; steps++) {
      assert.ok(steps < 1_000, 'every lease that nobody renews ends');
      const { clock } = this.leaders[0]!;
      const left = this.leases.map((id) => clock.remainingSeconds(id, this.nowMs) ?? 0);
      this.pass(Math.max(100, Math.min(...left) * 1_000));
      this.tick();
      this.landAll();
    }
  }

  private propose(proposer: LeaseClock, command: LeaseCommand, landed = (): void => undefined): void {
    this.wandering.push({ command, proposer, landed });
  }

  private drop(keepAlive: KeepAlive): void {
    this.keepAlives = this.keepAlives.filter((each) => each !== keepAlive);
  }

  private apply(command: LeaseCommand): void {
    if (command.kind === 'checkpoint') {
      this.module.checkpoint(command);
      return;
    }
    assert.ok(command.kind === 'revoke' && command.cause === 'expired');
    if (this.module.expire(command.id, command.epoch, command.grantNumber).kind === 'refused') return;
    this.expiredCount++;
    const livedMs = this.nowMs - this.acknowledgedMs.get(command.id)!;
    const ttlMs = this.ttlSeconds.get(command.id)! * 1000;
    assert.ok(livedMs >= ttlMs, `C19 a lease of ${ttlMs} ms ended ${livedMs} ms after the keep-alive`);
  }
}
