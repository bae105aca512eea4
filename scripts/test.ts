/**
 * `npm test`: every test that needs nothing but Node, from fast to slow. Words after `--` choose files by part of
 * their path (`npm test -- raft journal`).
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** A test that hangs ends here, many times what the slowest takes. */
const TEST_TIMEOUT_MS = 120_000;
/** And the whole run here, where a file ends its tests and not itself. */
const RUN_TIMEOUT_MS = 1_200_000;
/** Node leaves one processor free, and most of a cluster's test is waiting for disks and elections. */
const FILES_AT_ONCE = Math.max(2, availableParallelism());
/** Pure packages first, then the server; within the server its cluster tests come last. */
const ORDER = [
  'scripts/*.test.ts',
  'packages/consensus/test/**/*.test.ts',
  'packages/coordination/test/**/*.test.ts',
  'packages/simulator/test/**/*.test.ts',
  'packages/server/test/**/*.test.ts',
];

const wanted = process.argv.slice(2);
const files = ORDER.flatMap((pattern) => globSync(pattern, { cwd: root }).sort()).filter(
  (file) => wanted.length === 0 || wanted.some((word) => file.includes(word)),
);
if (files.length === 0) {
  process.stderr.write(`No test file has ${wanted.join(' or ')} in its path.\n`);
  process.exit(1);
}
const result = spawnSync(
  process.execPath,
  [
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${FILES_AT_ONCE}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...files,
  ],
  { cwd: root, stdio: 'inherit', timeout: RUN_TIMEOUT_MS },
);
if (result.error !== undefined)
  process.stderr.write(`Not over within ${RUN_TIMEOUT_MS / 60_000} minutes, and stopped.\n`);
process.exit(result.status ?? 1);
