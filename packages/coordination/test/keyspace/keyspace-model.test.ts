/** The machine on random commands against a model that keeps everything, through sweeps, restarts and moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Command, type KeyEvent, type RangeQuery, revision } from '@synod/coordination';
import fc from 'fast-check';
import type { HistoryChunk, WatchHistory } from '../../src/watches/history.ts';
import { MachineUnderTest } from '../machine/machine-under-test.ts';
import { EVERYTHING } from './everything.ts';
import { KeyspaceModel } from './keyspace-model.ts';
import { entries, queries } from './random-commands.ts';

type Step =
  | { readonly kind: 'entry'; readonly commands: Command[] }
  | { readonly kind: 'query'; readonly query: RangeQuery }
  | { readonly kind: 'sweep'; readonly rows: number }
  | { readonly kind: 'persist' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'move'; readonly pieceBytes: number }
  | { readonly kind: 'restore'; readonly pieceBytes: number };

const changes: fc.Arbitrary<Step>[] = [
  entries.map((commands) => ({ kind: 'entry', commands })),
  queries.map((query) => ({ kind: 'query', query })),
];
const upheavals: fc.Arbitrary<Step>[] = [
  fc.integer({ min: 1, max: 6 }).map((rows) => ({ kind: 'sweep', rows })),
  fc.constant({ kind: 'persist' }),
  fc.constant({ kind: 'crash' }),
  fc.integer({ min: 1, max: 60 }).map((pieceBytes) => ({ kind: 'move', pieceBytes })),
  fc.integer({ min: 1, max: 60 }).map((pieceBytes) => ({ kind: 'restore', pieceBytes })),
];

function play(steps: readonly Step[]): { subject: MachineUnderTest; model: KeyspaceModel } {
  const subject = new MachineUnderTest();
  const model = new KeyspaceModel();
  for (const step of steps) {
    switch (step.kind) {
      case 'entry':
        playEntry(subject, model, step.commands);
        break;
      case 'query':
        assert.deepEqual(subject.machine.range(step.query), model.range(step.query));
        break;
      case 'sweep':
        subject.machine.sweep(step.rows);
        break;
      case 'persist':
        subject.machine.persist(() => {});
        break;
      case 'crash':
        subject.crash();
        break;
      case 'move':
        subject.moveByImage(step.pieceBytes);
        break;
      case 'restore':
        subject.restoreInPlace(step.pieceBytes);
        break;
    }
  }
  return { subject, model };
}

function playEntry(subject: MachineUnderTest, model: KeyspaceModel, commands: Command[]): void {
  const { revision: before, compactRevision } = model;
  const outputsBefore = subject.outputs.length;
  const expected = model.apply(commands);
  assert.deepEqual(subject.run(...commands), expected);
  const outputs = subject.outputs.slice(outputsBefore).filter((output) => output.kind !== 'leaseChanged');
  assert.deepEqual(
    outputs.map(({ kind }) => kind),
    [
      ...(model.revision > before ? ['events'] : []),
      ...(model.compactRevision > compactRevision ? ['compacted'] : []),
      'result',
    ],
    'one revision at most an entry (S3), and its events before its result',
  );
  if (model.revision > before)
    assert.deepEqual(outputs[0], {
      kind: 'events',
      revision: model.revision,
      events: model.eventsAt[model.revision],
    });
}

/** What its parts make. */
function largeRevision(history: WatchHistory, at: number): Pick<HistoryChunk, 'revisions' | 'nextRevision'> {
  const events: KeyEvent[] = [];
  for (let sub: number | undefined = 0; sub !== undefined; ) {
    const part = history.changesOf(revision(at), sub, { rowsMax: 2, bytesMax: 1000 });
    assert.ok(part.events.length >= 1 && part.events.length <= 2);
    events.push(...part.events);
    sub = part.nextSub;
  }
  return { revisions: [{ revision: revision(at), events }], nextRevision: revision(at + 1) };
}

