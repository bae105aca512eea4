/**
 * Streams whose clients asked to be told when no leader is known. They are not ended at once, because to open them again
 * costs far more than to wait: only when there was no leader for three election timeouts.
 */
import type { LeaderListener } from '@synod/coordination/service/service-api.ts';
import { type MemberFace, wantsLeader } from '../member-face.ts';
import type { StreamCall } from '../rpc.ts';

const ELECTION_TIMEOUTS_WITHOUT_LEADER = 3;

/** A stream that this file may end. */
export interface LeaderBoundStream {
  readonly call: StreamCall;
  /** The stream lets go of what it holds; afterwards the call is failed. */
  leaderLost(): void;
}

export class LeaderRequirement implements LeaderListener {
  private readonly face: MemberFace;
  /** Open streams whose clients want a leader. */
  private readonly streams = new Set<LeaderBoundStream>();
  /** Runs while no leader is known. */
  private timer: NodeJS.Timeout | undefined;

  constructor(face: MemberFace) {
    this.face = face;
    face.service.addLeaderListener(this);
  }

  /** Keeps an eye on the stream if its client asked for it. */
  opened(stream: LeaderBoundStream): void {
    if (wantsLeader(stream.call)) this.streams.add(stream);
  }

  closed(stream: LeaderBoundStream): void {
    this.streams.delete(stream);
  }

  leaderKnown(known: boolean): void {
    if (known) {
      clearTimeout(this.timer);
      this.timer = undefined;
    } else if (this.timer === undefined) {
      const patienceMs = ELECTION_TIMEOUTS_WITHOUT_LEADER * this.face.options.electionTimeoutMs;
      this.timer = setTimeout(() => this.endAll(), patienceMs).unref();
    }
  }

  /** Forgets everything; the calls are for the gRPC layer to end. */
  stop(): void {
    this.face.service.removeLeaderListener(this);
    clearTimeout(this.timer);
    this.timer = undefined;
    this.streams.clear();
  }

  private endAll(): void {
    this.timer = undefined;
    const ended = [...this.streams];
    this.streams.clear();
    for (const stream of ended) {
      stream.leaderLost();
      this.face.fail(stream.call, 'noLeader');
    }
  }
}
