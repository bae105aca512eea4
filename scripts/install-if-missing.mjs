// Runs before every npm script, on whatever Node the machine has (20 or later): installs what the lock file names when
// node_modules is missing or older than the lock file. Plain JavaScript, because Node 20 strips no types.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const installed = join(root, 'node_modules', '.package-lock.json');
const lock = join(root, 'package-lock.json');
const pinnedNode = join(root, 'node_modules', 'node', 'bin', 'node');

const isCurrent =
  existsSync(installed) && existsSync(pinnedNode) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;

if (!isCurrent) {
  process.stderr.write('Installing what package-lock.json names (once, about 15 s) …\n');
  const result = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.error || result.status !== 0) {
    const reason = result.error ? result.error.message : `npm ci ended with code ${result.status}`;
    process.stderr.write(
      `The install failed: ${reason}. Mend what npm says above and run the command again.\n`,
    );
    process.exit(1);
  }
}
