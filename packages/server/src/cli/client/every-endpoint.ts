/** Commands that ask each member by itself: those of --endpoints, or with --cluster all that the members know. */
import { CallFailure } from '../../client/call-failure.ts';
import type { Endpoint } from '../../client/endpoint.ts';
import type { EtcdClient } from '../../client/etcd-client.ts';
import { RPC } from '../../client/rpc.ts';
import { callFailureText } from './call-failure-text.ts';
import { endpointsOf } from './client-options.ts';
import { booleanFlag } from './flags.ts';

export const CLUSTER_FLAG = {
  cluster: booleanFlag('every member of the cluster, not only those of --endpoints'),
};

/** @throws CallFailure */
export async function endpointsToAsk(client: EtcdClient, isCluster: boolean): Promise<readonly Endpoint[]> {
  if (!isCluster) return client.options.endpoints;
  const { members } = await client.call(RPC.memberList);
  return members.flatMap(({ clientURLs }) => clientURLs.flatMap(endpointsOf));
}

export type Asked<Answer> =
  | { readonly kind: 'answer'; readonly endpoint: Endpoint; readonly answer: Answer }
  | { readonly kind: 'failure'; readonly endpoint: Endpoint; readonly text: string };

/** All at once, the answers in the order of the endpoints. */
export async function askEach<Answer>(
  client: EtcdClient,
  endpoints: readonly Endpoint[],
  ask: (only: EtcdClient, endpoint: Endpoint) => Promise<Answer>,
): Promise<readonly Asked<Answer>[]> {
  return await Promise.all(endpoints.map((endpoint) => askOne(client, endpoint, ask)));
}

export async function askOne<Answer>(
  client: EtcdClient,
  endpoint: Endpoint,
  ask: (only: EtcdClient, endpoint: Endpoint) => Promise<Answer>,
): Promise<Asked<Answer>> {
  const only = client.only(endpoint);
  try {
    return { kind: 'answer', endpoint, answer: await ask(only, endpoint) };
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    return { kind: 'failure', endpoint, text: callFailureText(error) };
  } finally {
    only.close();
  }
}
