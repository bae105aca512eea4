/** `synod lock`. */
import { LeaseSession } from '../../../client/lease-session.ts';
import { RPC } from '../../../client/rpc.ts';
import { enqueue, untilFirst } from '../../../client/turn.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments, CommandFailure } from '../command-failure.ts';
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts';
import { numberFlag } from '../flags.ts';
import { bytesOf } from '../key-range.ts';
import { runProgram } from '../run-program.ts';
import { untilStopped } from '../until-stopped.ts';

export const lock = clientCommand({
  usage: '[options] <name> [command arguments…]',
  description: `Waits until nobody else has the lock, and holds it: while the command runs, whose exit code becomes this one's, or,
without a command, until Ctrl-C. The command finds the lock's key and its revision in ETCD_LOCK_KEY and ETCD_LOCK_REV.`,
  flags: {
    ttl: numberFlag('seconds after which others take the lock when this process dies', { default: 10 }),
  },
  examples: [
    'synod lock deploy',
    'synod lock deploy ./deploy.sh',
    'synod lock --ttl 60 backup -- tar -cf data.tar data',
  ],
  async run({ words, flags, client, terminal, print }) {
    const [name, ...program] = words;
    if (name === undefined || name === '')
      throw badArguments('lock takes a lock name argument and an optional command to execute');
    const stop = terminal.interrupted;
    const session = await LeaseSession.open(client, flags.ttl);
    try {
      const prefix = `${bytesOf(name)}/`;
      const turn = await enqueue(session, prefix, '');
      await untilStopped(untilFirst(client, prefix, turn, stop), session, stop);
      if (stop.aborted) throw new CommandFailure(EXIT_FAILED, 'stopped while it waited for the lock');
      const response = await client.call(RPC.range, { key: turn.key });
      if (response.kvs.length === 0) throw new CommandFailure(EXIT_FAILED, 'lock lost on init');
      if (program.length === 0) {
        await print('range', { response, form: 'whole' });
        await untilStopped(undefined, session, stop);
        return EXIT_DONE;
      }
      const variables = {
        ETCD_LOCK_KEY: Buffer.from(turn.key, 'latin1').toString('utf8'),
        ETCD_LOCK_REV: String(turn.revision),
      };
      // Without the lease somebody else may hold the lock: the command must not go on believing that it does.
      const end = new AbortController();
      session.lost.then(() => end.abort());
      const running = runProgram(program, variables, AbortSignal.any([stop, end.signal]));
      return await untilStopped(running, session, undefined);
    } finally {
      await session.close();
    }
  },
});
