/** Who goes on sending a snapshot, and whom a receiver listens to when several send. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../src/core/effects.ts';
import { simpleMembership } from '../../src/core/membership.ts';
import { epoch, logIndex, type MemberId, memberId } from '../../src/core/numbers.ts';
import { MemoryDisk } from '../../src/journal/memory-disk.ts';
import { decodeSnapshotMessage, type SnapshotMessage } from '../../src/replica/snapshot-messages.ts';
import { type ReceptionFacts, SnapshotReceiver } from '../../src/replica/snapshot-receiver.ts';
import { SnapshotSender } from '../../src/replica/snapshot-sender.ts';
import { entries, PEER, ReplicaBench, textMessage } from './scripted-core.ts';

const SEND_SNAPSHOT: Effect = {
  kind: 'sendSnapshot',
  to: PEER,
  atLeast: logIndex(1),
  install: () => textMessage('install'),
};
const FOLLOWS: Effect = { kind: 'role', role: 'follower', epoch: epoch(2), leader: PEER };

/** A replica that holds three entries, after these effects of one step. */
function offersAfter(effects: readonly Effect[]): SnapshotMessage[] {
  const bench = ReplicaBench.opened();
  bench.core.answer = (input) => (input.kind === 'tick' ? [{ kind: 'apply', entries: entries(1, 3) }] : []);
  bench.replica.tick();
  bench.settle();
  bench.core.answer = (input) => (input.kind === 'tick' ? effects : []);
  bench.replica.tick();
  bench.core.answer = () => [];
  bench.settle();
  bench.replica.tick();
  bench.settle();
  return bench.sent
    .filter(({ lane }) => lane === 'snapshot')
    .map(({ bytes }) => decodeSnapshotMessage(bytes))
    .filter(({ kind }) => kind === 'offer');
}

test('R21 a change of leader ends no transfer: of Paxos anyone may send a snapshot', () => {
  assert.equal(offersAfter([SEND_SNAPSHOT, FOLLOWS]).length, 1);
});

test('a core that wants its snapshots no more sends none', () => {
  assert.equal(offersAfter([SEND_SNAPSHOT, { kind: 'abandonSnapshots' }, FOLLOWS]).length, 0);
});

class ReceiverBench {
  readonly disk = new MemoryDisk();
  nowMs = 0;
  readonly ended: ReceptionFacts[] = [];
  readonly answers: { to: MemberId; message: SnapshotMessage }[] = [];
  readonly receiver = new SnapshotReceiver({
    disk: this.disk,
    clock: { nowMs: () => this.nowMs, defer: (job) => job() },
    send: (to, message) => this.answers.push({ to, message }),
    appliedIndex: () => 0,
    wantsState: () => false,
    stateArrived: () => {},
    install: () => {},
    ended: (facts) => this.ended.push(facts),
    failed: (error) => assert.fail(error.detail),
  });

  offer(from: MemberId): void {
    const file = { incarnation: 1, number: 1 };
    this.receiver.offered(from, {
      kind: 'offer',
      file,
      index: logIndex(9),
      sizeBytes: 1_000,
      install: new Uint8Array(1),
    });
    this.disk.settle();
  }

  chunk(from: MemberId, offset: number): void {
    const file = { incarnation: 1, number: 1 };
    this.receiver.received(from, { kind: 'chunk', file, offset, bytes: new Uint8Array(10) });
    this.disk.settle();
  }

  get lastAnswered(): MemberId | undefined {
    return this.answers.at(-1)?.to;
  }
}

test('R21 two members that send to one receiver do not make it begin again in turn', () => {
  const bench = new ReceiverBench();
  const [first, second] = ['00000000000000a2', '00000000000000a3'].map(memberId) as [MemberId, MemberId];
  bench.offer(first);
  bench.chunk(first, 0);
  bench.offer(second);
  bench.chunk(first, 10);
  const answer = bench.answers.at(-1)!;
  assert.equal(answer.to, first);
  assert.ok(answer.message.kind === 'acknowledgement' && answer.message.offset === 20);
  bench.offer(second);
  assert.equal(bench.lastAnswered, first, 'the first one came further since the last offer');
  bench.offer(second);
  assert.equal(bench.lastAnswered, second, 'the first one stands still');
});

test('a receiver tells whose file is arriving, and how long one that was not good took', () => {
  const bench = new ReceiverBench();
  bench.nowMs = 1_000;
  bench.offer(PEER);
  assert.equal(bench.receiver.sender, PEER);
  for (let offset = 0; offset < 1_000; offset += 10) {
    bench.nowMs++;
    bench.chunk(PEER, offset);
  }
  bench.disk.settle();
  const [facts] = bench.ended;
  assert.deepEqual(facts, {
    from: PEER,
    index: 9,
    bytes: 1_000,
    ok: false,
    milliseconds: 100,
    syncMs: undefined,
  });
  assert.equal(bench.receiver.sender, undefined);
});

test('a sender tells whom it sends to, and how long each took from the first offer on', () => {
  const disk = new MemoryDisk();
  const finished: unknown[] = [];
  let nowMs = 1_000;
  let offered = 0;
  const sender = new SnapshotSender({
    disk,
    clock: { nowMs: () => nowMs, defer: (job) => job() },
    electionTimeoutTicks: 10,
    incarnation: 1,
    send: (_to, { kind }) => {
      if (kind === 'offer') offered++;
    },
    capture: () => ({
      image: { index: logIndex(9), next: () => undefined, close: () => {} },
      meta: {
        index: logIndex(9),
        epoch: epoch(2),
        membership: simpleMembership({ voters: [PEER], learners: [] }),
      },
    }),
    finished: (to, index, _bytes, milliseconds) => void finished.push([to, index, milliseconds]),
    produced: () => {},
    failed: (error) => assert.fail(error.detail),
  });
  sender.start(PEER, logIndex(9), () => new Uint8Array(1));
  assert.deepEqual(sender.recipients, [], 'there is no file yet');
  nowMs = 1_500;
  disk.settle();
  assert.deepEqual([sender.recipients, offered], [[PEER], 1]);
  nowMs = 1_570;
  const file = { incarnation: 1, number: 1 };
  sender.acknowledged(PEER, { kind: 'acknowledgement', file, state: 'installed', offset: 0 });
  assert.deepEqual(finished, [[PEER, 9, 70]]);
  assert.deepEqual(sender.recipients, []);
});
