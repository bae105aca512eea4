/** `synod user add|get|list|delete|passwd|grant-role|revoke-role`. */
import { RPC } from '../../../client/rpc.ts';
import { clientCommand, type Terminal } from '../client-command.ts';
import { badArguments } from '../command-failure.ts';
import { EXIT_DONE } from '../exit-codes.ts';
import { booleanFlag, textFlag } from '../flags.ts';
import { inputLines } from '../input-lines.ts';

const INTERACTIVE = booleanFlag('ask for the password twice; =false reads one line of standard input', {
  default: true,
});

export const userAdd = clientCommand({
  usage: '<name or name:password> [options]',
  description: '',
  flags: {
    interactive: INTERACTIVE,
    'new-user-password': textFlag('the password; processes of this machine may see it'),
    'no-password': booleanFlag('a user that is known by its certificate alone'),
  },
  examples: ['synod user add alice', 'synod user add alice --interactive=false < password-file'],
  async run({ words, flags, client, terminal, print }) {
    const [given, ...more] = words;
    if (given === undefined || more.length > 0)
      throw badArguments('user add command requires user name as its argument');
    const { name, password } = await nameAndPassword(given, flags, terminal);
    const response = await client.call(RPC.userAdd, {
      name,
      password,
      options: { no_password: flags['no-password'] },
    });
    await print('done', { text: `User ${name} created`, response });
    return EXIT_DONE;
  },
});

interface PasswordFlags {
  readonly interactive: boolean;
  readonly 'new-user-password': string;
  readonly 'no-password': boolean;
}

async function nameAndPassword(
  given: string,
  flags: PasswordFlags,
  terminal: Terminal,
): Promise<{ readonly name: string; readonly password: string }> {
  if (flags['no-password']) return { name: given, password: '' };
  if (flags['new-user-password'] !== '') return { name: given, password: flags['new-user-password'] };
  const colon = given.indexOf(':');
  if (colon < 0) return { name: given, password: await newPassword(given, flags.interactive, terminal) };
  const name = given.slice(0, colon);
  if (name === '') throw badArguments('empty user name is not allowed');
  return { name, password: given.slice(colon + 1) };
}

/** @throws CommandFailure */
async function newPassword(name: string, isInteractive: boolean, terminal: Terminal): Promise<string> {
  const password = isInteractive
    ? await terminal.secret(`Password of ${name}: `)
    : ((await inputLines(terminal.stdin).next()).value ?? '');
  if (password === '') throw badArguments('empty password');
  if (
    isInteractive &&
    (await terminal.secret(`Type password of ${name} again for confirmation: `)) !== password
  )
    throw badArguments('given passwords are different');
  return password;
}

export const userPassword = clientCommand({
  usage: '<name> [options]',
  description: '',
  flags: { interactive: INTERACTIVE },
  examples: ['synod user passwd alice'],
  async run({ words, flags, client, terminal, print }) {
    const name = onlyUser('passwd', words);
    const password = await newPassword(name, flags.interactive, terminal);
    const response = await client.call(RPC.userChangePassword, { name, password });
    await print('done', { text: 'Password updated', response });
    return EXIT_DONE;
  },
});

export const userGet = clientCommand({
  usage: '<name> [options]',
  description: '',
  flags: { detail: booleanFlag('and what each of its roles may') },
  examples: ['synod user get alice --detail'],
  async run({ words, flags, client, print, say }) {
    const user = onlyUser('get', words);
    const response = await client.call(RPC.userGet, { name: user });
    if (!flags.detail) {
      await print('userGet', { user, response });
      return EXIT_DONE;
    }
    say(`User: ${user}\n`);
    for (const role of response.roles) {
      say('\n');
      await print('roleGet', { role, response: await client.call(RPC.roleGet, { role }) });
    }
    return EXIT_DONE;
  },
});

export const userList = clientCommand({
  usage: '',
  description: '',
  flags: {},
  examples: ['synod user list'],
  async run({ words, client, print }) {
    if (words.length > 0) throw badArguments('user list command requires no arguments');
    await print('userList', await client.call(RPC.userList));
    return EXIT_DONE;
  },
});

export const userDelete = clientCommand({
  usage: '<name>',
  description: '',
  flags: {},
  examples: ['synod user delete alice'],
  async run({ words, client, print }) {
    const name = onlyUser('delete', words);
    const response = await client.call(RPC.userDelete, { name });
    await print('done', { text: `User ${name} deleted`, response });
    return EXIT_DONE;
  },
});

export const userGrantRole = clientCommand({
  usage: '<user> <role>',
  description: '',
  flags: {},
  examples: ['synod user grant-role alice reader'],
  async run({ words, client, print }) {
    const [user, role, ...more] = words;
    if (user === undefined || role === undefined || more.length > 0)
      throw badArguments('user grant command requires user name and role name as its argument');
    const response = await client.call(RPC.userGrantRole, { user, role });
    await print('done', { text: `Role ${role} is granted to user ${user}`, response });
    return EXIT_DONE;
  },
});

export const userRevokeRole = clientCommand({
  usage: '<user> <role>',
  description: '',
  flags: {},
  examples: ['synod user revoke-role alice reader'],
  async run({ words, client, print }) {
    const [user, role, ...more] = words;
    if (user === undefined || role === undefined || more.length > 0)
      throw badArguments('user revoke-role requires user name and role name as its argument');
    const response = await client.call(RPC.userRevokeRole, { user, role });
    await print('done', { text: `Role ${role} is revoked from user ${user}`, response });
    return EXIT_DONE;
  },
});

function onlyUser(verb: string, words: readonly string[]): string {
  const [name, ...more] = words;
  if (name === undefined || more.length > 0)
    throw badArguments(`user ${verb} command requires user name as its argument`);
  return name;
}
