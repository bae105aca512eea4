/**
 * Tells when a member has been without a leader for a while, and whom it cannot reach: that is what whoever runs it must
 * know, and nothing else says it. Knows times and peers, not elections and not words.
 */
import type { Reachable } from '../service/quorum-care.ts';
import { LEADERLESS_NOTICE_MS, LEADERLESS_REPEAT_MS } from './limits.ts';

export interface LeaderlessFacts {
  /** Since the leader was lost, or the member began. */
  readonly leaderlessMs: number;
  /** Ids of the peers that are not connected, in the transport's order. */
  readonly unreachable: readonly string[];
}

export interface LeaderlessNoticeParts {
  readonly peers: () => readonly Reachable[];
  readonly notify: (facts: LeaderlessFacts) => void;
}

export class LeaderlessNotice {
  private readonly parts: LeaderlessNoticeParts;
  /** When the leader was lost, or the member began; undefined: there is one. */
  private sinceMs: number | undefined = undefined;
  private nextNoticeMs = 0;

  constructor(parts: LeaderlessNoticeParts) {
    this.parts = parts;
  }

  tick(nowMs: number, hasLeader: boolean): void {
    if (hasLeader) {
      this.sinceMs = undefined;
      return;
    }
    if (this.sinceMs === undefined) {
      this.sinceMs = nowMs;
      this.nextNoticeMs = nowMs + LEADERLESS_NOTICE_MS;
    }
    if (nowMs < this.nextNoticeMs) return;
    this.nextNoticeMs = nowMs + LEADERLESS_REPEAT_MS;
    const unreachable = this.parts
      .peers()
      .filter(({ connectedSinceMs }) => connectedSinceMs === undefined)
      .map(({ peer }) => peer);
    this.parts.notify({ leaderlessMs: nowMs - this.sinceMs, unreachable });
  }
}
