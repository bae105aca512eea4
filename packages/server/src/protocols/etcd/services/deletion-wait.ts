/**
 * Waits until every key of a lock or election that was there before a revision is gone. Looks for the youngest such key
 * and watches that one alone, so that a key's end wakes one waiter and not all. Knows no call.
 */
import { type Failure, type RangeResult, type Revision, revision as toRevision } from '@synod/coordination';
import type { ServiceFailure, WatchSink, WatchStream } from '@synod/coordination/service/service-api.ts';
import type { MemberFace } from '../member-face.ts';
import { askRange, type Outcome, predecessorQuery } from './ownership.ts';

export interface Predecessors {
  readonly name: string;
  /** Keys created at or before it are waited for. At least 1. */
  readonly maxCreateRevision: number;
}

export class DeletionWait implements WatchSink {
  private readonly face: MemberFace;
  private readonly predecessors: Predecessors;
  /** undefined: all are gone. Called once, or never after `cancel`. */
  private readonly done: (failure: Failure | ServiceFailure | undefined) => void;
  /** Open while there is a key to wait for. */
  private watching: WatchStream | undefined;
  /** Cancelled or done. Monotonic. */
  private over = false;

  constructor(
    face: MemberFace,
    predecessors: Predecessors,
    done: (failure: Failure | ServiceFailure | undefined) => void,
  ) {
    this.face = face;
    this.predecessors = predecessors;
    this.done = done;
  }

  look(): void {
    if (this.over) return;
    const { name, maxCreateRevision } = this.predecessors;
    askRange(this.face, predecessorQuery(name, maxCreateRevision), (result) => this.found(result));
  }

  cancel(): void {
    this.over = true;
    this.unwatch();
  }

  private found(result: Outcome<RangeResult>): void {
    if (this.over) return;
    if (result.kind !== 'range') this.finish(result);
    else if (result.records[0] === undefined) this.finish(undefined);
    else {
      this.watching = this.face.service.openWatchStream(this);
      const creation = this.watching.create({
        id: undefined,
        span: { from: result.records[0].key, to: undefined },
        startRevision: result.revision + 1,
        puts: false,
        deletes: true,
        previous: false,
      });
      // What could be read a moment ago may be forbidden by now.
      if (creation.kind === 'forbidden') {
        this.unwatch();
        this.finish({ kind: 'failure', reason: creation.reason, revision: result.revision });
      }
    }
  }

  events(): void {
    this.lookAgain();
  }

  /** What happened meanwhile cannot be read any more; what is there now can. */
  compacted(): void {
    this.lookAgain();
  }

  progress(): void {}

  /** Not at once: this is told in the middle of an apply. */
  private lookAgain(): void {
    if (this.watching === undefined) return;
    this.unwatch();
    queueMicrotask(() => this.look());
  }

  private finish(failure: Failure | ServiceFailure | undefined): void {
    this.over = true;
    this.done(failure);
  }

  private unwatch(): void {
    this.watching?.close();
    this.watching = undefined;
  }
}

/** The newest key that a holder of a key of this age waits for. */
export function before(createRevision: Revision): Revision {
  return toRevision(createRevision - 1);
}
