/** Asks one member's peer address what cluster it is of. */
import { connect, type Socket } from 'node:net';
import { MalformedBytes } from '@synod/consensus';
import { placeOf, type SocketAddress } from '../sockets/socket-address.ts';
import type { SecureDialer } from '../tls/secure-dialer.ts';
import { CLUSTER_QUESTION, type ClusterFacts, decodeClusterFacts } from './cluster-question.ts';

/** Rejects, with words for a human, when there is no answer in time, or none that can be read. */
export function askCluster(
  address: SocketAddress,
  options: { readonly dialer: SecureDialer | undefined; readonly timeoutMs: number },
): Promise<ClusterFacts> {
  return new Promise((resolve, reject) => {
    const secure = address.isSecure === true;
    const socket: Socket = secure ? options.dialer!.dial(address) : connect(placeOf(address));
    const timer = setTimeout(() => fail(new Error('no answer in time')), options.timeoutMs);
    let received = Buffer.alloc(0);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    socket.on(secure ? 'secureConnect' : 'connect', () => socket.write(CLUSTER_QUESTION));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the connection was closed without an answer')));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      try {
        const facts = decodeClusterFacts(received);
        if (facts === undefined) return;
        clearTimeout(timer);
        resolve(facts);
        socket.destroy();
      } catch (error) {
        if (!(error instanceof MalformedBytes)) throw error;
        fail(error);
      }
    });
  });
}
