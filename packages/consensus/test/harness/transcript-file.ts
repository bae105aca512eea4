/**
 * Transcripts: lines that start with `>` are commands, the indented lines below each are what came of it, and the rest is
 * for the reader. A folder of them is a test each: what a file says must be what happens. Knows no command.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

/** Carries out one command; the lines that came of it. */
export type Interpreter = (words: readonly string[]) => readonly string[];

/** The transcript as it should read now. */
export function runTranscript(text: string, interpret: Interpreter): string {
  const written: string[] = [];
  let inOutput = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('>')) {
      const words = line.slice(1).trim().split(/\s+/);
      written.push(line, ...interpret(words).map((output) => `  ${output}`));
      inOutput = true;
      continue;
    }
    // What stands under a command is output, and is written anew; a blank line ends it.
    if (line === '') inOutput = false;
    if (!inOutput) written.push(line);
  }
  return written.join('\n');
}

/** A test for every file of a folder, named after its first line. SYNOD_REWRITE=1 writes what happens into the files. */
export function testTranscripts(directory: string, newInterpreter: () => Interpreter): void {
  for (const file of readdirSync(directory).sort()) {
    const path = join(directory, file);
    const text = readFileSync(path, 'utf8');
    const title = text.split('\n', 1)[0]!.replace(/^# /, '');
    test(title, () => {
      const now = runTranscript(text, newInterpreter());
      if (process.env['SYNOD_REWRITE'] === '1') writeFileSync(path, now);
      else assert.equal(text, now, `${file} (SYNOD_REWRITE=1 accepts the difference)`);
    });
  }
}
