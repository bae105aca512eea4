/** Who writes while a backup is taken: a few clients that put small values, and how long each put took. */
import type { GrpcClient } from '../../src/grpc/client.ts';
import { tableEncode } from '../../test/protocols/etcd/wire/table-codec.ts';
import { LatencyHistogram } from '../latency-histogram.ts';

const WRITERS = 16;
const WRITTEN_VALUE_BYTES = 256;
const PUT = '/etcdserverpb.KV/Put';

export interface Taken {
  readonly histogram: LatencyHistogram;
  readonly seconds: number;
}

export async function put(client: GrpcClient, key: string, value: Buffer): Promise<void> {
  const { status } = await client.call(
    PUT,
    tableEncode('etcdserverpb.PutRequest', { key: Buffer.from(key), value }),
  );
  if (status.code !== 0) throw new Error(`a put failed: ${status.text}`);
}

/** Clients that put small values, one after the other each, until they are stopped. */
export class Writers {
  private histogram = new LatencyHistogram();
  private sinceMs = performance.now();
  private stopped = false;
  private readonly running: Promise<void>[];

  constructor(clients: readonly GrpcClient[]) {
    const value = Buffer.alloc(WRITTEN_VALUE_BYTES, 'y');
    this.running = Array.from({ length: WRITERS }, (_, at) =>
      this.write(clients[at % clients.length]!, at, value),
    );
  }

  /** What was measured since the last time. */
  take(): Taken {
    const taken = { histogram: this.histogram, seconds: (performance.now() - this.sinceMs) / 1000 };
    this.histogram = new LatencyHistogram();
    this.sinceMs = performance.now();
    return taken;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }

  private async write(client: GrpcClient, writer: number, value: Buffer): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const begunMs = performance.now();
      await put(client, `written/${writer}/${i % 1000}`, value);
      this.histogram.record((performance.now() - begunMs) * 1000);
    }
  }
}
