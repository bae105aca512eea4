/** Carries faults out on a world's members and network, each until its time is over or everything heals. */
import { unreachable } from '@synod/consensus';
import type { SeededRandom } from '../random/seeded-random.ts';
import type { EventQueue } from '../world/event-queue.ts';
import { CALM_NETWORK, type Network } from '../world/network.ts';
import type { SimulatedMember } from '../world/simulated-member.ts';
import type { Trace } from '../world/trace.ts';
import type { Administrator } from './administrator.ts';
import { linksToCut } from './cut-links.ts';
import { describeFault, type Fault, type FaultAction, type FaultKind, type Target } from './fault.ts';

export interface InjectorParts {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly trace: Trace;
  readonly random: SeededRandom;
  readonly administrator: Administrator;
  /** By place; grows. */
  readonly members: readonly SimulatedMember[];
  readonly leaderPlace: () => number | undefined;
}

export class Injector {
  readonly injected = new Map<FaultKind, number>();
  /** Before this instant the supervisor leaves a member down. By place. */
  readonly downUntilMs: number[] = [];
  private readonly parts: InjectorParts;
  private healed = false;

  constructor(parts: InjectorParts) {
    this.parts = parts;
  }

  plan(faults: readonly Fault[]): void {
    for (const fault of faults)
      this.parts.queue.after(fault.atMs, () => {
        if (!this.healed) this.inject(fault);
      });
  }

  /** Ends every fault. What was lost stays lost; the administrator replaces it. */
  heal(): void {
    this.healed = true;
    this.parts.network.heal();
    this.downUntilMs.length = 0;
    for (const member of this.parts.members) {
      member.resume();
      member.clock.setRate(1);
      member.disk.slowness = 1;
      member.disk.capacityBytes = Number.POSITIVE_INFINITY;
      member.disk.failure = undefined;
    }
  }

  private inject(fault: Fault): void {
    this.parts.trace.note(describeFault(fault));
    const { kind } = fault.action;
    this.injected.set(kind, (this.injected.get(kind) ?? 0) + 1);
    this.carryOut(fault.action);
  }

  private carryOut(action: FaultAction): void {
    const { network, members, queue, random, administrator } = this.parts;
    switch (action.kind) {
      case 'crash':
        this.crash(this.placeOf(action.target), action.power, action.downMs);
        return;
      case 'crashAll':
        for (const { place } of members) this.crash(place, action.power, action.downMs * (1 + random.next()));
        return;
      case 'pause':
        this.pause(members[this.placeOf(action.target)]!, action.forMs);
        return;
      case 'slow':
        this.slow(members[this.placeOf(action.target)]!, action.pauseMs, queue.nowMs + action.forMs);
        return;
      case 'cut': {
        const links = linksToCut(action.shape, this.placeOf(action.target), action.bits, members.length);
        for (const [from, to] of links) {
          network.cut(from, to);
          if (random.chance(0.5)) members[from]!.peerUnreachable(members[to]!.id);
        }
        this.afterwards(action.forMs, () => {
          for (const [from, to] of links) network.mend(from, to);
        });
        return;
      }
      case 'clog':
        network.clog(action.from, action.to, action.forMs);
        return;
      case 'network':
        network.conditions = action.conditions;
        this.afterwards(action.forMs, () => {
          if (network.conditions === action.conditions) network.conditions = CALM_NETWORK;
        });
        return;
      case 'clockRate': {
        const { clock } = members[this.placeOf(action.target)]!;
        clock.setRate(action.rate);
        this.afterwards(action.forMs, () => clock.setRate(1));
        return;
      }
      case 'clockJump':
        members[this.placeOf(action.target)]!.clock.jump(action.byMs);
        return;
      case 'slowDisk': {
        const { disk } = members[this.placeOf(action.target)]!;
        disk.slowness = action.factor;
        this.afterwards(action.forMs, () => {
          disk.slowness = 1;
        });
        return;
      }
      case 'failSync': {
        const member = members[this.placeOf(action.target)]!;
        member.mayStop = true;
        member.disk.failure = 'failed';
        return;
      }
      case 'fullDisk': {
        const member = members[this.placeOf(action.target)]!;
        member.mayStop = true;
        member.disk.capacityBytes = member.disk.usedBytes;
        this.afterwards(action.forMs, () => {
          member.disk.capacityBytes = Number.POSITIVE_INFINITY;
        });
        return;
      }
      case 'rot':
      case 'misdirect':
      case 'wipe':
        administrator.lose(this.placeOf(action.target), action.kind);
        return;
      case 'transfer':
        administrator.transfer(action.to);
        return;
      case 'membership':
        administrator.reshape(action.voterBits, action.learnerBits);
        return;
      default:
        unreachable(action);
    }
  }

  private placeOf(target: Target): number {
    const place = target === 'leader' ? this.parts.leaderPlace() : target;
    return (place ?? 0) % this.parts.members.length;
  }

  private crash(place: number, power: { readonly survival: number } | undefined, downMs: number): void {
    const { members, queue, random } = this.parts;
    const member = members[place]!;
    this.downUntilMs[place] = queue.nowMs + downMs;
    member.end(power);
    // The others' connections break, which they notice or not.
    for (const other of members) if (other !== member && random.chance(0.7)) other.peerUnreachable(member.id);
  }

  private pause(member: SimulatedMember, forMs: number): void {
    const { starts } = member;
    member.pause();
    this.afterwards(forMs, () => {
      if (member.starts === starts) member.resume();
    });
  }

  private slow(member: SimulatedMember, pauseMs: number, untilMs: number): void {
    const { queue, random } = this.parts;
    if (this.healed || queue.nowMs >= untilMs) return;
    this.pause(member, pauseMs * random.next());
    queue.after(pauseMs * (1 + random.next()), () => this.slow(member, pauseMs, untilMs));
  }

  private afterwards(forMs: number, job: () => void): void {
    this.parts.queue.after(forMs, () => {
      if (!this.healed) job();
    });
  }
}
