/** `synod get`. */

import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments } from '../command-failure.ts';
import { EXIT_DONE } from '../exit-codes.ts';
import { GET_FLAGS, rangeRequestOf } from '../get-request.ts';

export const get = clientCommand({
  usage: '[options] <key> [range_end]',
  description: 'With range_end, all keys from the first up to the second, which is not among them.',
  flags: GET_FLAGS,
  examples: [
    'synod get greeting',
    'synod get --prefix config/                      every key that begins so',
    'synod get --prefix config/ --keys-only --limit 10',
    'synod get greeting --rev 7                      as it was then',
    'synod get greeting --print-value-only > file',
    'synod get greeting -w json',
  ],
  async run({ words, flags, globals, client, print }) {
    const request = rangeRequestOf(words, flags);
    if (flags['print-value-only'] && globals['write-out'] !== 'simple')
      throw badArguments('print-value-only is only for `--write-out=simple`');
    const response = await client.call(RPC.range, request);
    await print('range', {
      response,
      form: flags['print-value-only'] ? 'values' : flags['count-only'] ? 'count' : 'whole',
    });
    return EXIT_DONE;
  },
});
