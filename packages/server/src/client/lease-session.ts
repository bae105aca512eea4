/** A lease that lives as long as whoever holds it: kept alive behind the scenes, given back at the end. */
import type { LeaseId } from '@synod/coordination/machine/values.ts';
import { CallFailure } from './call-failure.ts';
import type { EtcdClient } from './etcd-client.ts';
import { leaseRenewals } from './lease-renewal.ts';
import { RPC } from './rpc.ts';

export class LeaseSession {
  readonly client: EtcdClient;
  readonly lease: LeaseId;
  /** Resolves when the lease is lost: what hangs on it is gone, or will be. Never after `close`. */
  readonly lost: Promise<string>;
  private readonly stop = new AbortController();

  private constructor(client: EtcdClient, lease: LeaseId) {
    this.client = client;
    this.lease = lease;
    this.lost = new Promise((resolve) => {
      this.renew().then((why) => {
        if (!this.stop.signal.aborted) resolve(why);
      });
    });
  }

  /** @throws CallFailure */
  static async open(client: EtcdClient, ttlSeconds: number): Promise<LeaseSession> {
    const { ID } = await client.call(RPC.leaseGrant, { TTL: ttlSeconds });
    return new LeaseSession(client, ID);
  }

  /** All keys of the lease go with it. */
  async close(): Promise<void> {
    this.stop.abort();
    try {
      await this.client.call(RPC.leaseRevoke, { ID: this.lease });
    } catch (error) {
      // Not found: it is gone already. Not reached: it ends by itself when its time is over.
      if (!(error instanceof CallFailure)) throw error;
    }
  }

  private async renew(): Promise<string> {
    try {
      for await (const _answer of leaseRenewals(this.client, this.lease, this.stop.signal));
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      return error.message;
    }
    return 'the lease is over';
  }
}
