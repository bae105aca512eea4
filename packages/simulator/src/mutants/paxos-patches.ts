/** How planted bugs reach into a Multi-Paxos core. */
import { PaxosCore } from '@synod/consensus';
import type { PaxosMessage } from '@synod/consensus/paxos/messages.ts';
import { RuleBroken } from '../checkers/rule-broken.ts';
import { patchesOf } from './core-patches.ts';

export const { afterEachStep, insteadOfInput, insteadOfMessage, insteadOfSend, insteadOfStep } = patchesOf<
  PaxosCore,
  PaxosMessage
>((core) => {
  if (core instanceof PaxosCore) return core;
  throw new RuleBroken('mutant', 'this bug can be planted in Multi-Paxos only');
});
