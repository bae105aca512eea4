/** The properties of Multi-Paxos, each told something that breaks it: a world would break another one before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, epoch, logIndex, type MemberId, memberId, simpleMembership } from '@synod/consensus';
import type { PromiseChunk } from '@synod/consensus/paxos/messages.ts';
import { AcceptorRecord } from '../../src/checkers/paxos/acceptor-record.ts';
import { noteAccepted } from '../../src/checkers/paxos/chosen-values.ts';
import { checkPromise } from '../../src/checkers/paxos/promise-truth.ts';
import { checkProposable } from '../../src/checkers/paxos/proposable-values.ts';
import { checkQuorumsMeet } from '../../src/checkers/paxos/quorums-meet.ts';
import { PaxosRun } from '../../src/checkers/paxos/run-record.ts';
import { checkSnapshot } from '../../src/checkers/paxos/snapshots-installed.ts';
import { valueHash } from '../../src/checkers/paxos/value-hash.ts';
import { RuleBroken } from '../../src/checkers/rule-broken.ts';

const idOf = (place: number): MemberId => memberId((0xa0 + place).toString(16).padStart(16, '0'));
const membershipOf = (...places: number[]) => simpleMembership({ voters: places.map(idOf), learners: [] });

function breaks(rule: string, act: () => void): void {
  assert.throws(act, (error) => error instanceof RuleBroken && error.rule === rule);
}

function value(slot: number, ballot: number, text: string): Entry {
  const payload = new TextEncoder().encode(text);
  return { index: logIndex(slot), epoch: epoch(ballot), kind: 'command', payload };
}

/** Three members; each disk's acceptances are counted. */
class Bench {
  readonly run = new PaxosRun(10);

  constructor() {
    for (const place of [0, 1, 2]) {
      this.run.enter(idOf(place), place, membershipOf(0, 1, 2));
      this.run.acceptors[place] = new AcceptorRecord(place, {
        promiseDurable: () => {},
        acceptDurable: (entry, hash) => noteAccepted(this.run, place, entry, hash),
      });
    }
  }

  accepts(place: number, entry: Entry): void {
    const acceptor = this.run.acceptors[place]!;
    acceptor.asked(1, [{ kind: 'entry', entry }]);
    acceptor.becameDurable(1);
  }

  promise(
    place: number,
    ballot: number,
    entries: readonly Entry[],
    chosenUpTo = 0,
    marked = chosenUpTo,
  ): void {
    const chunk: PromiseChunk = {
      kind: 'promise',
      ballot: epoch(ballot),
      from: logIndex(1),
      upTo: logIndex(9),
      more: false,
      chosenUpTo: logIndex(chosenUpTo),
      trimmedIndex: logIndex(0),
      entries,
      unknown: [],
    };
    checkPromise(this.run, this.run.acceptors[place]!, chunk, marked);
  }

  /** Place 0 proposes this on the promises of a group. */
  proposes(entry: Entry, promisers: number): void {
    const record = this.run.ballot(entry.epoch);
    record.promisers = promisers;
    checkProposable(this.run, record, 0, entry, valueHash(entry));
  }
}

test('P1 a second value chosen in a slot is noticed, at a later ballot and in a slot that is counted late', () => {
  const bench = new Bench();
  for (const place of [0, 1]) bench.accepts(place, value(1, 5, 'a'));
  assert.equal(bench.run.chosenUpTo, 1);
  bench.accepts(2, value(1, 6, 'b'));
  breaks('P1', () => bench.accepts(1, value(1, 6, 'b')));

  const late = new Bench();
  for (const place of [0, 1]) late.accepts(place, value(2, 5, 'a'));
  for (const place of [1, 2]) late.accepts(place, value(2, 6, 'b'));
  late.accepts(0, value(1, 5, 'x'));
  breaks('P1', () => late.accepts(1, value(1, 5, 'x')));
});

test('P6 P9 a value is proposed on a quorum of promises, and is that of the highest ballot among them', () => {
  const bench = new Bench();
  bench.accepts(0, value(1, 4, 'old'));
  bench.accepts(1, value(1, 5, 'new'));
  breaks('P6', () => bench.proposes(value(1, 9, 'new'), 0b010));
  breaks('P6', () => bench.proposes(value(1, 9, 'old'), 0b011));
  breaks('P6', () => bench.proposes(value(1, 9, 'wish'), 0b011));
  breaks('P9', () => bench.proposes({ ...value(1, 9, ''), kind: 'noop' }, 0b011));
  bench.proposes(value(1, 9, 'new'), 0b011);
  // Those two together do not know of the higher one.
  bench.proposes(value(1, 9, 'old'), 0b101);
  bench.proposes(value(2, 9, 'wish'), 0b101);
});

test('P12 sizes that let two quorums miss each other are noticed', () => {
  checkQuorumsMeet(membershipOf(0, 1, 2, 3));
  checkQuorumsMeet({ ...membershipOf(0, 1, 2), quorum: { phase1: 3, phase2: 1 } });
  breaks('P12', () => checkQuorumsMeet({ ...membershipOf(0, 1, 2, 3), quorum: { phase1: 2, phase2: 2 } }));
});

test('P14 P16 a promise that overstates, leaves out or alters what the disk holds is noticed', () => {
  const bench = new Bench();
  bench.accepts(0, value(1, 4, 'a'));
  breaks('P14', () => bench.promise(0, 9, [], 1));
  breaks('P16', () => bench.promise(0, 9, []));
  breaks('P16', () => bench.promise(0, 9, [value(1, 4, 'b')]));
  bench.promise(0, 9, [value(1, 4, 'a')]);
  // What is of the promised ballot came after the promise was made.
  bench.promise(0, 4, []);
  bench.accepts(1, value(1, 4, 'a'));
  breaks('P14', () => bench.promise(2, 9, [], 1));
  breaks('P14', () => bench.promise(0, 9, [], 1, 0));
  bench.promise(0, 9, [], 1);
});

test('P14 R17 a snapshot of what is not chosen, or with another membership, is noticed', () => {
  const bench = new Bench();
  const meta = { index: logIndex(1), epoch: epoch(4), membership: membershipOf(0, 1, 2) };
  breaks('P14', () => checkSnapshot(bench.run, 0, meta));
  for (const place of [0, 1]) bench.accepts(place, value(1, 4, 'a'));
  checkSnapshot(bench.run, 0, meta);
  breaks('R17', () => checkSnapshot(bench.run, 0, { ...meta, membership: membershipOf(0, 1) }));
});
