/** Completion: the scripts know every command and flag, and bash's does what it says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { CLIENT_COMMANDS } from '../../../src/cli/client/command-list.ts';
import { run } from './recorded-terminal.ts';

test('every command and every flag is in each script', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await run(['completion', shell]);
    assert.equal(code, 0);
    for (const [name, { load }] of Object.entries(CLIENT_COMMANDS)) {
      for (const word of name.split(' ')) assert.ok(stdout.includes(word), `${shell}: ${name}`);
      for (const flag of Object.keys((await load()).flags))
        assert.ok(
          stdout.includes(shell === 'fish' ? `-l ${flag}` : `--${flag}`),
          `${shell}: ${name} --${flag}`,
        );
    }
  }
});

test('in bash: commands, their second words, their flags, the words of a flag', async (context) => {
  const { stdout: script } = await run(['completion', 'bash']);
  const cases: readonly (readonly [line: string, expected: string])[] = [
    ['synod ge', 'get'],
    ['synod l', 'lease lock'],
    ['synod lease ', 'grant revoke timetolive list keep-alive'],
    ['synod --endpoints m1:2379 lease ti', 'timetolive'],
    ['synod get --pre', '--prefix'],
    ['synod get key --print', '--print-value-only'],
    ['synod lease timetolive --k', '--keys --keepalive-time --keepalive-timeout --key'],
    ['synod get -w js', 'json'],
    ['synod snapshot ', 'save status restore'],
  ];
  for (const [line, expected] of cases) {
    const words = line.split(' ');
    const program = `${script}
COMP_WORDS=(${words.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${words.length - 1}; _synod; echo "\${COMPREPLY[@]}"`;
    const bash = spawnSync('bash', ['--norc'], { input: program, encoding: 'utf8' });
    if (bash.error !== undefined) return context.skip('there is no bash here');
    assert.equal(bash.stderr, '', line);
    assert.equal(bash.stdout.trim(), expected, line);
  }
});
