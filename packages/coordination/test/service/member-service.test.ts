/** The service over a replica that does only what the test says: forwarding of results, limits and failures (V1, V2, V8, V9). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeEnvelope,
  epoch,
  logIndex,
  memberId,
  Proposals,
  type ReadBarrierFailure,
  type ReplicaApi,
  type ReplicaStatus,
  simpleMembership,
} from '@synod/consensus';
import {
  ALL_AFTER,
  type Command,
  type CommandResult,
  createMachine,
  key,
  MemoryBackend,
  NO_LEASE,
  type RangeQuery,
  revision,
  WatchHub,
} from '@synod/coordination';
import { HubPump } from '../../src/service/hub-pump.ts';
import { LeaderCalls } from '../../src/service/leader-calls.ts';
import { LeaderMoves } from '../../src/service/leader-moves.ts';
import { PENDING_COMMAND_BYTES_MAX, WATCH_CATCH_UP_ROWS_A_TURN } from '../../src/service/limits.ts';
import { ConnectedOutputs, type OutputReceivers } from '../../src/service/machine-outputs.ts';
import { type MemberMeasurements, NOTHING_MEASURED } from '../../src/service/member-measurements.ts';
import { MemberService } from '../../src/service/member-service.ts';
import { PeerCalls } from '../../src/service/peer-calls.ts';
import { PieceQueue } from '../../src/service/piece-queue.ts';
import type { ServiceErrorCode } from '../../src/service/service-api.ts';
import { StateHashes } from '../../src/service/state-hashes.ts';

const SELF = memberId('0000000000000005');
const COMMAND_BYTES_MAX = 3 * 1024 * 1024;

function serviceUnderTest() {
  const outputs = new ConnectedOutputs();
  const machine = createMachine({ backend: new MemoryBackend(), outputs, founders: [] });
  const submitted: Uint8Array[] = [];
  const reads: ((failure: ReadBarrierFailure | undefined) => void)[] = [];
  let takes = true;
  const clock = { ms: 0 };
  const nowMs = (): number => clock.ms;
  const measured: string[] = [];
  const pieces = new PieceQueue((job) => job());
  const measurements: MemberMeasurements = {
    ...NOTHING_MEASURED,
    commandEnded: ({ kind }, milliseconds, succeeded) =>
      void measured.push(`${kind} ${milliseconds} ${succeeded}`),
    rangeRead: (milliseconds, succeeded) => void measured.push(`read ${milliseconds} ${succeeded}`),
  };
  const status: ReplicaStatus = {
    role: 'follower',
    epoch: epoch(4),
    leader: undefined,
    commitIndex: logIndex(0),
    appliedIndex: logIndex(0),
    lastIndex: logIndex(0),
    trimmedIndex: logIndex(0),
    membership: simpleMembership({ voters: [SELF], learners: [] }),
    transferring: false,
    changingMembership: false,
    progress: [],
    durableIndex: logIndex(0),
    incarnation: 1,
    life: 1,
    stopped: false,
  };
  const replica: ReplicaApi = {
    submit: (payload) => {
      if (takes) submitted.push(payload);
      return takes;
    },
    read: (done) => void reads.push(done),
    receive: () => {},
    peerUnreachable: () => {},
    tick: () => {},
    transferLeadership: () => {},
    changeMembership: () => {},
    status: () => status,
    stop: (done) => done(),
  };
  const proposals = new Proposals<readonly CommandResult[]>({
    replica,
    member: SELF,
    incarnation: 1,
    timeoutTicks: 70,
    retryTicks: 10,
  });
  const calls = new PeerCalls({ incarnation: 1, timeoutTicks: 10, send: () => {} });
  const service = new MemberService({
    clusterId: 'c000000000000001',
    memberId: SELF,
    machine,
    replica,
    proposals,
    hub: new WatchHub(machine.history),
    leaderCalls: new LeaderCalls({ self: SELF, calls, leader: () => undefined, timeoutTicks: 70 }),
    leaderMoves: new LeaderMoves({ self: SELF, replica, timeoutTicks: 70 }),
    memberChanges: { add() {}, remove() {}, update() {}, promote() {} },
    hashes: new StateHashes({ machine, pieces, nowMs, measurements }),
    backups: { begin: ({ complete }) => complete({ kind: 'serviceFailure', code: 'tooManyRequests' }) },
    store: { sizes: () => ({ totalBytes: 2, usedBytes: 1 }), defragment: (done) => done(undefined) },
    space: {
      admits: () => true,
      afterAlarm: (then) => then(),
      storeBytesMax: Number.POSITIVE_INFINITY,
    },
    reclaim: (done) => done(),
    nowMs,
    measurements,
    commandBytesMax: COMMAND_BYTES_MAX,
    pieces,
    wakeHub: () => {},
  });
  const ignored: Omit<OutputReceivers, 'result'> = {
    events: () => {},
    compacted: () => {},
    authChanged: () => {},
    membersChanged: () => {},
    leaseChanged: () => {},
    restored: () => {},
  };
  outputs.connect({ ...ignored, result: (origin, results) => proposals.result(origin, results) });
  return {
    service,
    machine,
    proposals,
    submitted,
    reads,
    clock,
    measured,
    refuse: () => {
      takes = false;
    },
    apply: (payload: Uint8Array) =>
      machine.apply([
        { index: logIndex(machine.appliedIndex + 1), epoch: epoch(4), kind: 'command', payload },
      ]),
  };
}

function put(value: Uint8Array): Command {
  return {
    module: 'keyspace',
    kind: 'put',
    key: key('k'),
    value,
    lease: NO_LEASE,
    previous: false,
    keepValue: false,
    keepLease: false,
  };
}

function recorder<Result extends { readonly kind: string }>() {
  const all: Result[] = [];
  return { all, complete: (result: Result) => void all.push(result) };
}

const small = put(Uint8Array.of(1));
const READ: RangeQuery = {
  span: { from: key('k'), to: undefined },
  revision: 0,
  limit: 0,
  sort: undefined,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};

test('V2 a retried proposal is the same bytes, takes effect once, and is answered once', () => {
  const { service, proposals, submitted, apply, machine } = serviceUnderTest();
  const answer = recorder<{ kind: string }>();
  service.submit(small, answer);
  proposals.leaderChanged(memberId('000000000000000a'));
  for (let i = 0; i < 10; i++) proposals.tick();
  assert.equal(submitted.length, 3, 'at first, at the new leader, and after its silence');
  assert.ok(submitted.every((payload) => payload === submitted[0]));
  for (const payload of submitted) apply(payload);
  assert.deepEqual(
    answer.all.map(({ kind }) => kind),
    ['put'],
  );
  assert.equal(machine.revision, 2);
  assert.equal(service.pendingCount, 0);
});

test('V8 past the bytes that may wait, or the proposals that may, or a full replica: too many requests', () => {
  const { service, submitted, apply } = serviceUnderTest();
  const answer = recorder<{ kind: string; code?: string }>();
  const large = put(new Uint8Array(2 * 1024 * 1024));
  for (let i = 0; i < 100 && answer.all.length === 0; i++) service.submit(large, answer);
  assert.deepEqual(answer.all, [{ kind: 'serviceFailure', code: 'tooManyRequests' }]);
  assert.equal(
    submitted.length,
    Math.floor(PENDING_COMMAND_BYTES_MAX / decodeEnvelope(submitted[0]!).body.length),
  );
  // What was answered makes room.
  apply(submitted[0]!);
  service.submit(large, answer);
  assert.deepEqual(
    answer.all.map(({ kind }) => kind),
    ['serviceFailure', 'put'],
  );

  const full = serviceUnderTest();
  full.refuse();
  const refused = recorder<{ kind: string }>();
  full.service.submit(small, refused);
  assert.deepEqual(refused.all, [{ kind: 'serviceFailure', code: 'tooManyRequests' }]);
  assert.equal(full.service.pendingCount, 0);
});

test('V8 a command larger than any may be is not proposed', () => {
  const { service, submitted } = serviceUnderTest();
  const answer = recorder<{ kind: string }>();
  service.submit(put(new Uint8Array(COMMAND_BYTES_MAX)), answer);
  assert.deepEqual(answer.all, [{ kind: 'serviceFailure', code: 'requestTooLarge' }]);
  assert.equal(submitted.length, 0);
});

test('V2 a proposal without a result ends in a timeout; at a stop it ends so', () => {
  const { service, proposals } = serviceUnderTest();
  const answer = recorder<{ kind: string; code?: string }>();
  service.submit(small, answer);
  for (let i = 0; i < 70; i++) proposals.tick();
  service.submit(small, answer);
  proposals.stop();
  service.submit(small, answer);
  assert.deepEqual(
    answer.all.map(({ code }) => code),
    ['timeout', 'stopped', 'stopped'],
  );
});

test('V1 a linearizable read waits for its quorum round, and a serializable one for nothing', () => {
  const { service, reads, submitted, apply } = serviceUnderTest();
  const answer = recorder<{ kind: string; count?: number }>();
  service.range(READ, false, answer);
  assert.equal(answer.all.length, 1);
  service.range(READ, true, answer);
  service.leases(answer);
  service.members(true, answer);
  assert.equal(answer.all.length, 1);
  service.submit(small, recorder());
  apply(submitted[0]!);
  for (const done of reads.splice(0)) done(undefined);
  assert.deepEqual(
    answer.all.map(({ kind, count }) => [kind, count]),
    [
      ['range', 0],
      ['range', 1],
      ['leaseList', undefined],
      ['memberList', undefined],
    ],
  );
});

test('V1 a read that cannot be confirmed says why', () => {
  const codes: Readonly<Record<ReadBarrierFailure, ServiceErrorCode>> = {
    noLeader: 'noLeader',
    leaderChanged: 'leaderChanged',
    timeout: 'timeout',
    stopped: 'stopped',
    tooManyReads: 'tooManyRequests',
  };
  for (const [failure, code] of Object.entries(codes)) {
    const { service, reads } = serviceUnderTest();
    const answer = recorder<{ kind: string; code?: string }>();
    service.range(READ, true, answer);
    reads[0]!(failure as ReadBarrierFailure);
    assert.deepEqual(answer.all, [{ kind: 'serviceFailure', code }]);
  }
});

test('listeners are told when a leader is known and when no longer, and of nothing else', () => {
  const { service } = serviceUnderTest();
  const told: boolean[] = [];
  const listener = { leaderKnown: (known: boolean) => void told.push(known) };
  service.addLeaderListener(listener);
  service.roleChanged(SELF, 5, false);
  service.roleChanged(memberId('000000000000000a'), 6, false);
  service.roleChanged(undefined, 7, false);
  service.removeLeaderListener(listener);
  service.roleChanged(SELF, 8, false);
  assert.deepEqual(told, [true, false]);
  assert.deepEqual([service.term, service.hasLeader], [8, true]);
});

test('V9 watchers who catch up get one bounded step a turn, while there is work, until a stop', () => {
  const turns: (() => void)[] = [];
  const steps: number[] = [];
  const hub = { hasWork: false, catchUp: (rows: number) => void steps.push(rows) };
  const pump = new HubPump(hub, (job) => void turns.push(job), WATCH_CATCH_UP_ROWS_A_TURN);
  pump.wake();
  assert.equal(turns.length, 0, 'nothing to do');
  hub.hasWork = true;
  pump.wake();
  pump.wake();
  assert.equal(turns.length, 1, 'one step waits');
  turns.shift()!();
  assert.deepEqual([steps, turns.length], [[WATCH_CATCH_UP_ROWS_A_TURN], 1]);
  hub.hasWork = false;
  turns.shift()!();
  assert.equal(turns.length, 0);
  hub.hasWork = true;
  pump.wake();
  pump.stop();
  turns.shift()!();
  pump.wake();
  assert.deepEqual([steps.length, turns.length], [2, 0]);
});

test('how long commands take is told with what became of them', () => {
  const { service, clock, measured, submitted, apply, proposals, refuse } = serviceUnderTest();
  const completion = { complete: () => {} };
  service.submit(put(Uint8Array.of(1)), completion);
  clock.ms = 4;
  service.submit({ module: 'keyspace', kind: 'compact', revision: revision(99) }, completion);
  clock.ms = 9;
  for (const payload of submitted.splice(0)) apply(payload);
  assert.deepEqual(measured.splice(0), ['put 9 true', 'compact 5 false']);
  service.submit(put(Uint8Array.of(2)), completion);
  for (let i = 0; i < 70; i++) proposals.tick();
  refuse();
  service.submit(put(Uint8Array.of(3)), completion);
  assert.deepEqual(measured, ['put 0 false', 'put 0 false']);
});

test('how long ranges and pages take to read is told, without their wait for a quorum', () => {
  const { service, clock, measured, reads } = serviceUnderTest();
  const completion = { complete: () => {} };
  service.range(EVERYTHING, false, completion);
  assert.deepEqual(measured.splice(0), ['read 0 true']);
  service.range(EVERYTHING, true, completion);
  service.range({ ...EVERYTHING, revision: 99 }, true, completion);
  service.range(EVERYTHING, true, completion);
  clock.ms = 7;
  reads[0]!(undefined);
  reads[1]!(undefined);
  reads[2]!('timeout');
  assert.deepEqual(measured.splice(0), ['read 0 true', 'read 0 false'], 'what was not read took no time');
  const { span } = EVERYTHING;
  service.page({ span, revision: 0, recordsMax: 1, bytesMax: 1, keysMax: 1 }, false, completion);
  assert.deepEqual(measured, ['read 0 true']);
});

const EVERYTHING: RangeQuery = {
  span: { from: key('\0'), to: ALL_AFTER },
  revision: 0,
  limit: 0,
  sort: undefined,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};
