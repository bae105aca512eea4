/** Keeps a lease alive: asks at each third of its time, and goes on at another member when its own is lost. */
import { STATUS } from '../grpc/status.ts';
import { CallFailure } from './call-failure.ts';
import type { EtcdClient, EtcdStream } from './etcd-client.ts';
import { LEASE_RENEWALS_PER_TTL, RETRY_DELAY_MS_MIN } from './limits.ts';
import type { LeaseKeepAliveResponse, leaseKeepAliveRequest } from './messages/lease.ts';
import { RPC } from './rpc.ts';

type Request = ReturnType<typeof leaseKeepAliveRequest.empty>;

/** Each answer as it comes; ends when the lease is over, or when stopped. @throws CallFailure */
export async function* leaseRenewals(
  client: EtcdClient,
  lease: Request['ID'],
  stop?: AbortSignal,
): AsyncGenerator<LeaseKeepAliveResponse> {
  const stopped = new Promise<void>((resolve) =>
    stop?.addEventListener('abort', () => resolve(), { once: true }),
  );
  let retryMs = RETRY_DELAY_MS_MIN;
  let stream: RenewalStream | undefined;
  try {
    while (stop?.aborted !== true) {
      stream ??= await RenewalStream.open(client);
      const answer = await Promise.race([stream.ask(lease), stopped]);
      if (answer === undefined) return;
      if (answer instanceof CallFailure) {
        if (answer.status.code !== STATUS.unavailable) throw answer;
        stream = undefined;
        await Promise.race([pause(retryMs, stop), stopped]);
        retryMs *= 2;
        continue;
      }
      retryMs = RETRY_DELAY_MS_MIN;
      // A server tells the end of a lease as a time of nothing.
      if (answer.TTL <= 0) return;
      yield answer;
      await Promise.race([pause((answer.TTL * 1000) / LEASE_RENEWALS_PER_TTL, stop), stopped]);
    }
  } finally {
    stream?.cancel();
  }
}

/** One question at a time. */
class RenewalStream {
  private stream: EtcdStream<Request> | undefined = undefined;
  private failure: CallFailure | undefined = undefined;
  private answered: (answer: LeaseKeepAliveResponse | CallFailure) => void = () => undefined;

  static async open(client: EtcdClient): Promise<RenewalStream> {
    const renewal = new RenewalStream();
    renewal.stream = await client.stream<Request, LeaseKeepAliveResponse>(RPC.leaseKeepAlive, {
      onMessage: (answer) => renewal.answered(answer),
      onEnd: (status) => {
        renewal.failure = new CallFailure('call', status);
        renewal.answered(renewal.failure);
      },
    });
    return renewal;
  }

  ask(lease: Request['ID']): Promise<LeaseKeepAliveResponse | CallFailure> {
    return new Promise((resolve) => {
      this.answered = resolve;
      if (this.failure !== undefined) resolve(this.failure);
      else this.stream?.send({ ID: lease });
    });
  }

  cancel(): void {
    this.stream?.cancel();
  }
}

/** Ends early when stopped, so that nothing is left to keep the process. */
function pause(milliseconds: number, stop: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stop?.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
