/** What the machine does between its modules, and with entries that are wrong or come twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEnvelope, logIndex, MalformedBytes } from '@synod/consensus';
import {
  ALL_AFTER,
  type Command,
  createMachine,
  encodeCommands,
  type Key,
  key,
  leaseId,
  MemoryBackend,
  NO_LEASE,
  type PutCommand,
} from '@synod/coordination';
import fc from 'fast-check';
import { entries } from '../keyspace/random-commands.ts';
import { MachineUnderTest, MEMBER } from './machine-under-test.ts';

const put = (name: string, more: Partial<PutCommand> = {}): PutCommand => ({
  module: 'keyspace',
  kind: 'put',
  key: key(name),
  value: Uint8Array.of(1),
  lease: NO_LEASE,
  previous: false,
  keepValue: false,
  keepLease: false,
  ...more,
});

interface Proposal {
  readonly member?: string;
  readonly incarnation?: number;
  readonly sequence: number;
  readonly oldestPending?: number;
}

function proposal(
  { member = MEMBER, incarnation = 1, sequence, oldestPending = 1 }: Proposal,
  ...commands: Command[]
): Uint8Array {
  return encodeEnvelope({ member, incarnation, sequence, oldestPending, body: encodeCommands(commands) });
}

const outcome = (subject: MachineUnderTest, payload: Uint8Array): string => {
  const result = subject.apply(payload)[0];
  return result?.kind === 'failure' ? result.reason.code : String(result?.kind);
};

const keysOf = (subject: MachineUnderTest): Key[] => {
  const result = subject.machine.range({
    span: { from: key('\0'), to: ALL_AFTER },
    revision: 0,
    limit: 0,
    sort: undefined,
    keysOnly: true,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
  });
  assert.ok(result.kind === 'range');
  return result.records.map((record) => record.key);
};

test('S2 a proposal that comes twice is applied once, whatever came between', () => {
  const subject = new MachineUnderTest();
  assert.equal(outcome(subject, proposal({ sequence: 1 }, put('a'))), 'put');
  assert.equal(outcome(subject, proposal({ sequence: 2 }, put('b'))), 'put');
  assert.equal(outcome(subject, proposal({ sequence: 1 }, put('a'))), 'duplicateProposal');
  assert.equal(subject.machine.revision, 3);
});

test('S2 proposals may be applied out of order; a forgotten one cannot come back', () => {
  const subject = new MachineUnderTest();
  assert.equal(outcome(subject, proposal({ sequence: 5, oldestPending: 3 }, put('a'))), 'put');
  assert.equal(outcome(subject, proposal({ sequence: 3, oldestPending: 3 }, put('b'))), 'put');
  assert.equal(outcome(subject, proposal({ sequence: 2, oldestPending: 2 }, put('c'))), 'duplicateProposal');
  assert.equal(outcome(subject, proposal({ sequence: 9, oldestPending: 8 }, put('d'))), 'put');
  assert.equal(outcome(subject, proposal({ sequence: 5, oldestPending: 5 }, put('a'))), 'duplicateProposal');
});

test('S2 a later life of a member begins anew, and ends the earlier one', () => {
  const subject = new MachineUnderTest();
  assert.equal(outcome(subject, proposal({ incarnation: 4, sequence: 1 }, put('a'))), 'put');
  assert.equal(outcome(subject, proposal({ incarnation: 5, sequence: 1 }, put('b'))), 'put');
  assert.equal(
    outcome(subject, proposal({ incarnation: 4, sequence: 2 }, put('c'))),
    'duplicateProposal',
    'a retry from before the restart has nobody who waits for it',
  );
  const other = '00000000000000bb';
  assert.equal(outcome(subject, proposal({ member: other, sequence: 1 }, put('d'))), 'put');
});

test('S2 S8 what was applied is known after a crash and in a restored state', () => {
  const subject = new MachineUnderTest();
  subject.apply(proposal({ sequence: 1 }, put('a')));
  subject.apply(proposal({ sequence: 2, oldestPending: 2 }, put('b')));
  subject.machine.persist(() => {});
  subject.crash();
  assert.equal(outcome(subject, proposal({ sequence: 2 }, put('b'))), 'duplicateProposal');
  subject.moveByImage(7);
  assert.equal(outcome(subject, proposal({ sequence: 1 }, put('a'))), 'duplicateProposal');
  assert.equal(outcome(subject, proposal({ sequence: 2 }, put('b'))), 'duplicateProposal');
  assert.equal(outcome(subject, proposal({ sequence: 3 }, put('c'))), 'put');
});

test('S3 an entry of several commands makes one revision, with sub-revisions in their order', () => {
  const subject = new MachineUnderTest();
  const results = subject.run(put('b'), put('a'), put('b'));
  assert.deepEqual(
    results.map(({ revision }) => revision),
    [2, 2, 2],
  );
  const told = subject.outputs.flatMap((output) => (output.kind === 'events' ? [output] : []));
  assert.deepEqual(
    told.map(({ revision, events }) => [revision, events.map(({ record }) => record.key)]),
    [[2, ['b', 'a', 'b']]],
  );
});

test('C20 all keys of a lease go in one revision, in byte order', () => {
  const subject = new MachineUnderTest();
  const id = leaseId('00000000000000ff');
  subject.run({ module: 'leases', kind: 'grant', id, ttlSeconds: 9 });
  for (const name of ['c', '\xff', 'a', 'b']) subject.run(put(name, { lease: id }));
  subject.run(put('b'));
  subject.run(put('kept'));
  subject.crash();
  assert.deepEqual(subject.machine.leaseKeys(id), ['a', 'c', '\xff']);
  subject.outputs.length = 0;
  const [result] = subject.run({ module: 'leases', kind: 'revoke', id, cause: 'asked' });
  assert.equal(result?.kind, 'leaseRevoked');
  assert.deepEqual(
    subject.outputs.map((output) =>
      output.kind === 'events'
        ? output.events.map(({ kind, record }) => `${kind} ${record.key}`)
        : output.kind,
    ),
    ['leaseChanged', ['delete a', 'delete c', 'delete \xff'], 'result'],
  );
  assert.deepEqual(keysOf(subject), ['b', 'kept']);
});

test('C19 S6 an expiry from an earlier leadership, or of an earlier grant, ends nothing', () => {
  const subject = new MachineUnderTest();
  const id = leaseId('00000000000000ff');
  subject.run({ module: 'leases', kind: 'grant', id, ttlSeconds: 9 });
  subject.run(put('a', { lease: id }));
  const announcement = { epoch: 5, word: 0, lastGrantNumber: 1, remaining: [] };
  subject.run({ module: 'leases', kind: 'checkpoint', ...announcement });
  const expiry = { module: 'leases', kind: 'revoke', id, cause: 'expired' } as const;
  assert.equal(subject.run({ ...expiry, epoch: 4, grantNumber: 1 })[0]?.kind, 'failure');
  assert.equal(subject.run({ ...expiry, epoch: 5, grantNumber: 2 })[0]?.kind, 'failure');
  assert.deepEqual(keysOf(subject), ['a']);
  assert.equal(subject.run({ ...expiry, epoch: 5, grantNumber: 1 })[0]?.kind, 'leaseRevoked');
  assert.deepEqual(keysOf(subject), []);
});

test('S8 the durable index is that of the commits that ended, and never of one that a restore overtook', () => {
  const jobs: (() => void)[] = [];
  const runJobs = (): void => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      job();
      assert.ok(subject.machine.durableIndex <= subject.machine.appliedIndex);
    }
  };
  const subject = new MachineUnderTest(new MemoryBackend((job) => jobs.push(job)));
  subject.run(put('a'));
  subject.machine.persist(() => {});
  subject.run(put('b'));
  assert.equal(subject.machine.durableIndex, 0);
  runJobs();
  assert.equal(subject.machine.durableIndex, 1);
  const image = subject.machine.capture();
  const pieces: Uint8Array[] = [];
  for (let piece = image.next(); piece !== undefined; piece = image.next()) pieces.push(piece);
  for (let i = 0; i < 5; i++) subject.run(put('c'));
  subject.machine.persist(() => {});
  const restore = subject.machine.beginRestore(image.index);
  for (const piece of pieces) restore.write(piece);
  restore.finish(() => {});
  assert.equal(subject.machine.appliedIndex, 2, 'the restored state is in force at once');
  runJobs();
  assert.equal(subject.machine.durableIndex, 2);
  assert.equal(subject.outputs.at(-1)?.kind, 'restored');
});

test('S5 an image does not show what came after it, and its pieces are small', () => {
  const subject = new MachineUnderTest();
  for (let i = 0; i < 300; i++) subject.run(put(`key ${i}`, { value: new Uint8Array(1000) }));
  const hash = subject.machine.stateHash();
  const image = subject.machine.capture();
  const target = new MachineUnderTest();
  const restore = target.machine.beginRestore(image.index);
  for (let piece = image.next(); piece !== undefined; piece = image.next()) {
    assert.ok(piece.length <= 70_000);
    subject.run(put('later'));
    restore.write(piece);
  }
  image.close();
  restore.finish(() => {});
  assert.equal(target.machine.stateHash(), hash);
  assert.notEqual(subject.machine.stateHash(), hash);
});

test('S5 an image that is cut or damaged is refused, and the state stays', () => {
  const subject = new MachineUnderTest();
  subject.run(put('a'));
  const image = subject.machine.capture();
  const bytes = image.next();
  assert.ok(bytes !== undefined);
  image.close();
  const target = new MachineUnderTest();
  target.run(put('mine'));
  for (const bad of [bytes.slice(0, -1), Uint8Array.of(9, ...bytes.slice(1)), Uint8Array.of(...bytes, 0)]) {
    const restore = target.machine.beginRestore(image.index);
    assert.throws(() => {
      restore.write(bad);
      restore.finish(() => {});
    }, MalformedBytes);
    restore.abort();
    assert.deepEqual(keysOf(target), ['mine']);
  }
});

test('S4 S5 rows that another member had not yet swept are swept here, after its image was restored', () => {
  const subject = new MachineUnderTest();
  for (let i = 0; i < 5; i++) subject.run(put('a'));
  subject.run({ module: 'keyspace', kind: 'compact', revision: subject.machine.revision });
  while (subject.machine.sweep(2));
  assert.equal(subject.revisionRows(), 1);
  subject.restoreInPlace(20);
  assert.equal(subject.revisionRows(), 5);
  while (subject.machine.sweep(2));
  assert.equal(subject.revisionRows(), 1);
});

test('members: the founders, until each speaks for itself; what they said survives', () => {
  const founder = { id: MEMBER, name: 'm1', peerUrls: ['http://p'], clientUrls: [], isLearner: false };
  const second = { ...founder, id: '00000000000000ab', name: '' };
  const subject = new MachineUnderTest();
  const { isLearner: _, ...facts } = founder;
  subject.run({ module: 'members', kind: 'publish', ...facts, clientUrls: ['http://c'] });
  subject.machine.persist(() => {});
  const reopened = createMachine({
    backend: subject.backend,
    founders: [second, founder],
    outputs: {
      result() {},
      events() {},
      compacted() {},
      leaseChanged() {},
      authChanged() {},
      membersChanged() {},
      restored() {},
    },
  });
  assert.deepEqual(reopened.directory.list(), [{ ...founder, clientUrls: ['http://c'] }, second]);
});

test('S10 any bytes at all as an entry: no exception, and every member does the same', () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 60, size: 'max' }),
    // What begins well goes deeper.
    fc.uint8Array({ maxLength: 60, size: 'max' }).map((body) =>
      encodeEnvelope({
        member: MEMBER,
        incarnation: 1,
        sequence: 1,
        oldestPending: 1,
        body: Uint8Array.of(1, 1, ...body),
      }),
    ),
    fc
      .tuple(entries, fc.nat(), fc.nat({ max: 255 }), fc.integer({ min: 1, max: 1000 }))
      .map(([commands, place, byte, sequence]) => {
        const body = encodeCommands(commands);
        body[place % body.length] = byte;
        return encodeEnvelope({ member: MEMBER, incarnation: 1, sequence, oldestPending: 1, body });
      }),
  );
  fc.assert(
    fc.property(fc.array(anything, { minLength: 1, maxLength: 20, size: 'max' }), (payloads) => {
      const [first, second] = [new MachineUnderTest(), new MachineUnderTest()];
      for (const payload of payloads) {
        first.apply(payload);
        second.apply(payload);
        second.machine.sweep(3);
        second.machine.persist(() => {});
        second.crash();
      }
      assert.equal(first.machine.appliedIndex, logIndex(payloads.length));
      assert.equal(first.machine.stateHash(), second.machine.stateHash());
    }),
    { seed: 5, numRuns: 600 },
  );
});

test('S10 an entry that is no command list fails in words, and the next one is applied', () => {
  const subject = new MachineUnderTest();
  const envelope = { member: MEMBER, incarnation: 1, sequence: 1, oldestPending: 1 };
  assert.equal(
    outcome(subject, encodeEnvelope({ ...envelope, body: Uint8Array.of(1, 1, 99) })),
    'unknownCommand',
  );
  assert.deepEqual(subject.apply(Uint8Array.of(77)), [], 'nobody is known who could wait for a result');
  assert.equal(outcome(subject, proposal({ sequence: 2 }, put('a'))), 'put');
});
