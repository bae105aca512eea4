/**
 * Hands leadership to another voter when somebody asks for it, and answers once that one leads. How a transfer goes, and
 * when it is given up, is the consensus core's business.
 */
import type { MemberId, ReplicaApi } from '@synod/consensus';
import type { Completion, LeaderMoved, ServiceErrorCode, ServiceFailure } from './service-api.ts';

export interface LeaderMovesParts {
  readonly self: MemberId;
  readonly replica: Pick<ReplicaApi, 'status' | 'transferLeadership'>;
  /** How long somebody waits who cannot be told who leads. */
  readonly timeoutTicks: number;
}

interface Move {
  readonly to: string;
  readonly completion: Completion<LeaderMoved | ServiceFailure>;
  ageTicks: number;
}

const MOVED: LeaderMoved = { kind: 'leaderMoved' };

export class LeaderMoves {
  private readonly parts: LeaderMovesParts;
  private moves: Move[] = [];

  constructor(parts: LeaderMovesParts) {
    this.parts = parts;
  }

  move(to: string, completion: Completion<LeaderMoved | ServiceFailure>): void {
    const { self, replica } = this.parts;
    const { role, membership } = replica.status();
    const voter = membership.voters.find((id) => id === to);
    if (role !== 'leader') completion.complete(failure('notLeader'));
    else if (voter === undefined) completion.complete(failure('badLeaderTransferee'));
    else if (voter === self) completion.complete(MOVED);
    else {
      this.moves.push({ to, completion, ageTicks: 0 });
      replica.transferLeadership(voter);
    }
  }

  tick(): void {
    for (const move of this.moves) move.ageTicks++;
    this.look();
  }

  /** This member's role changed, or whom it takes for the leader. */
  roleChanged(): void {
    this.look();
  }

  stop(): void {
    for (const { completion } of this.take(() => true)) completion.complete(failure('stopped'));
  }

  private look(): void {
    if (this.moves.length === 0) return;
    const { leader, role, transferring } = this.parts.replica.status();
    for (const { completion } of this.take(({ to }) => to === leader)) completion.complete(MOVED);
    // Still the leader and handing nothing over: it was given up. Or another one leads.
    const isOver = role === 'leader' ? !transferring : leader !== undefined;
    const isLate = ({ ageTicks }: Move): boolean => isOver || ageTicks > this.parts.timeoutTicks;
    for (const { completion } of this.take(isLate)) completion.complete(failure('leaderTransferFailed'));
  }

  private take(which: (move: Move) => boolean): Move[] {
    const taken = this.moves.filter(which);
    if (taken.length > 0) this.moves = this.moves.filter((move) => !which(move));
    return taken;
  }
}

function failure(code: ServiceErrorCode): ServiceFailure {
  return { kind: 'serviceFailure', code };
}
