/** A cluster with its load process: started together, asked to measure, ended together. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../interop/cluster/cluster.ts';
import { type TargetName, targetNamed } from '../interop/cluster/target.ts';
import type { LoadReply, LoadRequest, Measurement } from './load-job.ts';

const loadProcessFile = fileURLToPath(new URL('./load-process.ts', import.meta.url));

export class MeasuredCluster {
  readonly name: TargetName;
  private readonly cluster: Cluster;
  private readonly load: ChildProcess;
  private readonly loadEnded: Promise<LoadReply>;

  private constructor(name: TargetName, cluster: Cluster, load: ChildProcess) {
    this.name = name;
    this.cluster = cluster;
    this.load = load;
    this.loadEnded = once(load, 'exit').then(() => ({ kind: 'failed', reason: 'the load process ended' }));
  }

  /** Started, and with every key written once. */
  static async start(
    name: TargetName,
    options: { valueBytes: number; directory: string },
  ): Promise<MeasuredCluster> {
    const cluster = await Cluster.start({ target: targetNamed(name), parentDirectory: options.directory });
    const load = fork(loadProcessFile, { serialization: 'advanced' });
    const measured = new MeasuredCluster(name, cluster, load);
    try {
      await measured.ask({
        kind: 'prepare',
        endpoints: cluster.members.map((member) => ({ host: '127.0.0.1', port: member.options.clientPort })),
        serverProcessIds: cluster.members.map((member) => member.processId),
        valueBytes: options.valueBytes,
      });
    } catch (error) {
      await measured.end();
      throw error;
    }
    return measured;
  }

  async measure(request: Omit<Extract<LoadRequest, { kind: 'measure' }>, 'kind'>): Promise<Measurement> {
    const reply = await this.ask({ kind: 'measure', ...request });
    if (reply.kind !== 'measured') throw new Error(`the load process answered ${reply.kind}`);
    return reply.measurement;
  }

  /** Also where nothing runs any more. */
  async end(): Promise<void> {
    if (this.load.connected) this.load.disconnect();
    await this.cluster.destroy();
  }

  private async ask(request: LoadRequest): Promise<LoadReply> {
    const answer = new Promise<LoadReply>((resolve) => this.load.once('message', resolve));
    this.load.send(request);
    const reply = await Promise.race([answer, this.loadEnded]);
    if (reply.kind === 'failed') throw new Error(`${this.name}: ${reply.reason}`);
    return reply;
  }
}
