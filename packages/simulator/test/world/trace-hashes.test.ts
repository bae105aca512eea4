/**
 * A seed gives the same trace on every run, whatever the engine does to hash tables, to code and to memory; and, because
 * the hashes are pinned, on every version of Node that runs this.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PINNED_FILE } from './trace-hashes.ts';

const SCRIPT = fileURLToPath(new URL('./trace-hashes.ts', import.meta.url));

const PERTURBATIONS: readonly (readonly string[])[] = [
  [],
  ['--hash-seed=1', '--random-seed=1'],
  ['--hash-seed=987654321', '--max-semi-space-size=1', '--no-opt'],
];

for (const flags of PERTURBATIONS)
  test(`S1 a seed gives the pinned trace hash with ${flags.join(' ') || 'no flags'}`, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, SCRIPT]);
    assert.equal(
      stdout,
      readFileSync(PINNED_FILE, 'utf8'),
      'if worlds are meant to differ now: node packages/simulator/test/world/trace-hashes.ts --write',
    );
  });
