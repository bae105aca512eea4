/** Debian's python3-etcd3, by a script of its own: what an application in Python does, a step a test. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sharedCluster } from './shared-cluster.ts';

/** The one that Debian's packages are for, whatever else is called python3 here. */
const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('./python/exercise.py', import.meta.url));
const STEP_TIMEOUT_MS = 60_000;

const cluster = sharedCluster();

for (const step of ['keys', 'transactions', 'watches', 'leases', 'locks', 'members', 'maintenance'])
  test(`python3-etcd3: ${step}`, async () => {
    const port = String((await cluster().follower()).options.clientPort);
    const stderr = await new Promise<string>((resolve) =>
      execFile(PYTHON, [SCRIPT, port, step], { timeout: STEP_TIMEOUT_MS }, (error, _stdout, text) =>
        resolve(error === null ? '' : `${error.message}\n${text}`),
      ),
    );
    assert.equal(stderr, '');
  });
