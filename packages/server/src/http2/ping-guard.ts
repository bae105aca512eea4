/**
 * Pings, both ways: a client that pings too often is sent away as gRPC servers do it (gRFC A8), and a silent connection
 * is pinged and given up where no answer comes. Knows times, not sockets.
 */
import { type KeepaliveLimits, PING_INTERVAL_WITHOUT_STREAM_MS, PING_STRIKES_MAX } from './limits.ts';

export type KeepaliveStep = 'nothing' | 'ping' | 'giveUp';

/** `excused`: the first since an answer, which costs its sender a call; it counts towards no limit. */
export type PingVerdict = 'excused' | 'counted' | 'tooMany';

export class PingGuard {
  private readonly limits: KeepaliveLimits;
  private lastPingAtMs = Number.NEGATIVE_INFINITY;
  /** Pings that came too early since we last sent an answer. */
  private strikes = 0;
  private answeredSincePing = false;
  private lastFrameAtMs: number;
  /** When our own unanswered ping left; undefined: none is. */
  private pingedAtMs: number | undefined = undefined;

  constructor(limits: KeepaliveLimits, nowMs: number) {
    this.limits = limits;
    this.lastFrameAtMs = nowMs;
  }

  pingReceived(nowMs: number, openStreams: number): PingVerdict {
    if (this.answeredSincePing) {
      this.answeredSincePing = false;
      this.lastPingAtMs = nowMs;
      return 'excused';
    }
    const wantedMs =
      openStreams === 0 && !this.limits.pingWithoutStream
        ? PING_INTERVAL_WITHOUT_STREAM_MS
        : this.limits.pingIntervalMsMin;
    if (nowMs - this.lastPingAtMs < wantedMs) this.strikes++;
    this.lastPingAtMs = nowMs;
    return this.strikes > PING_STRIKES_MAX ? 'tooMany' : 'counted';
  }

  /** Answers excuse pings: clients measure the bandwidth with them while data comes. */
  answerSent(): void {
    this.strikes = 0;
    this.answeredSincePing = true;
  }

  bytesReceived(nowMs: number): void {
    this.lastFrameAtMs = nowMs;
    this.pingedAtMs = undefined;
  }

  tick(nowMs: number): KeepaliveStep {
    if (this.pingedAtMs !== undefined)
      return nowMs - this.pingedAtMs >= this.limits.pingTimeoutMs ? 'giveUp' : 'nothing';
    if (nowMs - this.lastFrameAtMs < this.limits.idleBeforePingMs) return 'nothing';
    this.pingedAtMs = nowMs;
    return 'ping';
  }
}
