/** How many connections clients get: all together, and from one address. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { ConnectionBudget, openFilesLimit, sourceOf } from '../../src/sockets/connection-budget.ts';

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string | undefined;
  destroyed = false;

  constructor(remoteAddress?: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function budgetOf(connectionsMax: number | undefined, connectionsPerAddressMax: number, descriptors = 1_000) {
  const refused: string[] = [];
  const budget = new ConnectionBudget(
    { connectionsMax, connectionsPerAddressMax },
    (address, reason) => refused.push(`${address}: ${reason}`),
    () => descriptors,
  );
  const connect = (address?: string): FakeSocket => {
    const socket = new FakeSocket(address);
    assert.equal(budget.admit(socket as unknown as Socket), !socket.destroyed);
    return socket;
  };
  return { connect, refused };
}

test('one address has its share, the next its own, and one that ends makes room', () => {
  const { connect, refused } = budgetOf(10, 2);
  const [first] = [connect('10.0.0.1'), connect('10.0.0.1')];
  assert.ok(connect('10.0.0.1').destroyed);
  assert.deepEqual(refused, [
    '10.0.0.1: this address has 2 connections already (--max-client-connections-per-address)',
  ]);
  assert.ok(!connect('10.0.0.2').destroyed);
  first!.destroy();
  assert.ok(!connect('10.0.0.1').destroyed);
  assert.ok(connect('10.0.0.1').destroyed);
});

test('all together; a socket in a file has no address and counts', () => {
  const { connect, refused } = budgetOf(3, Number.POSITIVE_INFINITY);
  const all = [connect('10.0.0.1'), connect('10.0.0.1'), connect()];
  assert.ok(connect('10.0.0.2').destroyed);
  assert.match(refused[0]!, /^10\.0\.0\.2: there are 3 connections of clients already/);
  all[2]!.destroy();
  assert.ok(!connect('10.0.0.2').destroyed);
});

test('one address never gets more than half, so that another can come and look', () => {
  const { connect } = budgetOf(4, 10_000);
  assert.deepEqual(
    [1, 2, 3].map(() => connect('10.0.0.1').destroyed),
    [false, false, true],
  );
  assert.ok(!connect('10.0.0.2').destroyed);
});

test('where nothing is said, the limit on open files says it, less what the member needs', () => {
  const { connect } = budgetOf(undefined, Number.POSITIVE_INFINITY, 170);
  const outcomes = Array.from({ length: 21 }, () => connect('10.0.0.1').destroyed);
  assert.equal(outcomes.indexOf(true), 20);
  const { connect: scarce } = budgetOf(undefined, Number.POSITIVE_INFINITY, 64);
  assert.equal(Array.from({ length: 17 }, () => scarce('10.0.0.1').destroyed).indexOf(true), 16);
});

test('the limit on open files is read from the system', () => {
  assert.equal(
    openFilesLimit(() => 'Limit  Soft\nMax open files            1024                 4096   files\n'),
    1024,
  );
  assert.equal(
    openFilesLimit(() => 'Max open files  unlimited  unlimited  files'),
    Number.POSITIVE_INFINITY,
  );
  assert.equal(
    openFilesLimit(() => ''),
    10_240,
  );
  assert.equal(
    openFilesLimit(() => {
      throw new Error('no such file');
    }),
    10_240,
  );
  assert.ok(openFilesLimit() > 150);
});

test('what counts as one client', () => {
  for (const [address, source] of [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ] as const)
    assert.equal(sourceOf(address), source, address);
});
