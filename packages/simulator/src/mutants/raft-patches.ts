/** How planted bugs reach into a Raft core. */
import { RaftCore } from '@synod/consensus';
import type { RaftMessage } from '@synod/consensus/raft/messages.ts';
import { RuleBroken } from '../checkers/rule-broken.ts';
import { patchesOf } from './core-patches.ts';

export const { afterEachStep, insteadOfInput, insteadOfMessage, insteadOfSend, insteadOfStep } = patchesOf<
  RaftCore,
  RaftMessage
>((core) => {
  if (core instanceof RaftCore) return core;
  throw new RuleBroken('mutant', 'this bug can be planted in Raft only');
});
