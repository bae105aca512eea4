/** `synod` and its commands from outside: what they print, to which output, and their exit codes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLAGS } from '../../src/config/flags.ts';
import { run } from './synod-process.ts';

const done = { code: 0, stderr: '' };

test('help of every command: exit code 0, examples, nothing on stderr', async (context) => {
  const cases: readonly (readonly [args: readonly string[], words: RegExp])[] = [
    [[], /Usage: synod/],
    [['--help'], /Usage: synod/],
    [['start', '--help'], /Usage: synod start/],
    [['start', '-h'], /Usage: synod start/],
    [['help', 'start'], /Usage: synod start/],
    [['dev', '--help'], /Usage: synod dev/],
    [['version', '--help'], /Usage: synod version/],
    [['rebuild', '--help'], /Usage: synod rebuild/],
  ];
  const endings = await Promise.all(cases.map(([args]) => run(context, args)));
  endings.forEach(({ stdout, ...rest }, at) => {
    assert.deepEqual(rest, done, cases[at]![0].join(' '));
    assert.match(stdout, cases[at]![1]);
    assert.match(stdout, /^Examples:/m);
  });
  assert.equal(endings[4]!.stdout.trim(), endings[2]!.stdout.trim());
  for (const flag of Object.keys(FLAGS)) assert.ok(endings[2]!.stdout.includes(flag), flag);
});

test('version, for people and for scripts', async (context) => {
  const commands = [['version'], ['--version'], ['start', '--version'], ['version', '--json']];
  const [text, alias, asEtcd, json] = await Promise.all(commands.map((args) => run(context, args)));
  assert.match(text!.stdout, /^synod \d+\.\d+\.\d+\nserves clients of etcd as 3\.\d+\.\d+\nnode 2\d\./);
  assert.equal(alias!.stdout, text!.stdout);
  assert.equal(asEtcd!.stdout, text!.stdout);
  const facts = JSON.parse(json!.stdout) as Record<string, string>;
  assert.deepEqual(Object.keys(facts), ['synod', 'etcd', 'node', 'platform']);
  assert.equal(facts['node'], process.versions.node);
});

test('what cannot be read: exit code 2, the nearest word, where to read on; nothing on stdout', async (context) => {
  const cases: readonly (readonly [line: string, words: RegExp])[] = [
    ['verson', /unknown command 'verson'\n\(Did you mean version\?\)\nSee 'synod --help'/],
    ['version --jsn', /unknown option '--jsn'\n\(Did you mean --json\?\)\nSee 'synod version --help'/],
    ['dev --membrs 3', /unknown option '--membrs'\n\(Did you mean --members\?\)\nSee 'synod dev --help'/],
    ['dev --members 0', /'0' is invalid. It must be a whole number from 1 to 9/],
    ['dev --members three', /It must be a whole number from 1 to 9/],
    ['dev --base-port 70000', /It must be a whole number from 1 to 65535/],
    ['dev --consensus zab', /Allowed choices are raft, paxos/],
    ['dev extra', /too many arguments/],
    ['rebuild', /required option '--data-dir <directory>' not specified/],
    [
      'start --data-di x',
      /^synod: unknown flag --data-di. Did you mean --data-dir\? See 'synod start --help'.\n$/,
    ],
  ];
  const endings = await Promise.all(cases.map(([line]) => run(context, line.split(' '))));
  endings.forEach(({ code, stdout, stderr }, at) => {
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, cases[at]![0]);
    assert.match(stderr, cases[at]![1]);
  });
});

test('what cannot be done: exit code 1 and one line', async (context) => {
  const cases: readonly (readonly [line: string, words: RegExp])[] = [
    ['dev --base-port 65530', /^synod dev: --base-port 65530 leaves no ports for 3 members\n$/],
    ['start --discovery w', /^synod: --discovery is a flag of earlier versions of etcd/],
    ['start extra', /^synod: 'extra' is not a valid flag/],
    ['start --log-outputs /proc/no-such-place/log', /^synod: cannot open the log \(--log-outputs\): /],
  ];
  const endings = await Promise.all(cases.map(([line]) => run(context, line.split(' '))));
  endings.forEach(({ code, stdout, stderr }, at) => {
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' }, cases[at]![0]);
    assert.match(stderr, cases[at]![1]);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });
});

test('the environment reaches synod start', async (context) => {
  const ending = await run(context, ['start'], { ETCD_ELECTION_TIMEOUT: '1' });
  assert.equal(ending.code, 1);
  assert.match(ending.stderr, /--election-timeout\[1ms\] should be at least as 5 times/);
});
