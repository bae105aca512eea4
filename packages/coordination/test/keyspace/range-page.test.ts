/** Pages of a range, one after the other, are the range: at any revision, for any limits, whatever is written meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PageQuery, RangeQuery } from '../../src/machine/commands.ts';
import { ALL_AFTER, type Key, type KeySpan, key, NO_LEASE } from '../../src/machine/values.ts';
import { MachineUnderTest } from '../machine/machine-under-test.ts';

const put = (name: string, length: number) =>
  ({
    module: 'keyspace',
    kind: 'put',
    key: key(name),
    value: new Uint8Array(length),
    lease: NO_LEASE,
    previous: false,
    keepValue: false,
    keepLease: false,
  }) as const;
const remove = (name: string) =>
  ({
    module: 'keyspace',
    kind: 'deleteRange',
    span: { from: key(name), to: undefined },
    previous: false,
  }) as const;

const everything = (span: KeySpan, revision: number): RangeQuery => ({
  span,
  revision,
  limit: 0,
  sort: undefined,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
});

const change = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  length: fc.nat({ max: 40 }),
  removes: fc.boolean(),
});

test('C6 all pages together are the range at their revision, and each keeps its limits', () => {
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 30 }),
      fc.array(change, { maxLength: 5 }),
      fc.record({
        recordsMax: fc.integer({ min: 1, max: 4 }),
        bytesMax: fc.integer({ min: 1, max: 60 }),
        keysMax: fc.integer({ min: 1, max: 4 }),
      }),
      fc.constantFrom<Key | undefined>(undefined, ALL_AFTER, key('e')),
      (before, meanwhile, limits, to) => {
        const subject = new MachineUnderTest();
        for (const { name, length, removes } of before)
          subject.run(removes ? remove(name) : put(name, length));
        const { machine } = subject;
        const { revision } = machine;
        const from = key('b');
        const expected = machine.range(everything({ from, to }, revision));
        assert.ok(expected.kind === 'range');
        const found: unknown[] = [];
        let next: Key | undefined = from;
        for (let pages = 0; next !== undefined; pages++) {
          assert.ok(pages < 30, 'every page gets on');
          const query: PageQuery = { span: { from: next, to }, revision, ...limits };
          const page = machine.page(query);
          assert.ok(page.kind === 'page');
          assert.ok(page.records.length <= Math.min(limits.recordsMax, limits.keysMax));
          const bytes = page.records.map((record) => record.key.length + record.value.length);
          assert.ok(bytes.slice(0, -1).reduce((sum, one) => sum + one, 0) < limits.bytesMax);
          found.push(...page.records);
          next = page.next;
          const written = meanwhile[pages];
          if (written !== undefined)
            subject.run(written.removes ? remove(written.name) : put(written.name, written.length));
        }
        assert.deepEqual(found, expected.records);
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

test('C6 a page of a revision that is compacted or still to come is refused', () => {
  const subject = new MachineUnderTest();
  subject.run(put('a', 1));
  subject.run(put('a', 2));
  subject.run({ module: 'keyspace', kind: 'compact', revision: subject.machine.revision });
  const page = (revision: number): string => {
    const span = { from: key('a'), to: ALL_AFTER };
    const result = subject.machine.page({ span, revision, recordsMax: 1, bytesMax: 1, keysMax: 1 });
    return result.kind === 'failure' ? result.reason.code : result.kind;
  };
  assert.deepEqual([page(2), page(3), page(4)], ['revisionCompacted', 'page', 'revisionInFuture']);
});
