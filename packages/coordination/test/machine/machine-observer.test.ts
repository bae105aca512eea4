/** What a machine tells of its entries: when each begins and what came of it, around everything that it does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEnvelope, epoch, logIndex } from '@synod/consensus';
import {
  type Command,
  ConnectedOutputs,
  createMachine,
  encodeCommands,
  leaseId,
  type MachineObserver,
  MemoryBackend,
  revision,
} from '@synod/coordination';
import { MEMBER } from './machine-under-test.ts';

const ID = leaseId('0000000000000005');
const GRANT: Command = { module: 'leases', kind: 'grant', id: ID, ttlSeconds: 60 };
const REVOKE: Command = { module: 'leases', kind: 'revoke', id: ID, cause: 'asked' };

function observed(backend = new MemoryBackend()) {
  const told: string[] = [];
  const observer: MachineObserver = {
    entryBegins: () => void told.push('begins'),
    entryApplied: (commands, results) =>
      void told.push(...commands.map(({ kind }, i) => `${kind}: ${results[i]!.kind}`)),
    leaseChanged: ({ kind }) => void told.push(kind),
  };
  const machine = createMachine({ backend, outputs: new ConnectedOutputs(), observer, founders: [] });
  const apply = (sequence: number, body: Uint8Array): string[] => {
    const payload = encodeEnvelope({
      member: MEMBER,
      incarnation: 1,
      sequence,
      oldestPending: sequence,
      body,
    });
    machine.apply([{ index: logIndex(machine.appliedIndex + 1), epoch: epoch(1), kind: 'command', payload }]);
    return told.splice(0);
  };
  return { machine, told, apply };
}

test('an entry begins, does what it does, and is told with each result', () => {
  const { apply } = observed();
  const list = encodeCommands(
    [GRANT, { module: 'keyspace', kind: 'compact', revision: revision(9) }],
    undefined,
  );
  assert.deepEqual(apply(1, list), ['begins', 'granted', 'grant: leaseGranted', 'compact: failure']);
  assert.deepEqual(apply(2, encodeCommands([REVOKE], undefined)), [
    'begins',
    'ended',
    'revoke: leaseRevoked',
  ]);
});

test('an entry that came before, or that nobody can read, begins and has no result', () => {
  const { apply } = observed();
  const list = encodeCommands([GRANT], undefined);
  apply(1, list);
  assert.deepEqual(apply(1, list), ['begins']);
  assert.deepEqual(apply(2, Uint8Array.of(255, 1, 2)), ['begins']);
});

test('leases that are loaded are not told of', () => {
  const backend = new MemoryBackend();
  const { machine, apply } = observed(backend);
  apply(1, encodeCommands([GRANT], undefined));
  machine.persist(() => {});
  const reopened = observed(backend);
  assert.equal(reopened.machine.leases().length, 1);
  assert.deepEqual(reopened.told, []);
});
