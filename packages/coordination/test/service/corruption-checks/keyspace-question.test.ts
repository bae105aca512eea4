/** Questions and answers about keyspaces, there and back, and what is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedBytes } from '@synod/consensus';
import { revision } from '@synod/coordination';
import {
  decodeKeyspaceAnswer,
  decodeKeyspaceQuestion,
  encodeKeyspaceAnswer,
  encodeKeyspaceQuestion,
  type KeyspaceAnswer,
} from '../../../src/service/corruption-checks/keyspace-question.ts';

test('questions and answers come back as they were', () => {
  for (const mayBeKept of [true, false]) {
    const question = { revision: revision(2 ** 40), mayBeKept };
    assert.deepEqual(decodeKeyspaceQuestion(encodeKeyspaceQuestion(question)), question);
  }
  const answers: KeyspaceAnswer[] = [
    { kind: 'sum', sum: 2 ** 32 - 1, compactedTo: -1, hashRevision: revision(1), revision: revision(1) },
    { kind: 'sum', sum: 0, compactedTo: 7, hashRevision: revision(9), revision: revision(2 ** 40) },
    { kind: 'none', why: 'silent' },
    { kind: 'none', why: 'compacted' },
    { kind: 'none', why: 'future' },
    { kind: 'none', why: 'busy' },
  ];
  for (const answer of answers) assert.deepEqual(decodeKeyspaceAnswer(encodeKeyspaceAnswer(answer)), answer);
});

test('V4 bytes that are neither are told so', () => {
  for (const bytes of [[], [1], [1, 2, 3]])
    assert.throws(() => decodeKeyspaceQuestion(Uint8Array.from(bytes)), MalformedBytes);
  for (const bytes of [[], [0, 1], [9], [1, 1]])
    assert.throws(() => decodeKeyspaceAnswer(Uint8Array.from(bytes)), MalformedBytes);
});
