/** `synod defrag`. */
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { askOne, CLUSTER_FLAG, endpointsToAsk } from '../every-endpoint.ts';
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts';

export const defrag = clientCommand({
  usage: '[options]',
  description: 'One member after the other gives the space back that compaction has freed.',
  flags: CLUSTER_FLAG,
  examples: ['synod defrag', 'synod defrag --cluster --command-timeout 60s'],
  async run({ flags, client, terminal, say }) {
    let code = EXIT_DONE;
    for (const endpoint of await endpointsToAsk(client, flags.cluster)) {
      const asked = await askOne(client, endpoint, (only) => only.call(RPC.defragment));
      if (asked.kind === 'answer') say(`Finished defragmenting etcd member[${endpoint.text}]\n`);
      else {
        terminal.error(`Failed to defragment etcd member[${endpoint.text}] (${asked.text})\n`);
        code = EXIT_FAILED;
      }
    }
    return code;
  },
});
