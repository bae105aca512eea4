/** R7: one committed entry an index. R8: commit by counting, in the leader's own term, durably at a quorum. R11. */
import { require } from '../rule-broken.ts';
import { isQuorum, type ReplicaRecord } from './replica-record.ts';
import type { RunRecord } from './run-record.ts';

/**
 * Called after each step in which the commit index rose. `led`: whether the replica led before the step or leads after
 * it; a leader that commits its own removal steps down in the same step.
 */
export function noteCommit(run: RunRecord, replica: ReplicaRecord, led: boolean): void {
  const { core, place, log } = replica;
  const state = core!.state;
  const { committed } = run;
  const known = committed.last;
  for (let index = replica.commitIndex + 1; index <= state.commitIndex; index++) {
    const hash = log.at(index);
    // Below a snapshot a replica knows of nothing; the snapshot was checked when it was written.
    if (hash === undefined) continue;
    if (index <= committed.last) {
      require(committed.at(index) === hash, 'R7', () =>
        `m${place} commits another entry ${index} than was committed before`);
      continue;
    }
    require(led, 'R8', () => `m${place} takes ${index} for committed, and no leader has counted it`);
    committed.endWith(index, hash);
    run.committedBy.set(state.term, index);
  }
  if (led && state.commitIndex > known) checkCounted(run, replica, state.commitIndex);
  replica.commitIndex = state.commitIndex;
}

function checkCounted(run: RunRecord, { core, place, log }: ReplicaRecord, index: number): void {
  const state = core!.state;
  const hash = log.at(index);
  require(state.log.epochAt(state.commitIndex) === state.term, 'R8', () =>
    `m${place} commits ${index} of term ${state.log.epochAt(state.commitIndex)} in term ${state.term}`);
  const { membership } = state.memberships.latest;
  run.committedUnder = membership;
  require(isQuorum(membership, holdsDurably(run, index, hash)), 'R8', () =>
    `m${place} commits ${index}, which no quorum of ${membership.voters.join(' ')} holds durably`);
}

/** R11: called when something went off a disk. What was committed last is still durable at a quorum of those who counted it. */
export function checkCopies(run: RunRecord, place: number): void {
  const { committed, committedUnder } = run;
  if (committedUnder === undefined) return;
  const { last, lastHash } = committed;
  require(isQuorum(committedUnder, holdsDurably(run, last, lastHash)), 'R11', () =>
    `m${place} cuts its log, and no quorum of ${committedUnder.voters.join(' ')} holds the committed entry ${last} durably any more`);
}

function holdsDurably(run: RunRecord, index: number, hash: number | undefined): (id: string) => boolean {
  return (id) => {
    const holder = run.placeOf.get(id as never);
    return holder !== undefined && run.replicas[holder]?.durable.at(index) === hash;
  };
}
