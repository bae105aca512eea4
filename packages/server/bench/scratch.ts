import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const load = fork(fileURLToPath(new URL('./load-process.ts', import.meta.url)), {
  serialization: 'advanced',
});
const ask = (m: any) =>
  new Promise<any>((r) => {
    load.once('message', r);
    load.send(m);
  });
const pids = process.argv[2]!.split(',').map(Number);
const ports = process.argv[3]!.split(',').map(Number);
console.log(
  (
    await ask({
      kind: 'prepare',
      endpoints: ports.map((port) => ({ host: '127.0.0.1', port })),
      serverProcessIds: pids,
      valueBytes: 256,
    })
  ).kind,
);
for (const operation of (process.argv[4] ?? 'put,range-linearizable,range-serializable').split(','))
  for (const clients of (process.argv[5] ?? '1,100,1000').split(',').map(Number)) {
    const r = await ask({ kind: 'measure', operation, clients, warmUpMs: 1000, durationMs: 4000 });
    if (r.kind !== 'measured') {
      console.log(r);
      break;
    }
    const m = r.measurement;
    console.log(
      operation,
      clients,
      Math.round(m.completed / m.seconds) + '/s',
      'errors',
      m.errors,
      m.errorTexts,
      'serverCPU us/op',
      Math.round((m.serverCpuSeconds * 1e6) / m.completed),
      'loadCPU us/op',
      Math.round((m.loadCpuSeconds * 1e6) / m.completed),
      'rss',
      Math.round(m.serverResidentBytes / 1e6),
    );
  }
load.disconnect();
