/** The list of members: what each command does to it, what it refuses, and that it outlives a restart (G6, G7). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryBackend } from '@synod/coordination';
import { MemberDirectory } from '../../src/members/member-directory.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.padStart(16, '0')) as [string, string, string];
const founder = { id: A, name: 'm1', peerUrls: ['http://a'], clientUrls: [], isLearner: false };

function listUnderTest() {
  const backend = new MemoryBackend();
  const open = (): MemberDirectory => {
    const directory = new MemberDirectory(backend, [founder]);
    directory.load();
    return directory;
  };
  const directory = open();
  const module = 'members';
  return {
    directory,
    open,
    add: (id: string, url: string, isLearner = false, learnersMax = 1) =>
      directory.apply({ module, kind: 'add', id, peerUrls: [url], isLearner, learnersMax })?.code,
    change: (kind: 'remove' | 'promote' | 'retire', id: string) =>
      directory.apply({ module, kind, id })?.code,
    update: (id: string, url: string) =>
      directory.apply({ module, kind: 'update', id, peerUrls: [url] })?.code,
    publish: (id: string, name: string) =>
      directory.apply({
        module,
        kind: 'publish',
        id,
        name,
        peerUrls: ['http://x'],
        clientUrls: ['http://c'],
      }),
    ids: () => directory.list().map(({ id }) => id),
  };
}

test('an id is used once: by whom it is, and by nobody after', () => {
  const { add, change, ids } = listUnderTest();
  assert.equal(add(A, 'http://other'), 'memberExists');
  assert.equal(add(B, 'http://b'), undefined);
  assert.equal(change('remove', B), undefined);
  for (const step of ['leaving', 'gone']) {
    assert.equal(add(B, 'http://b'), 'memberNotFound', step);
    assert.equal(change('remove', B), 'memberNotFound', step);
    change('retire', B);
  }
  assert.deepEqual(ids(), [A]);
});

test('an address is one member’s; a removed one leaves it to others', () => {
  const { add, update, change } = listUnderTest();
  assert.equal(add(B, 'http://a'), 'peerUrlExists');
  assert.equal(add(B, 'http://b'), undefined);
  assert.equal(update(B, 'http://a'), 'peerUrlExists');
  assert.equal(update(B, 'http://b'), undefined);
  assert.equal(update(C, 'http://c'), 'memberNotFound');
  change('remove', B);
  assert.equal(add(C, 'http://b'), undefined);
});

test('so many learners as the command says; a promoted one is none; the last voter stays', () => {
  const { add, change, directory } = listUnderTest();
  assert.equal(add(B, 'http://b', true), undefined);
  assert.equal(add(C, 'http://c', true), 'tooManyLearners');
  assert.equal(change('remove', A), 'lastVoter');
  assert.equal(change('promote', A), 'memberNotLearner');
  assert.equal(change('promote', C), 'memberNotFound');
  assert.equal(change('promote', B), undefined);
  assert.equal(add(C, 'http://c', true), undefined);
  assert.equal(change('remove', A), undefined);
  assert.deepEqual(
    directory.leaving().map(({ id }) => id),
    [A],
  );
});

test('who publishes gets a name and clients’ addresses, and keeps the peers’; who was removed gets nothing', () => {
  const { publish, change, add, directory } = listUnderTest();
  publish(A, 'renamed');
  assert.deepEqual(directory.member(A), { ...founder, name: 'renamed', clientUrls: ['http://c'] });
  add(B, 'http://b');
  change('remove', B);
  publish(B, 'revenant');
  assert.equal(directory.member(B), undefined);
});

test('all of it is there after a restart; a founders’ list is in force once somebody asked for a change', () => {
  const { add, change, directory, open } = listUnderTest();
  assert.equal(directory.isInForce, false);
  assert.equal(open().isInForce, false);
  add(B, 'http://b', true);
  add(C, 'http://c');
  change('remove', C);
  change('retire', C);
  const again = open();
  assert.deepEqual([again.isInForce, again.list()], [true, directory.list()]);
  assert.deepEqual([again.standing(C), again.member(B)?.isLearner], ['gone', true]);
});
