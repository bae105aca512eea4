/** What `synod dev` makes of its members' lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBeReason, readLogLine } from '../../src/cli/log-line.ts';

test('a line of the log has a level, a message and facts; anything else is text', () => {
  assert.deepEqual(readLogLine('{"level":"warn","ts":"2026-01-01","msg":"m","peer":"x"}'), {
    level: 'warn',
    message: 'm',
    facts: { peer: 'x' },
  });
  for (const text of ['plain', '', '{"level":"warn"}', '{broken', '{"level":"loud","ts":1,"msg":"m"}'])
    assert.deepEqual(readLogLine(text), { level: 'text', message: text, facts: {} });
});

test('of all that Node writes at its end, the reason is the line with the error', () => {
  const written = [
    'file:///somewhere/start.ts:7',
    '  throw new TypeError();',
    '  ^',
    '',
    'TypeError: cannot go on',
    '    at start (file:///somewhere/start.ts:7:9)',
    '',
    'Node.js v24.21.0',
  ];
  assert.equal(written.map(readLogLine).findLast(mayBeReason)?.message, 'TypeError: cannot go on');
  assert.equal(mayBeReason(readLogLine('{"level":"error","ts":"t","msg":"m"}')), true);
  assert.equal(mayBeReason(readLogLine('{"level":"warn","ts":"t","msg":"m"}')), false);
});
