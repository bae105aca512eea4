/**
 * `npm run test:interop`: the clients that people already have, against a cluster of real processes. Installs what it
 * needs (Debian's etcdctl, etcd and python3-etcd3, npm's etcd3 outside the workspaces) and fails, rather than skips, if it cannot.
 * Every file is run twice, on Raft and on Multi-Paxos. Words after `--` choose files by part of their name
 * (`npm run test:interop -- watch lease`). `SYNOD_INTEROP_TARGET` names one target instead of the two: `synod`,
 * `synod-paxos`, or `etcd`, the real one, which is how the suite's expectations were checked.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const ETCD3_VERSION = '1.1.2';
/** A test that hangs ends here instead of holding up the run. */
const TEST_TIMEOUT_MS = 300_000;
/** A file that ends its tests and not itself holds up the run beyond that: of all files together, on one target. */
const RUN_TIMEOUT_MS = 1_500_000;
const TARGETS = ['synod', 'synod-paxos'];

const wanted = process.argv.slice(2);
const files = globSync('packages/server/interop/*.test.ts', { cwd: root })
  .sort()
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)));
if (files.length === 0) fail(`No interop test has ${wanted.join(' or ')} in its name.`);

installDebianPackages([
  [isOnPath('etcdctl'), 'etcd-client'],
  [isOnPath('etcd'), 'etcd-server'],
  // Debian's packages of Python are for Debian's Python, which need not be the first on the path.
  [existsSync('/usr/lib/python3/dist-packages/etcd3'), 'python3-etcd3'],
]);
installEtcd3(join(root, 'node_modules', '.cache', 'interop'));

const asked = process.env['SYNOD_INTEROP_TARGET'];
// One protocol after the other, even when the first fails: what the second does is part of the answer.
const statuses = (asked === undefined ? TARGETS : [asked]).map(runAgainst);
process.exit(Math.max(...statuses));

function runAgainst(target: string): number {
  process.stderr.write(`\nTarget: ${target}\n`);
  const result = spawnSync(
    process.execPath,
    [
      '--test',
      '--test-reporter=spec',
      // One cluster at a time: three members and their clients are enough for two cores.
      '--test-concurrency=1',
      `--test-timeout=${TEST_TIMEOUT_MS}`,
      ...files,
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, SYNOD_INTEROP_TARGET: target },
      timeout: RUN_TIMEOUT_MS,
    },
  );
  if (result.error !== undefined)
    process.stderr.write(`Not over within ${RUN_TIMEOUT_MS / 60_000} minutes, and stopped: ${target}\n`);
  return result.status ?? 1;
}

function isOnPath(command: string): boolean {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  return directories.some((directory) => existsSync(join(directory, command)));
}

function installDebianPackages(packages: readonly (readonly [isThere: boolean, name: string])[]): void {
  const missing = packages.filter(([isThere]) => !isThere).map(([, name]) => name);
  if (missing.length === 0) return;
  if (!isOnPath('apt-get'))
    fail(
      `Not installed: ${missing.join(', ')}. Without apt-get, install them yourself: etcdctl and etcd 3.4 or later, and etcd3 for /usr/bin/python3.`,
    );
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive'];
  if (asRoot.length > 0 && !isOnPath('sudo'))
    fail(
      `Not installed: ${missing.join(', ')}. Run this as root, or install them: apt-get install ${missing.join(' ')}`,
    );
  process.stderr.write(`Installing ${missing.join(' and ')} with apt-get …\n`);
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...missing];
  // The lists of a fresh machine may be missing or old: once without, once after an update.
  if (succeeds([...asRoot, ...install])) return;
  succeeds([...asRoot, 'apt-get', 'update']);
  if (!succeeds([...asRoot, ...install], 'show'))
    fail(`apt-get could not install ${missing.join(' and ')}: its own words are above.`);
}

/** Into a directory of its own, so that the workspaces neither name nor lock it. */
function installEtcd3(directory: string): void {
  if (existsSync(join(directory, 'node_modules', 'etcd3', 'package.json'))) return;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  process.stderr.write(`Installing npm's etcd3 ${ETCD3_VERSION} …\n`);
  const install = ['npm', 'install', '--no-fund', '--no-audit', '--loglevel=error', '--ignore-scripts'];
  if (!succeeds([...install, `etcd3@${ETCD3_VERSION}`], 'show', directory))
    fail('npm could not install etcd3: its own words are above.');
}

function succeeds(command: readonly string[], output: 'show' | 'hide' = 'hide', cwd: string = root): boolean {
  const [name, ...args] = command;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return (
    spawnSync(name!, args, {
      cwd,
      env,
      stdio: ['ignore', 'ignore', output === 'show' ? 'inherit' : 'ignore'],
    }).status === 0
  );
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
