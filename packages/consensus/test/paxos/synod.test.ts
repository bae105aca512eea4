/** The single-decree Synod: by transcripts, and random orders of a small world. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { SynodAcceptor, SynodLearner, type SynodPromise, SynodProposer } from '../../src/paxos/synod.ts';
import { testTranscripts } from '../harness/transcript-file.ts';
import { synodInterpreter } from './synod-transcript.ts';

testTranscripts(join(import.meta.dirname, 'synod'), synodInterpreter);

test('P1 P7 whatever is lost, repeated or late, three proposers and five acceptors choose at most one value', () => {
  let chosen = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2), fc.nat(4), fc.nat(39)), { minLength: 40, maxLength: 160, size: 'max' }),
      (acts) => {
        const acceptors = Array.from({ length: 5 }, () => new SynodAcceptor());
        const learner = new SynodLearner(5);
        const proposers = [0, 1, 2].map(
          (proposer) => new SynodProposer({ proposer, acceptorCount: 5, wish: `wish ${proposer}` }),
        );
        const prepares = proposers.map((proposer) => [proposer.prepare()]);
        const accepts = proposers.map(() => [] as NonNullable<ReturnType<SynodProposer['receivePromise']>>[]);
        const promises = proposers.map(() => [] as (readonly [number, SynodPromise])[]);
        for (const [who, whom, what] of acts) {
          if (what === 0) prepares[who]!.push(proposers[who]!.prepare());
          else if (what < 13) {
            // Any message ever sent may come now, or again.
            const promise = acceptors[whom]!.receivePrepare(
              prepares[who]!.at(-1 - (what % 2)) ?? prepares[who]![0]!,
            );
            if (promise !== undefined) promises[who]!.push([whom, promise]);
          } else if (what < 26) {
            const promise = promises[who]!.at(-1 - whom);
            const accept = promise && proposers[who]!.receivePromise(...promise);
            if (accept !== undefined) accepts[who]!.push(accept);
          } else {
            const accept = accepts[who]!.at(-1 - (whom % 2)) ?? accepts[who]![0];
            const accepted = accept && acceptors[whom]!.receiveAccept(accept);
            if (accepted !== undefined) learner.receiveAccepted(whom, accepted);
          }
        }
        if (learner.chosen !== undefined) chosen++;
      },
    ),
    { seed: 1, numRuns: 2000 },
  );
  assert.ok(chosen > 100, `something was chosen: ${chosen}`);
});
