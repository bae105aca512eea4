/** `synod sim` and `synod check` as a user meets them: words that are wrong, seeds that fail, histories that are broken. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseHistory } from '@synod/simulator';
import { readConnectivityWords } from '../../src/cli/sim-connectivity.ts';
import { readSimWords, SimOptionProblem, type SimWords } from '../../src/cli/sim-options.ts';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'main.ts');

function synod(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const words = (given: Partial<SimWords>): SimWords => ({ protocol: 'raft', faults: 'swarm', ...given });

test('every wrong word is told with what was expected', () => {
  const problems: [Partial<SimWords>, RegExp][] = [
    [{ protocol: 'raftt' }, /--protocol does not know raftt\. Did you mean raft\?/],
    [{ faults: 'crash,cot' }, /--faults does not know cot\. Did you mean cut\? It knows: crash, /],
    [{ mutant: 'vote-before-durible' }, /--mutant does not know .* Did you mean vote-before-durable\?/],
    [{ timing: 'slow' }, /--timing does not know slow\..* It knows: synchronous, partial, asynchronous/],
    [{ members: '0' }, /--members is a whole number from 1 to 9, not 0/],
    [{ seed: '-1' }, /--seed is a whole number from 0 on, not -1/],
    [{ seeds: '5' }, /--seeds is FIRST\.\.LAST/],
    [{ seeds: '9..3' }, /--seeds is FIRST\.\.LAST with the smaller first, not 9\.\.3/],
    [{ minutes: 'soon' }, /--minutes is a number above 0, not soon/],
    [{ keep: '1,x' }, /--keep is a whole number from 1 on, not x/],
    [{ protocol: 'bot' }, /--protocol does not know bot\. Did you mean both\? It knows: raft, paxos, both/],
    [{ members: '10' }, /--members is a whole number from 1 to 9, not 10/],
    [{ members: 'three' }, /--members is a whole number from 1 to 9, not three/],
    [{ seeds: '3..' }, /--seeds is FIRST\.\.LAST, as in 1\.\.2000, not 3\.\./],
    [{ seeds: '1..2..3' }, /--seeds is FIRST\.\.LAST, as in 1\.\.2000, not 1\.\.2\.\.3/],
    [{ minutes: '0' }, /--minutes is a number above 0, not 0/],
    [{ jobs: '0' }, /--jobs is a whole number from 1 to 64, not 0/],
    [{ seed: '1', seeds: '1..2' }, /--seed and --seeds exclude each other/],
    [{ mutant: 'lease-leaves-a-key', mutants: true }, /--mutant and --mutants exclude each other/],
    [{ seeds: '1..2', keep: '1' }, /--keep numbers the faults of one schedule: give its seed/],
    [
      { compare: 'idle,latncy' },
      /--compare does not know latncy\. Did you mean latency\? It knows: commits, /,
    ],
    [{ compare: true, seed: '3' }, /--compare measures both protocols in worlds of its own/],
    [{ trace: true, jobs: '2' }, /--trace tells one world after the other/],
    [{ protocol: 'paxos', mutant: 'vote-before-durable' }, /is a bug of raft: give --protocol raft or both/],
  ];
  for (const [given, message] of problems)
    assert.throws(
      () => readSimWords(words(given)),
      (error: unknown) => error instanceof SimOptionProblem && message.test(error.message),
      JSON.stringify(given),
    );
});

test('seeds run until they are through, or until the minutes are over', () => {
  assert.deepEqual([readSimWords(words({})).firstSeed, readSimWords(words({})).lastSeed], [1, 100]);
  assert.equal(readSimWords(words({ seeds: '3..9' })).lastSeed, 9);
  assert.ok(readSimWords(words({ minutes: '2' })).lastSeed > 1e9);
  assert.deepEqual(readSimWords(words({ faults: 'none' })).faults, []);
});

test('a seed tells what was checked and gives the same trace hash again; a planted bug tells how to see it again', () => {
  const first = synod('sim', '--seed', '3');
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /1 seeds, .* operations and .* no failures\ntrace hash [0-9a-f]{16}\n/);
  const hash = (output: string): string => /trace hash (\w+)/.exec(output)![1]!;
  assert.equal(hash(synod('sim', '--seed', '3').stdout), hash(first.stdout));

  const failing = synod('sim', '--seeds', '1..9', '--mutant', 'lease-leaves-a-key');
  assert.equal(failing.status, 1);
  assert.match(failing.stdout, /npm run sim -- --protocol raft --seed \d+ --mutant lease-leaves-a-key\n/);
  const wrong = synod('sim', '--faults', 'crsh');
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /Did you mean crash\?/);
});

test('with --json every world is a line of JSON, and the totals are one more', () => {
  const { status, stdout } = synod('sim', '--seeds', '1..2', '--json');
  assert.equal(status, 0);
  const lines = stdout.trimEnd().split('\n');
  const worlds = lines
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { seed: number; failure: unknown; traceHash: string });
  assert.deepEqual(
    worlds.map(({ seed, failure }) => [seed, failure]),
    [
      [1, null],
      [2, null],
    ],
  );
  for (const { traceHash } of worlds) assert.match(traceHash, /^[0-9a-f]{16}$/);
  const { summary } = JSON.parse(lines.at(-1)!) as {
    summary: { protocols: Record<string, { seeds: number }>; failedSeed: unknown; traceHash: string };
  };
  assert.equal(summary.protocols['raft']?.seeds, 2);
  assert.equal(summary.failedSeed, null);
  assert.match(summary.traceHash, /^[0-9a-f]{16}$/);
});

test('two protocols side by side are told apart in the totals, and more processors change nothing', () => {
  const one = synod('sim', '--protocol', 'both', '--seeds', '2..3');
  assert.equal(one.status, 0, one.stdout + one.stderr);
  assert.match(
    one.stdout,
    /^raft {3}2 seeds, .*\npaxos {2}2 seeds, .*\nboth {3}\d+ answers compared .*no failures\ntrace hash \w{16}\n$/,
  );
  const timeless = (output: string): string => output.replace(/\d+ times real time/, '');
  const two = synod('sim', '--protocol', 'both', '--seeds', '2..3', '--jobs', '2');
  assert.equal(timeless(two.stdout), timeless(one.stdout));

  const failing = synod('sim', '--protocol', 'both', '--seeds', '1..9', '--mutant', 'lease-leaves-a-key');
  assert.equal(failing.status, 1);
  assert.match(failing.stdout, /Seed \d+ broke \w+ on paxos after/);
  assert.match(
    failing.stdout,
    /npm run sim -- --protocol both --seed \d+ --mutant lease-leaves-a-key\n[\s\S]*Of \d+ faults \d+ are needed/,
  );
});

test('both protocols are measured beside each other, as a table or as JSON', () => {
  assert.ok(readSimWords(words({ compare: true })).tables.length >= 7);
  const { status, stdout } = synod('sim', '--compare', 'latency');
  assert.equal(status, 0);
  assert.match(
    stdout,
    /^latency: .*\n\n\| operation \| asked of a \| raft \| paxos \|\n\|---.*\n\| put \| leader \| 2\.0 \|/,
  );
  const [line] = synod('sim', '--compare', 'latency', '--json').stdout.split('\n');
  const table = JSON.parse(line!) as { name: string; columns: string[]; rows: string[][] };
  assert.equal(table.name, 'latency');
  for (const row of table.rows) assert.equal(row.length, table.columns.length);
});

test('Ctrl-C ends a run with the totals so far', async () => {
  const child = spawn(process.execPath, [MAIN, 'sim', '--seeds', '1..1000000', '--json']);
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    // The first world is through: it runs.
    if (output === '') child.kill('SIGINT');
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 130);
  const { summary } = JSON.parse(output.trimEnd().split('\n').at(-1)!) as {
    summary: { stoppedBy: string; protocols: { raft: { seeds: number } } };
  };
  assert.equal(summary.stoppedBy, 'SIGINT');
  assert.ok(summary.protocols.raft.seeds >= 1);
});

test('--connectivity plays every partial partition, in words or as JSON', () => {
  const text = synod('sim', '--connectivity', '--members', '3');
  assert.equal(text.status, 0, text.stderr);
  assert.match(text.stdout, /^raft, directed graphs on three members: 333 cases, .* 0 late\n$/);
  const json = synod('sim', '--connectivity', '--members', '3', '--protocol', 'paxos', '--json');
  const report = JSON.parse(json.stdout) as { protocol: string; cases: number; late: unknown[] };
  assert.deepEqual([report.protocol, report.cases, report.late], ['paxos', 333, []]);
});

test('--connectivity turns away what it has no use for, and says what it takes', () => {
  const problems: [Partial<SimWords>, RegExp][] = [
    [{ members: '4' }, /--members 3 and --members 5, not 4/],
    [{ seeds: '1..9' }, /leave --seeds away.* It takes --protocol, --members, --seed and --json/],
    [{ faults: 'none' }, /leave --faults away/],
    [{ mutants: true }, /leave --mutants away/],
    [{ protocol: 'raftt' }, /Did you mean raft\?/],
  ];
  for (const [given, message] of problems)
    assert.throws(
      () => readConnectivityWords(words(given)),
      (error: unknown) => error instanceof SimOptionProblem && message.test(error.message),
      JSON.stringify(given),
    );
  assert.equal(readConnectivityWords(words({})).seed, 1);
  assert.equal(readConnectivityWords(words({})).graphs.length, 2);
});

test('synod check judges recorded histories, and names the line that it cannot read', () => {
  const directory = mkdtempSync(join(tmpdir(), 'synod-check-'));
  try {
    const file = (name: string, lines: readonly object[], more = ''): string => {
      const path = join(directory, name);
      writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join('') + more);
      return path;
    };
    const write = {
      client: 1,
      key: 'k',
      call: { kind: 'write', value: 'a' },
      calledAt: 0,
      result: { kind: 'done' },
      returnedAt: 1,
    };
    const read = (value: string | null) => ({
      client: 2,
      key: 'k',
      call: { kind: 'read' },
      calledAt: 2,
      result: { kind: 'value', value },
      returnedAt: 3,
    });
    const right = synod('check', file('right.jsonl', [write, read('a')]));
    assert.equal(right.status, 0);
    assert.equal(right.stdout, 'linearizable: 2 operations on 1 keys\n');
    const stale = synod('check', file('stale.jsonl', [write, read(null)]));
    assert.equal(stale.status, 1);
    assert.match(stale.stdout, /^not linearizable: key k\. This fits nowhere:\n {2}\{"client":2/);
    const broken = synod('check', file('broken.jsonl', [write], '{"client":1}\n'));
    assert.equal(broken.status, 2);
    assert.match(broken.stderr, /broken\.jsonl: line 2: expected "key", a string, found \{"client":1\}/);
    const lines: [string, RegExp][] = [
      ['not JSON', /line 1: expected one JSON object, found not JSON/],
      ['[1]', /line 1: expected one JSON object, found \[1\]/],
      [
        '{"client":1,"key":"k","calledAt":0,"call":{"kind":"increment"}}',
        /line 1: expected "call" of kind read, write \(value\), delete or compareAndSet/,
      ],
      [JSON.stringify({ ...write, returnedAt: -1 }), /line 1: expected "returnedAt", a number not before/],
      [
        JSON.stringify({ ...write, result: { kind: 'value', value: 'a' } }),
        /line 1: expected "result" of kind done, as the call is a write/,
      ],
    ];
    for (const [line, message] of lines) assert.throws(() => parseHistory(line), message);
    const missing = synod('check', join(directory, 'none.jsonl'));
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /none\.jsonl/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
