/** How much one transaction may look at: never less than everything once, and never so much that members stand still. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { TRANSACTION_LOOKS_MAX } from '../../src/keyspace/transaction-looks.ts';
import type {
  Comparison,
  RangeQuery,
  TransactionCommand,
  TransactionOperation,
} from '../../src/machine/commands.ts';
import { ALL_AFTER, type KeySpan, key, NO_LEASE } from '../../src/machine/values.ts';
import { MachineUnderTest } from '../machine/machine-under-test.ts';

const ALL: KeySpan = { from: key('\0'), to: ALL_AFTER };
const KEYS = 1_000;
/** So many times everything are allowed. */
const TIMES = TRANSACTION_LOOKS_MAX / KEYS;

const put = (name: string) =>
  ({
    module: 'keyspace',
    kind: 'put',
    key: key(name),
    value: new Uint8Array(1),
    lease: NO_LEASE,
    previous: false,
    keepValue: false,
    keepLease: false,
  }) as const;

const range = (options: Partial<RangeQuery> = {}): TransactionOperation => ({
  module: 'keyspace',
  kind: 'range',
  query: {
    span: ALL,
    revision: 0,
    limit: 0,
    sort: undefined,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
    ...options,
  },
});

const comparison = (span: KeySpan = ALL): Comparison => ({
  span,
  target: 'version',
  result: 'greater',
  number: 0,
});

const transaction = (
  success: readonly TransactionOperation[],
  compares: readonly Comparison[] = [],
): TransactionCommand => ({ module: 'keyspace', kind: 'transaction', compares, success, failure: [] });

const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

let subject: MachineUnderTest;

function outcome(command: TransactionCommand): string {
  const [result] = subject.run(command);
  return result!.kind === 'failure' ? result!.reason.code : result!.kind;
}

beforeEach(() => {
  subject = new MachineUnderTest();
  for (let at = 0; at < KEYS; at++) subject.run(put(`k${at}`));
});

describe('up to its limit a transaction runs, and above it is refused as a whole', () => {
  const cases: Readonly<Record<string, (looks: number) => TransactionCommand>> = {
    ranges: (looks) => transaction(times(looks, range())),
    'sorted ranges, whatever their limit': (looks) =>
      transaction(times(looks, range({ limit: 1, sort: { target: 'value', order: 'ascending' } }))),
    'ranges with bounds, whatever their limit': (looks) =>
      transaction(times(looks, range({ limit: 1, minModRevision: 9_999 }))),
    comparisons: (looks) => transaction([], times(looks, comparison())),
    'inner transactions': (looks) =>
      transaction(times(looks, { ...transaction([], [comparison()]), kind: 'transaction' as const })),
  };
  for (const [name, command] of Object.entries(cases))
    test(name, () => {
      assert.equal(outcome(command(TIMES)), 'transaction');
      assert.equal(outcome(command(TIMES + 1)), 'transactionLooksAtTooMany');
    });
});

test('what is refused has changed nothing', () => {
  const { revision } = subject.machine;
  const operations = [{ ...put('new') }, ...times(TIMES + 1, range())] as TransactionOperation[];
  assert.equal(outcome(transaction(operations)), 'transactionLooksAtTooMany');
  assert.equal(subject.machine.revision, revision);
});

test('what costs little counts for little: single keys, counts, and limits in key order', () => {
  const many = 10 * TIMES;
  assert.equal(outcome(transaction(times(many, range({ countOnly: true })))), 'transaction');
  assert.equal(outcome(transaction(times(many, range({ limit: 1 })))), 'transaction');
  const one: KeySpan = { from: key('k1'), to: undefined };
  assert.equal(outcome(transaction(times(many, range({ span: one })))), 'transaction');
  assert.equal(outcome(transaction([], times(many, comparison(one)))), 'transaction');
});

test('a few ranges of the past are allowed, whatever they find', () => {
  assert.equal(outcome(transaction(times(4, range({ revision: 2 })))), 'transaction');
  assert.equal(outcome(transaction(times(5, range({ revision: 2 })))), 'transactionLooksAtTooMany');
});

test('however many keys there are, everything may be looked at once', () => {
  for (let at = KEYS; at <= TRANSACTION_LOOKS_MAX; at++) subject.run(put(`k${at}`));
  assert.equal(outcome(transaction([range()], [])), 'transaction');
  assert.equal(outcome(transaction([range()], [comparison()])), 'transactionLooksAtTooMany');
});

test('S4 the count is of what exists, not of what compaction has still to take', () => {
  subject.run({ module: 'keyspace', kind: 'deleteRange', span: ALL, previous: false });
  assert.equal(outcome(transaction(times(10 * TIMES, range()))), 'transaction');
});
