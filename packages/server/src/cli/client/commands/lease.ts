/** `synod lease grant|revoke|timetolive|list|keep-alive`. */
import { type LeaseId, NO_LEASE } from '@synod/coordination/machine/values.ts';
import { CallFailure } from '../../../client/call-failure.ts';
import { leaseRenewals } from '../../../client/lease-renewal.ts';
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments, CommandFailure } from '../command-failure.ts';
import { EXIT_BAD_CONNECTION, EXIT_BY_SIGNAL, EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts';
import { booleanFlag } from '../flags.ts';
import { leaseIdOf } from '../put-request.ts';

export const leaseGrant = clientCommand({
  usage: '<ttl in seconds>',
  description: 'Keys that are put with --lease end with the lease.',
  flags: {},
  examples: ['synod lease grant 60', 'synod lease grant 60 -w json'],
  async run({ words, client, print }) {
    const [text] = words;
    if (text === undefined || words.length > 1) throw badArguments('lease grant command needs TTL argument');
    const ttl = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(ttl))
      throw badArguments(`bad TTL ${JSON.stringify(text)}: it is a whole number of seconds`);
    await print('leaseGrant', await client.call(RPC.leaseGrant, { TTL: ttl }));
    return EXIT_DONE;
  },
});

export const leaseRevoke = clientCommand({
  usage: '<lease>',
  description: 'Its keys are deleted.',
  flags: {},
  examples: ['synod lease revoke 694d7a2c9f0a1b2c'],
  async run({ words, client, print }) {
    const lease = onlyLease(words, 'lease revoke command needs 1 argument');
    try {
      const response = await client.call(RPC.leaseRevoke, { ID: lease });
      await print('leaseRevoke', { lease, response });
    } catch (error) {
      if (!(error instanceof CallFailure) || error.kind !== 'call') throw error;
      throw new CommandFailure(EXIT_FAILED, `failed to revoke lease (${error.message})`);
    }
    return EXIT_DONE;
  },
});

export const leaseTimeToLive = clientCommand({
  usage: '<lease> [options]',
  description: '',
  flags: { keys: booleanFlag('and the keys that hang on it') },
  examples: ['synod lease timetolive 694d7a2c9f0a1b2c --keys'],
  async run({ words, flags, client, print }) {
    const lease = onlyLease(words, 'lease timetolive command needs lease ID as argument');
    const response = await client.call(RPC.leaseTimeToLive, { ID: lease, keys: flags.keys });
    await print('leaseTimeToLive', { response, withKeys: flags.keys });
    return EXIT_DONE;
  },
});

export const leaseList = clientCommand({
  usage: '',
  description: '',
  flags: {},
  examples: ['synod lease list', 'synod lease list -w json'],
  async run({ client, print }) {
    await print('leases', await client.call(RPC.leaseLeases));
    return EXIT_DONE;
  },
});

export const leaseKeepAlive = clientCommand({
  usage: '[options] <lease>',
  description: 'Goes on until the lease is over or this command is stopped.',
  flags: { once: booleanFlag('renew it once and end') },
  examples: ['synod lease keep-alive 694d7a2c9f0a1b2c', 'synod lease keep-alive --once 694d7a2c9f0a1b2c'],
  async run({ words, flags, client, terminal, print, say }) {
    const lease = onlyLease(words, 'lease keep-alive command needs lease ID as argument');
    for await (const answer of leaseRenewals(client, lease, terminal.interrupted)) {
      await print('leaseKeepAlive', answer);
      if (flags.once) return EXIT_DONE;
    }
    if (flags.once) throw new CommandFailure(EXIT_BAD_CONNECTION, 'etcdserver: requested lease not found');
    if (terminal.interrupted.aborted) return EXIT_BY_SIGNAL;
    say(`lease ${lease} expired or revoked.\n`);
    return EXIT_DONE;
  },
});

function onlyLease(words: readonly string[], otherwise: string): LeaseId {
  const [text] = words;
  if (text === undefined || words.length > 1) throw badArguments(otherwise);
  const lease = leaseIdOf(text);
  if (lease === undefined || lease === NO_LEASE)
    throw badArguments(
      `bad lease ID arg ${JSON.stringify(text)}, expecting ID in Hex, as lease grant prints it`,
    );
  return lease;
}
