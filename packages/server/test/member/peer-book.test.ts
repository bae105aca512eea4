/** Where peers are and what they have to do with the cluster, as the list of members comes to be known (G4, G5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberId } from '@synod/consensus';
import { createMachine, MemoryBackend } from '@synod/coordination';
import { INTRODUCED_PEERS_MAX } from '../../src/member/limits.ts';
import { PeerBook } from '../../src/member/peer-book.ts';

const idOf = (number: number): string => number.toString(16).padStart(16, '0');
const [A, B, C, D] = [1, 2, 3, 4].map(idOf) as [string, string, string, string];
const listed = (id: string, port: number) => ({ id, name: id, peerUrls: [`http://127.0.0.1:${port}`] });

function bookUnderTest() {
  const ignore = (): void => {};
  const { directory } = createMachine({
    backend: new MemoryBackend(),
    founders: [listed(A, 1), listed(B, 2)].map((one) => ({ ...one, clientUrls: [], isLearner: false })),
    outputs: {
      result: ignore,
      events: ignore,
      compacted: ignore,
      leaseChanged: ignore,
      authChanged: ignore,
      membersChanged: ignore,
      restored: ignore,
    },
  });
  const book = new PeerBook({ self: A, directory, acquaintances: [listed(B, 22), listed(C, 3)] });
  const ports = (): string[] =>
    [...book.addresses()].map(
      ([id, [address]]) => `${id.slice(-1)}:${'port' in address! ? address.port : ''}`,
    );
  return { directory, book, ports };
}

test('the list counts before what was known at the start, and this member is not its own peer', () => {
  const { book, ports } = bookUnderTest();
  assert.deepEqual(ports().sort(), ['2:2', '3:3']);
  assert.equal(book.standing(C), 'member');
  assert.equal(book.nameOf(C), C);
  assert.equal(book.describe(B), `${B} at http://127.0.0.1:2`);
});

test('who was removed is needed until it is gone, and then sent away', () => {
  const { book, directory, ports } = bookUnderTest();
  directory.apply({ module: 'members', kind: 'remove', id: B });
  assert.deepEqual([book.standing(B), ports().sort()], ['member', ['2:2', '3:3']]);
  directory.apply({ module: 'members', kind: 'retire', id: B });
  assert.deepEqual([book.standing(B), ports()], ['removed', ['3:3']]);
});

test('a stranger that says where it is is connected to, and no more of them than there is room for', () => {
  const { book, ports } = bookUnderTest();
  assert.equal(book.standing(D), 'member');
  assert.equal(book.introduce(D, []), false);
  assert.equal(book.introduce(D, ['http://127.0.0.1:4']), true);
  assert.equal(book.introduce(D, ['http://127.0.0.1:4']), false);
  assert.equal(book.introduce(B, ['http://127.0.0.1:9']), false);
  assert.deepEqual(ports().sort(), ['2:2', '3:3', '4:4']);
  for (let i = 0; i < 2 * INTRODUCED_PEERS_MAX; i++) book.introduce(idOf(1_000 + i), ['http://127.0.0.1:5']);
  assert.equal(book.addresses().size, 2 + INTRODUCED_PEERS_MAX);
  assert.equal(book.standing(idOf(99_999)), 'unknown');
  assert.ok(book.addresses().has(memberId(D)));
});
