/** Commands and questions at random, over so few keys, values and leases that they meet. */
import {
  ALL_AFTER,
  type Command,
  type Comparison,
  type KeySpan,
  key,
  leaseId,
  NO_LEASE,
  type RangeQuery,
  revision,
  type TransactionCommand,
  type TransactionOperation,
} from '@synod/coordination';
import fc from 'fast-check';

const keys = fc.constantFrom('a', 'aa', 'b', 'b\0', 'c', '\xff', '\xff\xff').map(key);
const values = fc.uint8Array({ maxLength: 2, max: 2 });
const leases = fc.constantFrom('0000000000000001', 'ffffffffffffff01', '0000000000000003').map(leaseId);
const anyLease = fc.oneof({ weight: 3, arbitrary: fc.constant(NO_LEASE) }, leases);
const rarely = fc.integer({ min: 0, max: 4 }).map((chance) => chance === 0);

export const spans: fc.Arbitrary<KeySpan> = fc.record({
  from: fc.oneof(keys, fc.constant(key('\0'))),
  to: fc.oneof(fc.constant(undefined), fc.constant(ALL_AFTER), keys),
});

/** Mostly no bound at all. */
const bound = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 25 }));

const anyQuery: fc.Arbitrary<RangeQuery> = fc.record({
  span: spans,
  revision: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
  limit: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 })),
  sort: fc.oneof(
    fc.constant(undefined),
    fc.record({
      target: fc.constantFrom('key', 'version', 'createRevision', 'modRevision', 'value'),
      order: fc.constantFrom('ascending', 'descending'),
    }),
  ),
  keysOnly: rarely,
  countOnly: rarely,
  minModRevision: bound,
  maxModRevision: bound,
  minCreateRevision: bound,
  maxCreateRevision: bound,
});

/** Where the order of filter, sort and limit shows: many keys, a small limit, a bound in their midst. */
const narrowing = fc
  .record({
    query: anyQuery,
    limit: fc.integer({ min: 1, max: 3 }),
    bounds: fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 }), fc.boolean()),
  })
  .map(({ query, limit, bounds: [low, high, ofCreation] }) => ({
    ...query,
    span: { from: key('\0'), to: ALL_AFTER },
    revision: 0,
    limit,
    minModRevision: ofCreation ? 0 : low,
    maxModRevision: ofCreation ? 0 : high,
    minCreateRevision: ofCreation ? low : 0,
    maxCreateRevision: ofCreation ? high : 0,
  }));

export const queries: fc.Arbitrary<RangeQuery> = fc.oneof({ weight: 3, arbitrary: anyQuery }, narrowing);

const puts = fc.record({
  module: fc.constant('keyspace' as const),
  kind: fc.constant('put' as const),
  key: keys,
  value: values,
  lease: anyLease,
  previous: fc.boolean(),
  keepValue: rarely,
  keepLease: rarely,
});

const deletions = fc.record({
  module: fc.constant('keyspace' as const),
  kind: fc.constant('deleteRange' as const),
  span: spans,
  previous: fc.boolean(),
});

const results = fc.constantFrom('equal', 'greater', 'less', 'notEqual');
const comparisons: fc.Arbitrary<Comparison> = fc.oneof(
  fc.record({
    span: spans,
    result: results,
    target: fc.constantFrom('version', 'createRevision', 'modRevision'),
    number: fc.nat({ max: 12 }),
  }),
  fc.record({ span: spans, result: results, target: fc.constant('value' as const), value: values }),
  fc.record({ span: spans, result: results, target: fc.constant('lease' as const), lease: anyLease }),
);

const ranges = fc.record({
  module: fc.constant('keyspace' as const),
  kind: fc.constant('range' as const),
  query: queries.map((query) => ({ ...query, revision: query.revision % 8 === 3 ? query.revision : 0 })),
});

function transactions(depth: number): fc.Arbitrary<TransactionCommand> {
  const operation: fc.Arbitrary<TransactionOperation> =
    depth === 0
      ? fc.oneof(puts, deletions, ranges)
      : fc.oneof({ weight: 3, arbitrary: fc.oneof(puts, deletions, ranges) }, transactions(depth - 1));
  return fc.record({
    module: fc.constant('keyspace' as const),
    kind: fc.constant('transaction' as const),
    compares: fc.array(comparisons, { maxLength: 2 }),
    success: fc.array(operation, { maxLength: 4 }),
    failure: fc.array(operation, { maxLength: 4 }),
  });
}

const compactions = fc.record({
  module: fc.constant('keyspace' as const),
  kind: fc.constant('compact' as const),
  revision: fc.nat({ max: 25 }).map(revision),
});

const leaseCommands: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    module: fc.constant('leases' as const),
    kind: fc.constant('grant' as const),
    id: leases,
    ttlSeconds: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    module: fc.constant('leases' as const),
    kind: fc.constant('revoke' as const),
    id: leases,
    cause: fc.constant('asked' as const),
  }),
);

export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: puts },
  { weight: 2, arbitrary: deletions },
  { weight: 4, arbitrary: transactions(2) },
  { weight: 1, arbitrary: compactions },
  { weight: 2, arbitrary: leaseCommands },
);

/** Mostly one command, as protocols send them. */
export const entries: fc.Arbitrary<Command[]> = fc.oneof(
  { weight: 5, arbitrary: fc.array(anyCommand, { minLength: 1, maxLength: 1 }) },
  fc.array(anyCommand, { minLength: 2, maxLength: 3 }),
);
