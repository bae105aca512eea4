/** `synod put`. */
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { EXIT_DONE } from '../exit-codes.ts';
import { PUT_FLAGS, putRequestOf } from '../put-request.ts';

export const put = clientCommand({
  usage: '[options] <key> <value>',
  description: `Without a value, what comes on standard input is the value, to its last byte.
A value that begins with - goes behind --.`,
  flags: PUT_FLAGS,
  examples: [
    'synod put greeting hello',
    'synod put greeting < file',
    'synod put temperature -- -5',
    'synod put --lease 694d7a2c9f0a1b2c presence/me here',
    'synod put --prev-kv greeting again',
  ],
  async run({ words, flags, client, terminal, print }) {
    const request = await putRequestOf(words, flags, terminal.stdin);
    await print('put', await client.call(RPC.put, request));
    return EXIT_DONE;
  },
});
