/** Hands the tasks of `synod sim` to as many processors as it may use. */
import { Worker } from 'node:worker_threads';
import type { Interruption } from './sim.ts';
import type { SimPlan, SimWords } from './sim-options.ts';
import { carryOut, type SimAnswer, type SimTask } from './sim-tasks.ts';

const WORKER_FILE = new URL('./sim-worker.ts', import.meta.url);

/** Takes task after task, in their order, and tells each answer when it is there. Somebody who interrupts ends it early. */
export async function carryOutAll(
  tasks: Iterator<SimTask>,
  plan: SimPlan,
  words: SimWords,
  interruption: Interruption,
  heard: (answer: SimAnswer) => void,
): Promise<void> {
  if (plan.jobs === 1) {
    await drain(tasks, (task) => carryOut(task, plan, () => interruption.by !== undefined), heard);
    return;
  }
  const workers = Array.from({ length: plan.jobs }, () => new Worker(WORKER_FILE, { workerData: words }));
  try {
    const through = workers.map((worker) => drain(tasks, (task) => ask(worker, task), heard));
    await Promise.race([Promise.all(through), interruption.asked]);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function drain(
  tasks: Iterator<SimTask>,
  carry: (task: SimTask) => Promise<SimAnswer>,
  heard: (answer: SimAnswer) => void,
): Promise<void> {
  for (let next = tasks.next(); next.done !== true; next = tasks.next()) heard(await carry(next.value));
}

function ask(worker: Worker, task: SimTask): Promise<SimAnswer> {
  return new Promise((resolve, reject) => {
    const answered = (answer: SimAnswer): void => {
      worker.off('error', reject);
      resolve(answer);
    };
    worker.once('message', answered);
    worker.once('error', reject);
    worker.postMessage(task);
  });
}
