/** Asks for a password on the terminal without showing it; without a terminal, reads a line of standard input. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { EXIT_BY_SIGNAL } from './exit-codes.ts';

export function askSecret(question: string): Promise<string> {
  const { stdin } = process;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write(question);
  const lines = createInterface({ input: stdin, output: silent, terminal: stdin.isTTY === true });
  return new Promise((resolve) => {
    lines.once('SIGINT', () => process.exit(EXIT_BY_SIGNAL));
    let answer = '';
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.once('close', () => {
      process.stderr.write('\n');
      resolve(answer);
    });
  });
}
