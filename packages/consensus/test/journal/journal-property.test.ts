/** A journal under random appends, trims, torn writes, kills and power cuts, against a model of what was acknowledged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { epoch, logIndex, ticket } from '../../src/core/numbers.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { entryRecord, IDENTITY, type OpenedJournal, open } from './journal-harness.ts';

/** What happens to a journal, one after the other. */
type Step =
  | { readonly kind: 'append'; readonly payloadBytes: number; readonly withHardState: boolean }
  | { readonly kind: 'flush' }
  | { readonly kind: 'settle'; readonly jobs: number }
  | { readonly kind: 'trim'; readonly back: number }
  | { readonly kind: 'crash'; readonly sectors: readonly boolean[] }
  | { readonly kind: 'kill' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append'),
      payloadBytes: fc.nat(1500),
      withHardState: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('flush') }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle'), jobs: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim'), back: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('crash'), sectors: fc.array(fc.boolean(), { maxLength: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill') }) },
);

const SEGMENT_BYTES = 4096;

/** Runs the steps against a model: a log of entries (each of one length and filling), and what was acknowledged. */
class ModelledJournal {
  private readonly disk = new MemoryDisk();
  private opened: OpenedJournal;
  /** Payload sizes of entries 1, 2, … as appended in this life, recovered ones included. */
  private sizes: number[] = [];
  /** Tickets of this life: what each vouches for. */
  private vouched = new Map<number, { readonly index: number; readonly term: number }>();
  /** Entry 1 to here, and this term, were acknowledged in some life. Neither may ever be lost (R3). */
  private acknowledgedIndex = 0;
  private acknowledgedTerm = 0;
  private trimmed = 0;
  private term = 0;
  private nextTicket = 1;
  private incarnation = 1;

  constructor() {
    this.opened = open(this.disk, { segmentBytes: SEGMENT_BYTES });
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'append':
        this.append(step.payloadBytes, step.withHardState);
        break;
      case 'flush':
        this.opened.journal.flush();
        break;
      case 'settle':
        this.disk.settleSome(step.jobs);
        break;
      case 'trim':
        this.trim(step.back);
        break;
      case 'crash': {
        this.noteAcknowledged();
        const draws = [...step.sectors];
        this.disk.crash(() => draws.shift() ?? false);
        this.reopen();
        break;
      }
      case 'kill':
        this.noteAcknowledged();
        this.disk.kill();
        this.reopen();
        break;
    }
    this.noteAcknowledged();
  }

  end(): void {
    this.opened.journal.flush();
    this.disk.settle();
    this.noteAcknowledged();
    assert.equal(this.acknowledgedIndex, this.sizes.length);
    this.disk.crash();
    this.reopen();
  }

  private append(payloadBytes: number, withHardState: boolean): void {
    this.sizes.push(payloadBytes);
    const index = this.sizes.length;
    if (withHardState) this.term++;
    const state = Uint8Array.of(this.term % 256, Math.floor(this.term / 256));
    this.vouched.set(this.nextTicket, { index, term: this.term });
    this.opened.journal.append(ticket(this.nextTicket++), [
      ...(withHardState ? [{ kind: 'hardState', state } as const] : []),
      entryRecord(index, 1, new Uint8Array(payloadBytes).fill(index % 256)),
    ]);
  }

  private trim(back: number): void {
    const index = Math.max(this.trimmed, this.acknowledgedIndex - back);
    if (index === 0) return;
    this.trimmed = index;
    this.opened.journal.trim({
      index: logIndex(index),
      epoch: epoch(1),
      membership: IDENTITY.foundingMembership,
    });
  }

  private noteAcknowledged(): void {
    for (const reached of this.opened.durable.splice(0)) {
      const { index, term } = this.vouched.get(reached)!;
      assert(index >= this.acknowledgedIndex);
      this.acknowledgedIndex = index;
      this.acknowledgedTerm = term;
    }
  }

  private reopen(): void {
    this.opened = open(this.disk, { segmentBytes: SEGMENT_BYTES });
    const { recovered, incarnation } = this.opened;
    assert(incarnation > this.incarnation, 'lives are numbered upwards');
    this.incarnation = incarnation;
    assert(recovered.snapshot.index <= this.trimmed);
    const last = recovered.entries.at(-1)?.index ?? recovered.snapshot.index;
    assert(last >= this.acknowledgedIndex, `${this.acknowledgedIndex} was acknowledged, ${last} is the last`);
    assert(last <= this.sizes.length);
    for (const [position, entry] of recovered.entries.entries()) {
      assert.equal(entry.index, recovered.snapshot.index + position + 1);
      const expected = new Uint8Array(this.sizes[entry.index - 1]!).fill(entry.index % 256);
      assert.deepEqual(entry.payload, expected);
    }
    const state = recovered.hardState ?? Uint8Array.of(0, 0);
    const term = state[0]! + 256 * state[1]!;
    assert(term >= this.acknowledgedTerm, 'the durable term never falls');
    this.term = term;
    this.sizes.length = last;
    this.acknowledgedIndex = last;
    this.acknowledgedTerm = term;
    this.trimmed = recovered.snapshot.index;
    this.vouched.clear();
    this.nextTicket = 1;
  }
}

test('R3 whatever is appended, cut off and torn: all that was acknowledged is recovered, and nothing else than was written', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 120 }), (steps) => {
      const journal = new ModelledJournal();
      for (const one of steps) journal.run(one);
      journal.end();
    }),
    { seed: 1, numRuns: 300 },
  );
});
