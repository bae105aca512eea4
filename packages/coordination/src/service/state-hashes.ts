/**
 * Hashes of this member's state for whoever compares members: of the keyspace at a revision, and of all that a snapshot
 * would hold. They read everything, so they go on a bounded piece a turn, between other work. Knows nothing of who asks.
 */
import { crc32c, type StateImage } from '@synod/consensus';
import type { Machine } from '../machine/machine-api.ts';
import type { Failure } from '../machine/results.ts';
import type { Revision } from '../machine/values.ts';
import { HASH_ROWS_A_TURN, HASHES_AT_ONCE_MAX } from './limits.ts';
import type { MemberMeasurements } from './member-measurements.ts';
import type { PieceQueue } from './piece-queue.ts';
import type { Completion, KeyspaceHashed, ServiceFailure, StateHashed } from './service-api.ts';

export interface StateHashesParts {
  readonly machine: Pick<Machine, 'atRest' | 'beginHash' | 'capture' | 'revision' | 'compactRevision'>;
  readonly pieces: PieceQueue;
  readonly nowMs: () => number;
  readonly measurements: Pick<MemberMeasurements, 'hashed'>;
}

const STOPPED: ServiceFailure = { kind: 'serviceFailure', code: 'stopped' };
const TOO_MANY: ServiceFailure = { kind: 'serviceFailure', code: 'tooManyRequests' };

export class StateHashes {
  private readonly parts: StateHashesParts;
  private running = 0;
  private stopped = false;

  constructor(parts: StateHashesParts) {
    this.parts = parts;
  }

  /** Of what can be seen at a revision; 0: the present one. Equal on all members that compacted at the same revision. */
  ofKeyspace(revision: Revision, completion: Completion<KeyspaceHashed | Failure | ServiceFailure>): void {
    const { machine } = this.parts;
    const hash = machine.beginHash(revision);
    if ('kind' in hash) {
      completion.complete(hash);
      return;
    }
    this.inPieces('keyspace', completion, (): KeyspaceHashed | Failure | undefined => {
      switch (hash.step(HASH_ROWS_A_TURN)) {
        case 'more':
          return undefined;
        case 'whole': {
          const { sum, compactedTo } = hash;
          return {
            kind: 'keyspaceHashed',
            sum,
            compactedTo,
            hashRevision: hash.revision,
            revision: machine.revision,
          };
        }
        case 'compacted': {
          const { compactRevision } = machine;
          return {
            kind: 'failure',
            reason: { code: 'revisionCompacted', compactRevision },
            revision: machine.revision,
          };
        }
      }
    });
  }

  /** Of everything, what only this member knows included: how far a sweep has come, for one. */
  ofEverything(completion: Completion<StateHashed | ServiceFailure>): void {
    const { machine } = this.parts;
    let image: StateImage | undefined;
    let sum = 0;
    const takePiece = (): StateHashed | undefined => {
      image ??= machine.capture();
      const piece = image.next();
      if (piece === undefined) return { kind: 'stateHashed', sum, revision: machine.revision };
      sum = crc32c(piece, 0, piece.length, sum);
      return undefined;
    };
    machine.atRest(() => this.inPieces('everything', completion, takePiece, () => image?.close()));
  }

  stop(): void {
    this.stopped = true;
  }

  /** Until there is a result. */
  private inPieces<Result extends KeyspaceHashed | StateHashed | Failure>(
    what: 'keyspace' | 'everything',
    completion: Completion<Result | ServiceFailure>,
    takePiece: () => Result | undefined,
    close: () => void = () => {},
  ): void {
    if (this.running >= HASHES_AT_ONCE_MAX) {
      completion.complete(TOO_MANY);
      return;
    }
    this.running++;
    const { nowMs, measurements, pieces } = this.parts;
    const startedMs = nowMs();
    const goOn = (): void => {
      const result = this.stopped ? STOPPED : takePiece();
      if (result === undefined) {
        pieces.later(goOn);
        return;
      }
      this.running--;
      close();
      if (result.kind === 'keyspaceHashed' || result.kind === 'stateHashed')
        measurements.hashed(what, nowMs() - startedMs);
      completion.complete(result);
    };
    goOn();
  }
}