/** Every revision, every change and every record before a change, as they can be asked for. */
function compareHistory({ subject, model }: { subject: MachineUnderTest; model: KeyspaceModel }): void {
  for (let at = 0; at <= model.revision + 1; at++) {
    const query = { ...EVERYTHING, revision: at };
    assert.deepEqual(subject.machine.range(query), model.range(query));
  }
  const { history } = subject.machine;
  for (let from = Math.max(model.compactRevision, 2); from <= model.revision; ) {
    const chunk = history.eventsFrom(revision(from), { rowsMax: 3, bytesMax: 1000, changesMax: 2 });
    assert.ok(chunk.nextRevision > from || chunk.isLargeNext, 'each chunk goes on');
    const { revisions, nextRevision } = chunk.revisions.length === 0 ? largeRevision(history, from) : chunk;
    for (const { revision: at, events } of revisions) {
      assert.equal(events.length > 2, revisions !== chunk.revisions, 'in parts if there are more than two');
      assert.equal(at, from);
      assert.deepEqual(events, model.eventsAt[at]);
      for (const { record } of events) {
        const expected = at - 1 < model.compactRevision ? undefined : model.states[at - 1]!.get(record.key);
        assert.deepEqual(history.recordBefore(record.key, at), expected);
      }
      from = at + 1;
    }
    assert.equal(from, nextRevision);
  }
  for (const lease of model.leases) {
    const held = [...(model.states.at(-1)?.values() ?? [])].filter((record) => record.lease === lease);
    assert.deepEqual(subject.machine.leaseKeys(lease), held.map((record) => record.key).sort());
  }
}

const fixed = (numRuns: number): { seed: number; numRuns: number } => ({ seed: 7, numRuns });

test('S3 C6 results, events and every past revision are those of a model that keeps everything', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...changes), { minLength: 10, maxLength: 50, size: 'max' }), (steps) =>
      compareHistory(play(steps)),
    ),
    fixed(500),
  );
});

test('S4 S5 S8 sweeps, crashes and moves by image, at any instant, cannot be seen', () => {
  const weighted = changes.map((arbitrary) => ({ weight: 5, arbitrary }));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(...weighted, ...upheavals), { minLength: 10, maxLength: 50, size: 'max' }),
      (steps) => compareHistory(play(steps)),
    ),
    fixed(500),
  );
});

/** Changes that can be seen at or above the compact revision: the rows that a whole sweep leaves. */
function visibleRows(model: KeyspaceModel): number {
  const { compactRevision } = model;
  let rows = 0;
  for (let at = Math.max(compactRevision, 2); at <= model.revision; at++) rows += model.eventsAt[at]!.length;
  for (const record of model.states[compactRevision]?.values() ?? [])
    if (record.modRevision < compactRevision) rows++;
  return rows;
}

test('S4 a sweep that is let run takes all that can not be seen any more, and nothing else', () => {
  const weighted = changes.map((arbitrary) => ({ weight: 5, arbitrary }));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(...weighted, ...upheavals), { minLength: 10, maxLength: 50, size: 'max' }),
      (steps) => {
        const { subject, model } = play(steps);
        while (subject.machine.sweep(5));
        assert.equal(subject.revisionRows(), visibleRows(model));
        assert.equal(subject.machine.keyCount, model.states.at(-1)!.size);
      },
    ),
    fixed(300),
  );
});

test('S1 S8 the hash at an index is the same whatever a member went through', () => {
  const weighted = changes.map((arbitrary) => ({ weight: 5, arbitrary }));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(...weighted, ...upheavals), { minLength: 10, maxLength: 50, size: 'max' }),
      (steps) => {
        const through = play(steps).subject;
        const calm = play(steps.filter(({ kind }) => kind === 'entry')).subject;
        assert.equal(through.machine.stateHash(), calm.machine.stateHash());
      },
    ),
    fixed(300),
  );
});
