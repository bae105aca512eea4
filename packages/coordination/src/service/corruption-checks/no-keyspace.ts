/**
 * What a member that has no keyspace answers to whoever compares: that there is nothing to compare. Silence would hold the
 * check up until its time is over. Other questions wait for a member that can answer.
 */
import { MalformedBytes, type MemberId } from '@synod/consensus';
import { METHOD, PeerCalls } from '../peer-calls.ts';
import { encodeKeyspaceAnswer } from './keyspace-question.ts';

/** @returns what to do with bytes of the call lane */
export function withoutKeyspace(
  send: (to: MemberId, bytes: Uint8Array) => void,
): (from: MemberId, bytes: Uint8Array) => void {
  const calls = new PeerCalls({ incarnation: 0, timeoutTicks: 1, send });
  calls.serve(METHOD.keyspaceHash, (_question, answer) =>
    answer(encodeKeyspaceAnswer({ kind: 'none', why: 'busy' })),
  );
  return (from, bytes) => {
    try {
      calls.receive(from, bytes);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
    }
  };
}
