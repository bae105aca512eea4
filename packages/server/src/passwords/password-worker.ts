/** Runs in a worker thread: the slow hash that makes stolen password hashes worth little. Knows no user. */
import { parentPort } from 'node:worker_threads';
import { compareSync, hashSync } from 'bcryptjs';
import type { PasswordTask } from './password-hasher.ts';

parentPort?.on('message', (task: PasswordTask) => {
  parentPort?.postMessage(
    task.kind === 'hash' ? hashSync(task.password, task.cost) : compareSync(task.password, task.hash),
  );
});
