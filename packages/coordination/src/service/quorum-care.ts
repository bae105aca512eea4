/**
 * Which changes of the membership are too dangerous to ask for, by etcd's rules (--strict-reconfig-check): those after which
 * a quorum would need members that never started, or that this one has not been in touch with.
 */
import { majoritySize } from '@synod/consensus';
import type { MemberFacts } from '../machine/machine-api.ts';

export interface Reachable {
  /** 16 hex digits. */
  readonly peer: string;
  /** Undefined: there is no connection. */
  readonly connectedSinceMs: number | undefined;
}

export type Danger = 'notEnoughStarted' | 'unhealthy';

/** A connection counts as sound once it has lasted so long. */
export const HEALTHY_AFTER_MS = 5_000;

export class QuorumCare {
  private readonly self: string;
  private readonly members: readonly MemberFacts[];
  private readonly peers: readonly Reachable[];
  private readonly nowMs: number;

  constructor(facts: {
    readonly self: string;
    readonly members: readonly MemberFacts[];
    readonly peers: readonly Reachable[];
    readonly nowMs: number;
  }) {
    this.self = facts.self;
    this.members = facts.members;
    this.peers = facts.peers;
    this.nowMs = facts.nowMs;
  }

  addingVoter(): Danger | undefined {
    const { voters } = this;
    const started = voters.filter(isStarted).length;
    // A cluster of one that grows: the only quorum there will be needs the new one in any case.
    const isFirst = started === 1 && voters.length === 1;
    if (!isFirst && started < majoritySize(voters.length + 1)) return 'notEnoughStarted';
    return this.addingLearner();
  }

  addingLearner(): Danger | undefined {
    return this.soundCount(this.voters) < this.voters.length ? 'unhealthy' : undefined;
  }

  /** The learner itself counts as started: it is in step with the leader. */
  promoting(): Danger | undefined {
    const { voters } = this;
    const started = voters.filter(isStarted).length + 1;
    return started < majoritySize(voters.length + 1) ? 'notEnoughStarted' : undefined;
  }

  removing(id: string): Danger | undefined {
    if (this.members.find((member) => member.id === id)?.isLearner === true) return undefined;
    const left = this.voters.filter((member) => member.id !== id);
    if (left.length === 0 || left.filter(isStarted).length < majoritySize(left.length))
      return 'notEnoughStarted';
    // Who is not there is no part of the quorum that works at present.
    if (id !== this.self && this.connectedSinceMs(id) === undefined) return undefined;
    return this.soundCount(this.voters) - 1 < majoritySize(left.length) ? 'unhealthy' : undefined;
  }

  private get voters(): readonly MemberFacts[] {
    return this.members.filter(({ isLearner }) => !isLearner);
  }

  private soundCount(voters: readonly MemberFacts[]): number {
    return voters.filter(({ id }) => {
      if (id === this.self) return true;
      const sinceMs = this.connectedSinceMs(id);
      return sinceMs !== undefined && this.nowMs - sinceMs >= HEALTHY_AFTER_MS;
    }).length;
  }

  private connectedSinceMs(id: string): number | undefined {
    return this.peers.find(({ peer }) => peer === id)?.connectedSinceMs;
  }
}

function isStarted({ name }: MemberFacts): boolean {
  return name !== '';
}
