/** One cluster for all tests of a file: started before the first, removed after the last. */
import { after, before } from 'node:test';
import { Cluster, type ClusterOptions } from './cluster/cluster.ts';

export interface SharedClusterHooks {
  /** Runs once the cluster serves, before the first test. */
  readonly started?: (cluster: Cluster) => void | Promise<void>;
  /** Runs after the last test, before the cluster goes. */
  readonly stopping?: () => void | Promise<void>;
}

export function sharedCluster(options: ClusterOptions = {}, hooks: SharedClusterHooks = {}): () => Cluster {
  let cluster: Cluster | undefined;
  before(async () => {
    cluster = await Cluster.start(options);
    await hooks.started?.(cluster);
  });
  after(async () => {
    await hooks.stopping?.();
    await cluster?.destroy();
  });
  return () => {
    if (cluster === undefined) throw new Error('the cluster did not start');
    return cluster;
  };
}
