/** HashKV's hash: equal wherever the same can be seen, different wherever it cannot, and taken between other work (S4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyspaceHash } from '../../src/keyspace/keyspace-hash.ts';
import { type Key, key, NO_LEASE, type Revision, revision } from '../../src/machine/values.ts';
import { MachineUnderTest } from '../machine/machine-under-test.ts';

const put = (name: Key, value: string) =>
  ({
    module: 'keyspace',
    kind: 'put',
    key: name,
    value: new TextEncoder().encode(value),
    lease: NO_LEASE,
    previous: false,
    keepValue: false,
    keepLease: false,
  }) as const;
const remove = (name: Key) =>
  ({
    module: 'keyspace',
    kind: 'deleteRange',
    span: { from: name, to: undefined },
    previous: false,
  }) as const;
const compact = (at: Revision) => ({ module: 'keyspace', kind: 'compact', revision: at }) as const;

const change = fc.record({
  name: fc.constantFrom(...['', 'a', 'b', 'c', 'd'].map((name) => key(`k${name}`))),
  value: fc.constantFrom('1', '2'),
  removes: fc.boolean(),
});
const changes = fc.array(change, { minLength: 1, maxLength: 25 });

function changed(
  subject: MachineUnderTest,
  all: readonly { name: Key; value: string; removes: boolean }[],
): void {
  for (const { name, value, removes } of all) subject.run(removes ? remove(name) : put(name, value));
}

/** `meanwhile` runs between the pieces. */
function hashed(
  { machine }: MachineUnderTest,
  at: Revision,
  rowsMax = 1_000,
  meanwhile: () => void = () => {},
): { readonly sum: number; readonly compactedTo: number } | string {
  const hash = machine.beginHash(at);
  if (!(hash instanceof KeyspaceHash)) return hash.reason.code;
  for (;;) {
    const outcome = hash.step(rowsMax);
    if (outcome === 'compacted') return outcome;
    if (outcome === 'whole') return { sum: hash.sum, compactedTo: hash.compactedTo };
    meanwhile();
  }
}

test('S4 two members agree at every revision, whatever one swept, restored or wrote since, and in pieces of any size', () => {
  fc.assert(
    fc.property(
      changes,
      changes,
      fc.nat(),
      fc.integer({ min: 1, max: 5 }),
      fc.nat({ max: 5 }),
      (before, after, place, rowsMax, swept) => {
        const one = new MachineUnderTest();
        const other = new MachineUnderTest();
        for (const subject of [one, other]) changed(subject, before);
        const top = one.machine.revision;
        const at = revision(1 + (place % top));
        for (const subject of [one, other]) subject.run(compact(at));
        one.machine.sweep(swept);
        for (let seen: number = at; seen <= top; seen++)
          assert.deepEqual(hashed(one, revision(seen), rowsMax), hashed(other, revision(seen)));
        const present = hashed(one, top);
        one.moveByImage(7);
        changed(other, after);
        assert.deepEqual(hashed(one, top, rowsMax), present);
        assert.deepEqual(hashed(other, top, rowsMax), present);
        assert.deepEqual(hashed(other, revision(0)), hashed(other, other.machine.revision));
      },
    ),
    { numRuns: 150, seed: 4 },
  );
});

test('what is written while it is taken does not count, and what is compacted begins it anew', () => {
  const subject = new MachineUnderTest();
  for (let i = 0; i < 9; i++) subject.run(put(key(`k${i % 4}`), `${i}`));
  const at = subject.machine.revision;
  const alone = hashed(subject, at);
  assert.deepEqual(
    hashed(subject, at, 1, () => subject.run(put(key('k0'), 'later'))),
    alone,
  );
  const twin = new MachineUnderTest();
  for (let i = 0; i < 9; i++) twin.run(put(key(`k${i % 4}`), `${i}`));
  twin.run(compact(revision(5)));
  let pieces = 0;
  const again = hashed(subject, at, 2, () => {
    if (++pieces === 2) subject.run(compact(revision(5)));
  });
  assert.deepEqual(again, hashed(twin, at));
  assert.notDeepEqual(again, alone);
  pieces = 0;
  const past = hashed(subject, revision(6), 1, () => {
    if (++pieces === 2) subject.run(compact(at));
  });
  assert.equal(past, 'compacted');
});

test('a key, a value, a revision more or less is another hash; before the compaction and in the future there is none', () => {
  const sums = new Set<number>();
  const histories = [
    [put(key('a'), '1')],
    [put(key('a'), '2')],
    [put(key('b'), '1')],
    [put(key('a'), '1'), put(key('a'), '1')],
    [put(key('a'), '1'), remove(key('a'))],
    [],
  ];
  for (const history of histories) {
    const subject = new MachineUnderTest();
    for (const command of history) subject.run(command);
    const hash = hashed(subject, revision(0));
    assert.ok(typeof hash !== 'string');
    assert.equal(hash.compactedTo, -1);
    sums.add(hash.sum);
  }
  assert.equal(sums.size, histories.length);
  const subject = new MachineUnderTest();
  for (const value of ['1', '2', '3']) subject.run(put(key('a'), value));
  subject.run(compact(revision(3)));
  assert.equal(hashed(subject, revision(2)), 'revisionCompacted');
  assert.ok(typeof hashed(subject, revision(3)) !== 'string');
  assert.equal(hashed(subject, revision(5)), 'revisionInFuture');
});

test('a key with a long history is taken in pieces too', () => {
  const subject = new MachineUnderTest();
  for (let i = 0; i < 100; i++) subject.run(put(key('a'), `${i}`));
  let pieces = 0;
  const whole = hashed(subject, revision(0));
  assert.deepEqual(
    hashed(subject, subject.machine.revision, 10, () => {
      pieces++;
    }),
    whole,
  );
  assert.ok(pieces >= 10, `${pieces} pieces`);
});
