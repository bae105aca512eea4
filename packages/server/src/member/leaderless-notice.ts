/**
 * Says so when a member has been without a leader for a while, and whom it cannot reach: that is what whoever runs it
 * must know, and nothing else in the log tells. Knows times and names, not elections.
 */
import type { Founder } from '../config/member-config.ts';
import type { Log } from '../log/log.ts';
import { LEADERLESS_NOTICE_MS, LEADERLESS_REPEAT_MS } from './limits.ts';

export interface LeaderlessFacts {
  readonly log: Log;
  readonly founders: readonly Founder[];
  readonly peers: () => readonly { readonly peer: string; readonly isConnected: boolean }[];
}

export class LeaderlessNotice {
  private readonly facts: LeaderlessFacts;
  /** When the leader was lost, or the member began; undefined: there is one. */
  private sinceMs: number | undefined = undefined;
  private nextNoticeMs = 0;

  constructor(facts: LeaderlessFacts) {
    this.facts = facts;
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
    const seconds = Math.round((nowMs - this.sinceMs) / 1_000);
    const { log, founders, peers } = this.facts;
    const unreachable = new Set<string>();
    for (const { peer, isConnected } of peers()) if (!isConnected) unreachable.add(peer);
    log.warn(`no leader for ${seconds} s; a majority of the members must run and reach each other`, {
      unreachable: founders
        .filter(({ id }) => unreachable.has(id))
        .map(({ name, peerUrls }) => `${name} at ${peerUrls.join()}`),
    });
  }
}
