/** Every file in transcripts/ is a test: what it says must be what happens. SYNOD_REWRITE=1 writes what happens into it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTranscript } from './transcript.ts';

const directory = join(import.meta.dirname, 'transcripts');

for (const file of readdirSync(directory).sort()) {
  const path = join(directory, file);
  const text = readFileSync(path, 'utf8');
  const title = text.split('\n', 1)[0]!.replace(/^# /, '');
  test(title, () => {
    const now = runTranscript(text);
    if (process.env['SYNOD_REWRITE'] === '1') writeFileSync(path, now);
    else assert.equal(text, now, `${file} (SYNOD_REWRITE=1 accepts the difference)`);
  });
}
