/** `synod elect`. */
import { leaders } from '../../../client/leader-observer.ts';
import { LeaseSession } from '../../../client/lease-session.ts';
import { RPC } from '../../../client/rpc.ts';
import { enqueue, untilFirst } from '../../../client/turn.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments, CommandFailure } from '../command-failure.ts';
import { EXIT_BY_SIGNAL, EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts';
import { booleanFlag } from '../flags.ts';
import { bytesOf } from '../key-range.ts';
import { untilStopped } from '../until-stopped.ts';

/** As etcd's sessions have it where nobody says else. */
const SESSION_TTL_SECONDS = 60;

export const elect = clientCommand({
  usage: '[options] <election> [proposal]',
  description: `With a proposal: waits until it leads, and leads until Ctrl-C. With --listen: shows who leads, and every change.`,
  flags: { listen: booleanFlag('show who leads, and do not take part', { short: 'l' }) },
  examples: ['synod elect scheduler "$(hostname)"', 'synod elect --listen scheduler'],
  async run({ words, flags, client, terminal, print }) {
    const [name, proposal, ...more] = words;
    if (name === undefined || more.length > 0)
      throw badArguments('elect takes one election name argument and an optional proposal argument');
    const prefix = `${bytesOf(name)}/`;
    if (flags.listen || proposal === undefined) {
      if (proposal !== undefined) throw badArguments('proposal given but -l is set');
      for await (const { header, record } of leaders(client, prefix, terminal.interrupted))
        await print('range', { response: { header, kvs: [record], more: false, count: 0 }, form: 'whole' });
      return EXIT_BY_SIGNAL;
    }
    const stop = terminal.interrupted;
    const session = await LeaseSession.open(client, SESSION_TTL_SECONDS);
    try {
      const turn = await enqueue(session, prefix, bytesOf(proposal));
      await untilStopped(untilFirst(client, prefix, turn, stop), session, stop);
      if (stop.aborted) throw new CommandFailure(EXIT_FAILED, 'stopped while it waited to lead');
      const response = await client.call(RPC.range, { key: turn.key });
      await print('range', { response, form: 'whole' });
      await untilStopped(undefined, session, stop);
      return EXIT_DONE;
    } finally {
      await session.close();
    }
  },
});
