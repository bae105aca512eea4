/** The reference, which knows the right result of every command, against the state machine, while alarms come and go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, encodeEnvelope, epoch, logIndex } from '@synod/consensus';
import {
  ALARM_KINDS,
  type Alarm,
  type Command,
  type CommandResult,
  createMachine,
  encodeCommands,
  key,
  leaseId,
  type MemberCommand,
  MemoryBackend,
  NO_LEASE,
  type PutCommand,
  revision,
} from '@synod/coordination';
import fc from 'fast-check';
import { ReferenceMachine } from '../../src/model/reference-machine.ts';

const MEMBER = '00000000000000aa';
const LEASES = ['0000000000000001', '0000000000000002'].map(leaseId);

const keys = fc.constantFrom('a', 'b', 'c').map(key);
const puts: fc.Arbitrary<PutCommand> = fc
  .record({ key: keys, lease: fc.constantFrom(NO_LEASE, ...LEASES) })
  .map(({ key: name, lease }) => ({
    module: 'keyspace',
    kind: 'put',
    key: name,
    value: Uint8Array.of(1),
    lease,
    previous: false,
    keepValue: false,
    keepLease: false,
  }));
const deletes = keys.map(
  (from) =>
    ({ module: 'keyspace', kind: 'deleteRange', span: { from, to: undefined }, previous: true }) as const,
);
const ranges = keys.map(
  (from) =>
    ({
      module: 'keyspace',
      kind: 'range',
      query: {
        span: { from, to: undefined },
        revision: 0,
        limit: 0,
        sort: undefined,
        keysOnly: false,
        countOnly: false,
        minModRevision: 0,
        maxModRevision: 0,
        minCreateRevision: 0,
        maxCreateRevision: 0,
      },
    }) as const,
);
const branches = fc.array(fc.oneof(puts, deletes, ranges), { maxLength: 2 });
const alarms: fc.Arbitrary<Alarm> = fc.record({
  member: fc.constantFrom(MEMBER, '00000000000000bb'),
  kind: fc.constantFrom(...ALARM_KINDS),
  isAutomatic: fc.boolean(),
});

const ids = fc.constantFrom(MEMBER, '00000000000000bb', '00000000000000cc');
const urls = fc.subarray(['http://a:1', 'http://b:1', 'http://c:1'], { minLength: 1 });
const memberCommands: fc.Arbitrary<MemberCommand> = fc.oneof(
  fc
    .record({ id: ids, peerUrls: urls, isLearner: fc.boolean(), learnersMax: fc.integer({ min: 1, max: 2 }) })
    .map((member): MemberCommand => ({ module: 'members', kind: 'add', ...member })),
  fc
    .record({ id: ids, kind: fc.constantFrom('remove', 'promote', 'retire') })
    .map((change): MemberCommand => ({ module: 'members', ...change })),
  fc
    .record({ id: ids, peerUrls: urls })
    .map((change): MemberCommand => ({ module: 'members', kind: 'update', ...change })),
  fc
    .record({ id: ids, name: fc.constantFrom('x', 'y'), peerUrls: urls, clientUrls: urls })
    .map((member): MemberCommand => ({ module: 'members', kind: 'publish', ...member })),
);

const commands: fc.Arbitrary<Command> = fc.oneof(
  memberCommands,
  puts,
  deletes,
  fc
    .record({ success: branches, failure: branches })
    .map((both): Command => ({ module: 'keyspace', kind: 'transaction', compares: [], ...both })),
  fc
    .integer({ min: 1, max: 8 })
    .map((at): Command => ({ module: 'keyspace', kind: 'compact', revision: revision(at) })),
  fc.constantFrom(...LEASES).map((id): Command => ({ module: 'leases', kind: 'grant', id, ttlSeconds: 60 })),
  fc.constantFrom(...LEASES).map((id): Command => ({ module: 'leases', kind: 'revoke', id, cause: 'asked' })),
  fc
    .record({ kind: fc.constantFrom('raise', 'clear'), alarm: alarms })
    .map((change): Command => ({ module: 'alarms', ...change })),
);

test('C3 under any alarms the state machine answers every command as the reference does', () => {
  const stopped = new Set<string>();
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 40 }), (list) => {
      const answers: (readonly CommandResult[])[] = [];
      const machine = createMachine({
        backend: new MemoryBackend(),
        founders: [],
        outputs: {
          result: (_, results) => void answers.push(results),
          events() {},
          compacted() {},
          leaseChanged() {},
          authChanged() {},
          membersChanged() {},
          restored() {},
        },
      });
      const reference = new ReferenceMachine({ leaseEnded() {}, revisionMade() {} });
      for (const [at, command] of list.entries()) {
        const sequence = at + 1;
        const body = encodeCommands([command]);
        const origin = { member: MEMBER, incarnation: 1, sequence, oldestPending: sequence };
        const entry: Entry = {
          index: logIndex(sequence),
          epoch: epoch(1),
          kind: 'command',
          payload: encodeEnvelope({ ...origin, body }),
        };
        machine.apply([entry]);
        reference.apply(entry);
        const told = answers.at(-1)!;
        assert.deepEqual(told, reference.outcomeOf(MEMBER, 1, sequence)!.results);
        if (told[0]!.kind === 'failure') stopped.add(told[0]!.reason.code);
      }
      assert.equal(machine.revision, reference.keyspace.revision);
    }),
    { seed: 11, numRuns: 400 },
  );
  assert.ok(stopped.has('noSpace') && stopped.has('corrupt'), `met: ${[...stopped].join()}`);
});
