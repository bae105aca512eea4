/** Lines of the log: etcd's field names as JSON, text where text was asked for, levels, several outputs. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogConfig } from '../../src/config/member-config.ts';
import { openLog } from '../../src/log/open-log.ts';

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'synod-log-'));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** The lines that a file has after one line of each level. */
function linesAt(context: TestContext, config: Pick<LogConfig, 'level' | 'format'>): string[] {
  const path = join(directory(context), 'log');
  const log = openLog({ ...config, outputs: [path] });
  log.debug('a debug line');
  log.info('an info line', { 'member-id': '8e9e05c52164694d', took: 3 });
  log.warn('a warning');
  log.error('an error');
  return readFileSync(path, 'utf8').trimEnd().split('\n');
}

test('json: level, ts and msg, as etcd names them, and the facts beside', (context) => {
  const lines = linesAt(context, { level: 'info', format: 'json' });
  assert.equal(lines.length, 3);
  const { ts, ...rest } = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.deepEqual(rest, {
    level: 'info',
    msg: 'an info line',
    'member-id': '8e9e05c52164694d',
    took: 3,
  });
  assert.match(String(ts), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('a level lets through what is as grave or graver', (context) => {
  const levels = (level: LogConfig['level']) =>
    linesAt(context, { level, format: 'json' }).map((line) => (line === '' ? '' : JSON.parse(line).level));
  assert.deepEqual(levels('debug'), ['debug', 'info', 'warn', 'error']);
  assert.deepEqual(levels('warn'), ['warn', 'error']);
  assert.deepEqual(levels('error'), ['error']);
});

test('console: text for people, without colours in a file', (context) => {
  const lines = linesAt(context, { level: 'info', format: 'console' });
  assert.match(
    lines[0]!,
    /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: an info line \{"member-id":"8e9e05c52164694d","took":3\}$/,
  );
  assert.equal(lines.length, 3);
  assert.doesNotMatch(lines.join('\n'), new RegExp(String.fromCharCode(27)));
});

test('several outputs get the same lines, at once', (context) => {
  const path = directory(context);
  const outputs = [join(path, 'a'), join(path, 'b')];
  const log = openLog({ level: 'info', format: 'json', outputs });
  log.info('both');
  for (const output of outputs) assert.equal(JSON.parse(readFileSync(output, 'utf8')).msg, 'both');
});

test('a file is continued, not begun again', (context) => {
  const path = join(directory(context), 'log');
  for (const message of ['first life', 'second life'])
    openLog({ level: 'info', format: 'json', outputs: [path] }).info(message);
  assert.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 2);
});

test('a file that cannot be opened is an error at the start', (context) => {
  const path = directory(context);
  assert.throws(() => openLog({ level: 'info', format: 'json', outputs: [path] }), /EISDIR/);
  assert.throws(() => openLog({ level: 'info', format: 'json', outputs: [join(path, 'no', 'x')] }), /ENOENT/);
});
