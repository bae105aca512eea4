/** `synod del`. */
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { DEL_FLAGS, deleteRequestOf } from '../delete-request.ts';
import { EXIT_DONE } from '../exit-codes.ts';

export const del = clientCommand({
  usage: '[options] <key> [range_end]',
  description: 'Prints how many keys were deleted.',
  flags: DEL_FLAGS,
  examples: [
    'synod del greeting',
    'synod del --prefix config/',
    'synod del a c                  every key from a up to c, which is not among them',
    'synod del --prev-kv greeting   shows what was deleted',
  ],
  async run({ words, flags, client, print }) {
    await print('deleteRange', await client.call(RPC.deleteRange, deleteRequestOf(words, flags)));
    return EXIT_DONE;
  },
});
