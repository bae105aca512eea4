/**
 * Transactions, as etcd runs them: all conditions, inner ones too, are decided against the state before; then the chosen
 * branches are checked as a whole; only then is anything written. So a transaction that fails changes nothing. One that looks
 * at many keys yields where the turn's share of work is used up.
 */
import { unreachable } from '@synod/consensus';
import type { TransactionCommand, TransactionOperation } from '../machine/commands.ts';
import type {
  Failure,
  FailureReason,
  TransactionOperationResult,
  TransactionResult,
} from '../machine/results.ts';
import { allHold } from './compare.ts';
import { putFailureInTransaction } from './put-failure.ts';
import { rangeFailure, rangeInSteps } from './range.ts';
import type { KeyspaceStore } from './store.ts';
import { TransactionLooks } from './transaction-looks.ts';
import type { KeyspaceWrite } from './write.ts';

/** A transaction with its branches chosen. */
interface ChosenTransaction {
  readonly succeeded: boolean;
  readonly operations: readonly TransactionOperation[];
  /** The inner transactions, in the order of `operations`. */
  readonly inner: readonly ChosenTransaction[];
}

export function* runTransaction(
  store: KeyspaceStore,
  write: KeyspaceWrite,
  command: TransactionCommand,
): Generator<void, TransactionResult | Failure> {
  const looks = new TransactionLooks(store.index);
  const chosen = yield* choose(store, write, command, looks);
  if (chosen === undefined)
    return { kind: 'failure', reason: { code: 'transactionLooksAtTooMany' }, revision: write.current };
  const reason = firstFailure(store, write, chosen);
  if (reason !== undefined) return { kind: 'failure', reason, revision: write.current };
  store.tally.transactions++;
  return yield* execute(store, write, chosen);
}

/** `undefined`: it would look at more keys than it may. */
function* choose(
  store: KeyspaceStore,
  write: KeyspaceWrite,
  command: TransactionCommand,
  looks: TransactionLooks,
): Generator<void, ChosenTransaction | undefined> {
  looks.spendOnComparisons(command.compares);
  if (looks.areSpent) return undefined;
  const succeeded = yield* allHold(store, command.compares, write.meter);
  const operations = succeeded ? command.success : command.failure;
  const inner: ChosenTransaction[] = [];
  for (const operation of operations) {
    looks.spendOnOperation(operation);
    if (looks.areSpent) return undefined;
    if (operation.kind !== 'transaction') continue;
    const chosen = yield* choose(store, write, operation, looks);
    if (chosen === undefined) return undefined;
    inner.push(chosen);
  }
  return { succeeded, operations, inner };
}

function firstFailure(
  store: KeyspaceStore,
  write: KeyspaceWrite,
  chosen: ChosenTransaction,
): FailureReason | undefined {
  const inner = chosen.inner.values();
  for (const operation of chosen.operations) {
    const reason = operationFailure(store, write, operation, inner);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function operationFailure(
  store: KeyspaceStore,
  write: KeyspaceWrite,
  operation: TransactionOperation,
  inner: Iterator<ChosenTransaction>,
): FailureReason | undefined {
  switch (operation.kind) {
    case 'range':
      return rangeFailure(store, operation.query.revision, write.current)?.reason;
    case 'put':
      return putFailureInTransaction(store, operation);
    case 'deleteRange':
      return undefined;
    case 'transaction':
      return firstFailure(store, write, inner.next().value!);
    default:
      return unreachable(operation);
  }
}

function* execute(
  store: KeyspaceStore,
  write: KeyspaceWrite,
  chosen: ChosenTransaction,
): Generator<void, TransactionResult> {
  const inner = chosen.inner.values();
  const results: TransactionOperationResult[] = [];
  for (const operation of chosen.operations) {
    switch (operation.kind) {
      case 'range':
        // That it can be read was checked before; and what the transaction wrote since does not change that.
        results.push(yield* rangeInSteps(store, operation.query, write.current, write.meter));
        store.tally.ranges++;
        break;
      case 'put':
        results.push(write.put(operation));
        break;
      case 'deleteRange':
        results.push(yield* write.deleteRange(operation));
        break;
      case 'transaction':
        results.push(yield* execute(store, write, inner.next().value!));
        break;
      default:
        unreachable(operation);
    }
    if (write.meter.isSpent) yield;
  }
  return { kind: 'transaction', revision: write.current, succeeded: chosen.succeeded, results };
}
