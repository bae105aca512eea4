/** `synod endpoint health|status|hashkv`. */
import { CallFailure } from '../../../client/call-failure.ts';
import type { EtcdClient } from '../../../client/etcd-client.ts';
import { ALARM_GET, ALARM_NAMES } from '../../../client/messages/maintenance.ts';
import { RPC } from '../../../client/rpc.ts';
import { STATUS } from '../../../grpc/status.ts';
import { clientCommand, type Terminal } from '../client-command.ts';
import { CommandFailure } from '../command-failure.ts';
import { type Asked, askEach, CLUSTER_FLAG, endpointsToAsk } from '../every-endpoint.ts';
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts';
import { numberFlag } from '../flags.ts';

export const endpointHealth = clientCommand({
  usage: '[options]',
  description: 'A member is healthy when it answers a linearizable read and tells of no alarm.',
  flags: CLUSTER_FLAG,
  examples: ['synod endpoint health --cluster', 'synod endpoint health --cluster -w table'],
  async run({ flags, globals, client, terminal, print }) {
    const endpoints = await endpointsToAsk(client, flags.cluster);
    const began = performance.now();
    const asked = await askEach(client, endpoints, async (only) => ({
      error: await illness(only),
      tookMs: performance.now() - began,
    }));
    const rows = asked.map((one) => {
      const endpoint = one.endpoint.text;
      if (one.kind === 'answer') return { endpoint, ...one.answer };
      return { endpoint, tookMs: performance.now() - began, error: one.text };
    });
    // Who reads lines finds the healthy ones on standard output and the others on standard error, as etcdctl has it.
    const isSimple = globals['write-out'] === 'simple';
    await print('endpointHealth', isSimple ? rows.filter(({ error }) => error === '') : rows);
    for (const { endpoint, error } of rows)
      if (isSimple && error !== '')
        terminal.error(`${endpoint} is unhealthy: failed to commit proposal: ${error}\n`);
    if (rows.some(({ error }) => error !== '')) throw new CommandFailure(EXIT_FAILED, 'unhealthy cluster');
    return EXIT_DONE;
  },
});

const HEALTH_KEY = 'health';

/** '' for none. */
async function illness(client: EtcdClient): Promise<string> {
  try {
    await client.call(RPC.range, { key: HEALTH_KEY });
  } catch (error) {
    // Who may not read was refused by a member that works.
    if (!hasCode(error, STATUS.permissionDenied)) throw error;
  }
  try {
    const { alarms } = await client.call(RPC.alarm, { action: ALARM_GET });
    return alarms.length === 0
      ? ''
      : `Active Alarm(s): ${alarms.map(({ alarm }) => ALARM_NAMES[alarm] ?? alarm).join(' ')}`;
  } catch (error) {
    if (hasCode(error, STATUS.permissionDenied)) return '';
    throw error;
  }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof CallFailure && error.status.code === code;
}

export const endpointStatus = clientCommand({
  usage: '[options]',
  description: `Simple lines are: endpoint, ID, version, size of the store, is leader, is learner, term, index of the log, index
applied, errors.`,
  flags: CLUSTER_FLAG,
  examples: ['synod endpoint status --cluster -w table'],
  async run({ flags, client, terminal, print }) {
    const endpoints = await endpointsToAsk(client, flags.cluster);
    const asked = await askEach(client, endpoints, (only) => only.call(RPC.status));
    await print('endpointStatus', answersOf(asked, 'status', terminal));
    return asked.every(({ kind }) => kind === 'answer') ? EXIT_DONE : EXIT_FAILED;
  },
});

export const endpointHash = clientCommand({
  usage: '[options]',
  description: 'Members that hold the same give the same hash for one revision.',
  flags: { ...CLUSTER_FLAG, rev: numberFlag('up to this revision; 0: all') },
  examples: ['synod endpoint hashkv --cluster', 'synod endpoint hashkv --cluster --rev 100 -w table'],
  async run({ flags, client, terminal, print }) {
    const endpoints = await endpointsToAsk(client, flags.cluster);
    const asked = await askEach(client, endpoints, (only) =>
      only.call(RPC.hashRevision, { revision: flags.rev }),
    );
    await print('endpointHash', answersOf(asked, 'hash', terminal));
    return asked.every(({ kind }) => kind === 'answer') ? EXIT_DONE : EXIT_FAILED;
  },
});

/** The answers; each that failed is told on standard error. */
function answersOf<Answer>(
  asked: readonly Asked<Answer>[],
  what: string,
  terminal: Terminal,
): { readonly endpoint: string; readonly response: Answer }[] {
  return asked.flatMap((one) => {
    const endpoint = one.endpoint.text;
    if (one.kind === 'answer') return [{ endpoint, response: one.answer }];
    terminal.error(`Failed to get the ${what} of endpoint ${endpoint} (${one.text})\n`);
    return [];
  });
}
