/** `synod auth enable|disable|status`. */
import { CallFailure } from '../../../client/call-failure.ts';
import type { EtcdClient } from '../../../client/etcd-client.ts';
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments } from '../command-failure.ts';
import { EXIT_DONE } from '../exit-codes.ts';

const ROOT_WITHOUT_ROLE = 'etcdserver: root user does not have root role';
const ROLE_EXISTS = 'etcdserver: role name already exists';

export const authEnable = clientCommand({
  usage: '',
  description: 'There must be a user named root. It is given the role root if it has not got it.',
  flags: {},
  examples: ['synod user add root', 'synod auth enable'],
  async run({ words, client, say }) {
    if (words.length > 0) throw badArguments('auth enable command does not accept any arguments');
    try {
      await client.call(RPC.authEnable);
    } catch (error) {
      if (!isText(error, ROOT_WITHOUT_ROLE)) throw error;
      await giveRootItsRole(client);
      await client.call(RPC.authEnable);
    }
    say('Authentication Enabled\n');
    return EXIT_DONE;
  },
});

async function giveRootItsRole(client: EtcdClient): Promise<void> {
  try {
    await client.call(RPC.roleAdd, { role: 'root' });
  } catch (error) {
    if (!isText(error, ROLE_EXISTS)) throw error;
  }
  await client.call(RPC.userGrantRole, { user: 'root', role: 'root' });
}

function isText(error: unknown, text: string): boolean {
  return error instanceof CallFailure && error.status.text === text;
}

export const authDisable = clientCommand({
  usage: '',
  description: 'Everybody may do everything from then on.',
  flags: {},
  examples: ['synod --user root auth disable'],
  async run({ words, client, say }) {
    if (words.length > 0) throw badArguments('auth disable command does not accept any arguments');
    await client.call(RPC.authDisable);
    say('Authentication Disabled\n');
    return EXIT_DONE;
  },
});

export const authStatus = clientCommand({
  usage: '',
  description: '',
  flags: {},
  examples: ['synod auth status'],
  async run({ words, client, print }) {
    if (words.length > 0) throw badArguments('auth status command does not accept any arguments');
    await print('authStatus', await client.call(RPC.authStatus));
    return EXIT_DONE;
  },
});
