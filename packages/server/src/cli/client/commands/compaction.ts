/** `synod compaction`. */
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments, CommandFailure } from '../command-failure.ts';
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts';
import { booleanFlag } from '../flags.ts';

export const compaction = clientCommand({
  usage: '[options] <revision>',
  description: 'Forgets what was before the revision: it cannot be read or watched any more.',
  flags: { physical: booleanFlag('wait until the space is free, as long as it takes') },
  examples: ['synod compaction 1000', 'synod compaction --physical 1000'],
  async run({ words, flags, client, say }) {
    const [text, ...more] = words;
    if (text === undefined || more.length > 0) throw badArguments('compaction command needs 1 argument');
    const revision = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(revision))
      throw new CommandFailure(
        EXIT_FAILED,
        `${JSON.stringify(text)} is no revision, which is a whole number`,
      );
    await client.call(RPC.compact, { revision, physical: flags.physical }, { isPatient: flags.physical });
    say(`compacted revision ${revision}\n`);
    return EXIT_DONE;
  },
});
