/** `synod start` as a process: ready, asked to stop, and every way in which it can end otherwise, with its last words. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { freeBasePort, SynodProcess, scratchDirectory } from './synod-process.ts';

interface Line {
  readonly level: string;
  readonly ts: string;
  readonly msg: string;
  readonly [fact: string]: unknown;
}

function flags(directory: string, port: number): string[] {
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`];
  return [
    `--data-dir=${directory}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
  ];
}

function lines(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

async function ready(
  context: TestContext,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly member: SynodProcess; readonly directory: string; readonly port: number }> {
  const directory = scratchDirectory(context);
  for (;;) {
    const port = await freeBasePort(1);
    const member = new SynodProcess(context, ['start', ...flags(directory, port)], environment);
    try {
      await member.line(/"msg":"ready to serve client requests"/);
      return { member, directory, port };
    } catch (error) {
      if (!/is taken/.test(member.said)) throw error;
    }
  }
}

describe('synod start', { timeout: 120_000 }, () => {
  test('logs JSON lines, has its process id in its directory, and stops when it is asked to', async (context) => {
    const { member, directory } = await ready(context);
    assert.equal(Number(readFileSync(join(directory, 'synod.pid'), 'utf8')), member.child.pid);
    member.child.kill('SIGTERM');
    const { code, stdout, stderr } = await member.ended;
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
    const log = lines(stderr);
    const started = log.find(({ msg }) => msg === 'started')!;
    for (const fact of ['name', 'member-id', 'cluster-id', 'data-dir', 'listen-client-urls'])
      assert.ok(fact in started, fact);
    assert.equal(log.at(-1)!.msg, 'stopped');
    assert.throws(() => readFileSync(join(directory, 'synod.pid')), /ENOENT/);
  });

  test('a fault of its own has its place in the log: exit code 1', async (context) => {
    // Without quotes, which NODE_OPTIONS would take for its own.
    const plant = 'process.once(`SIGUSR2`,()=>{throw(Error(`planted`))})';
    const { member } = await ready(context, { NODE_OPTIONS: `--import=data:text/javascript,${plant}` });
    member.child.kill('SIGUSR2');
    const { code, stderr } = await member.ended;
    assert.equal(code, 1);
    const last = lines(stderr).at(-1)!;
    assert.deepEqual([last.level, last.msg], ['error', 'ended by a fault of its own: planted']);
    assert.match(String(last['stack']), /^Error: planted\n/);
  });

  test('what keeps it from starting: one line that says what to do, exit code 1', async (context) => {
    const scratch = scratchDirectory(context);
    const port = await freeBasePort(1);
    writeFileSync(join(scratch, 'file'), '');
    mkdirSync(join(scratch, 'damaged/journal'), { recursive: true });
    writeFileSync(join(scratch, 'damaged/journal/0000000000000001.log'), 'not a journal');
    const cases: readonly (readonly [directory: string, more: string[], words: RegExp])[] = [
      ['file', [], /^could not start: the data directory .*file cannot be made .*Give another place/],
      ['file/below', [], /^could not start: the data directory .*below cannot be made/],
      ['damaged', [], /^could not start: .*0000000000000001\.log/],
      [
        'far',
        ['--listen-client-urls=http://192.0.2.1:1'],
        /^could not start: cannot listen for clients on http:\/\/192\.0\.2\.1:1: .*EADDRNOTAVAIL/,
      ],
      [
        'same',
        [`--listen-client-urls=http://127.0.0.1:${port + 1}`],
        /^could not start: the address for clients is taken \(http:\/\/127\.0\.0\.1:\d+\)\. Stop what/,
      ],
    ];
    for (const [directory, more, words] of cases) {
      const args = ['start', ...flags(join(scratch, directory), port), '--log-level=warn', ...more];
      const { code, stderr } = await new SynodProcess(context, args).ended;
      assert.equal(code, 1, directory);
      const said = lines(stderr);
      assert.equal(said.length, 1, stderr);
      assert.match(said[0]!.msg, words);
    }
  });
});
