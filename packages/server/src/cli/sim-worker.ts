/** One more processor of `synod sim --jobs`: a thread that does one task after the other, under the same words. */
import { parentPort, workerData } from 'node:worker_threads';
import { readSimWords, type SimWords } from './sim-options.ts';
import { carryOut, type SimTask } from './sim-tasks.ts';

const plan = readSimWords(workerData as SimWords);

parentPort!.on('message', async (task: SimTask) => {
  parentPort!.postMessage(await carryOut(task, plan, () => false));
});
