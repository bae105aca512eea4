/** `npm run check`: types, lint, format and the tidy tests. Never writes; `npm run fix` does. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

const STEPS: readonly (readonly [title: string, command: string, ...args: string[]])[] = [
  ['types: consensus', bin('tsc'), '-p', 'packages/consensus'],
  ['types: consensus tests', bin('tsc'), '-p', 'packages/consensus/test'],
  ['types: coordination', bin('tsc'), '-p', 'packages/coordination'],
  ['types: coordination tests', bin('tsc'), '-p', 'packages/coordination/test'],
  ['types: simulator', bin('tsc'), '-p', 'packages/simulator'],
  ['types: simulator tests', bin('tsc'), '-p', 'packages/simulator/test'],
  ['types: server', bin('tsc'), '-p', 'packages/server'],
  ['types: scripts', bin('tsc'), '-p', 'scripts'],
  ['lint and format', bin('biome'), 'check', '--error-on-warnings', '.'],
  ['tidy', process.execPath, '--test', '--test-reporter=dot', 'scripts/tidy.test.ts'],
];

let failed = 0;
for (const [title, command, ...args] of STEPS) {
  const started = performance.now();
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const ok = result.status === 0;
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${title} (${seconds} s)\n`);
  if (!ok) {
    failed++;
    process.stdout.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}\n`);
  }
}
process.exit(failed === 0 ? 0 : 1);
