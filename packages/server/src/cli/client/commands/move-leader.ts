/** `synod move-leader`. */
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments } from '../command-failure.ts';
import { askOne } from '../every-endpoint.ts';
import { EXIT_DONE } from '../exit-codes.ts';
import { memberIdOf } from './member.ts';

export const moveLeader = clientCommand({
  usage: '<member>',
  description: 'The leader must be among --endpoints, for it alone can hand over.',
  flags: {},
  examples: ['synod --endpoints m1:2379,m2:2379,m3:2379 move-leader 8e9e05c52164694d'],
  async run({ words, client, globals, print }) {
    const [text, ...more] = words;
    if (text === undefined || more.length > 0) throw badArguments('move-leader command needs 1 argument');
    const to = memberIdOf(text);
    if (to === undefined)
      throw badArguments(
        `bad member ID arg ${JSON.stringify(text)}, expecting ID in Hex, as member list prints it`,
      );
    for (const endpoint of client.options.endpoints) {
      const asked = await askOne(client, endpoint, (only) => only.call(RPC.status));
      if (asked.kind === 'failure' || asked.answer.leader !== asked.answer.header?.member_id) continue;
      const leader = client.only(endpoint);
      try {
        const response = await leader.call(RPC.moveLeader, { targetID: to });
        await print('moveLeader', { from: asked.answer.leader, to, response });
        return EXIT_DONE;
      } finally {
        leader.close();
      }
    }
    throw badArguments(`no leader endpoint given at ${globals.endpoints}`);
  },
});
