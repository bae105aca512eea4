/** `synod role add|get|list|delete|grant-permission|revoke-permission`. */
import { PERMISSION_NAMES } from '../../../client/messages/auth.ts';
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments } from '../command-failure.ts';
import { EXIT_DONE } from '../exit-codes.ts';
import { booleanFlag } from '../flags.ts';
import { bytesOf, rangeOf, TO_THE_END } from '../key-range.ts';

export const roleAdd = clientCommand({
  usage: '<role>',
  description: '',
  flags: {},
  examples: ['synod role add reader'],
  async run({ words, client, print }) {
    const role = onlyRole('add', words);
    const response = await client.call(RPC.roleAdd, { role });
    await print('done', { text: `Role ${role} created`, response });
    return EXIT_DONE;
  },
});

export const roleGet = clientCommand({
  usage: '<role>',
  description: 'What it may read and write.',
  flags: {},
  examples: ['synod role get reader'],
  async run({ words, client, print }) {
    const role = onlyRole('get', words);
    await print('roleGet', { role, response: await client.call(RPC.roleGet, { role }) });
    return EXIT_DONE;
  },
});

export const roleList = clientCommand({
  usage: '',
  description: '',
  flags: {},
  examples: ['synod role list'],
  async run({ words, client, print }) {
    if (words.length > 0) throw badArguments('role list command requires no arguments');
    await print('roleList', await client.call(RPC.roleList));
    return EXIT_DONE;
  },
});

export const roleDelete = clientCommand({
  usage: '<role>',
  description: '',
  flags: {},
  examples: ['synod role delete reader'],
  async run({ words, client, print }) {
    const role = onlyRole('delete', words);
    const response = await client.call(RPC.roleDelete, { role });
    await print('done', { text: `Role ${role} deleted`, response });
    return EXIT_DONE;
  },
});

const RANGE_FLAGS = {
  prefix: booleanFlag('every key that begins with the key'),
  'from-key': booleanFlag('every key from the key on'),
};

export const roleGrantPermission = clientCommand({
  usage: '[options] <role> read|write|readwrite <key> [endkey]',
  description: '',
  flags: RANGE_FLAGS,
  examples: [
    'synod role grant-permission reader read --prefix config/',
    'synod role grant-permission writer readwrite a c',
  ],
  async run({ words, flags, client, print }) {
    const [role, kind, key, ...ends] = words;
    if (role === undefined || kind === undefined || key === undefined)
      throw badArguments(
        'role grant command requires role name, permission type, and key [endkey] as its argument',
      );
    const permType = PERMISSION_NAMES.indexOf(kind.toUpperCase());
    if (permType < 0) throw badArguments(`invalid permission type: ${kind}. It is read, write or readwrite`);
    const perm = { permType, ...permittedRange(key, ends, flags) };
    const response = await client.call(RPC.roleGrantPermission, { name: role, perm });
    await print('done', { text: `Role ${role} updated`, response });
    return EXIT_DONE;
  },
});

export const roleRevokePermission = clientCommand({
  usage: '[options] <role> <key> [endkey]',
  description: 'The range must be one that was granted, as role get prints it.',
  flags: RANGE_FLAGS,
  examples: ['synod role revoke-permission reader --prefix config/'],
  async run({ words, flags, client, print }) {
    const [role, key, ...ends] = words;
    if (role === undefined || key === undefined)
      throw badArguments(
        'role revoke-permission command requires role name and key [endkey] as its argument',
      );
    const range = permittedRange(key, ends, flags);
    const response = await client.call(RPC.roleRevokePermission, { role, ...range });
    await print('done', { text: revokedText(role, range), response });
    return EXIT_DONE;
  },
});

interface PermittedRange {
  readonly key: string;
  readonly range_end: string;
}

/** @throws CommandFailure */
function permittedRange(
  key: string,
  ends: readonly string[],
  flags: { readonly prefix: boolean; readonly 'from-key': boolean },
): PermittedRange {
  const [end, ...more] = ends;
  if (flags.prefix && flags['from-key'])
    throw badArguments('--from-key and --prefix flags are mutually exclusive');
  if (end !== undefined && flags.prefix) throw badArguments('unexpected endkey argument with --prefix flag');
  if (end !== undefined && flags['from-key'])
    throw badArguments('unexpected endkey argument with --from-key flag');
  if (more.length > 0) throw badArguments('too many arguments: behind the key comes at most its endkey');
  const options = { isPrefix: flags.prefix, isFromKey: flags['from-key'] };
  return rangeOf(bytesOf(key), bytesOf(end ?? ''), options);
}

function revokedText(role: string, range: PermittedRange): string {
  const key = textOf(range.key);
  if (range.range_end === '') return `Permission of key ${key} is revoked from role ${role}`;
  const end = range.range_end === TO_THE_END ? '<open ended>' : `${textOf(range.range_end)})`;
  return `Permission of range [${key}, ${end} is revoked from role ${role}`;
}

function textOf(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

function onlyRole(verb: string, words: readonly string[]): string {
  const [role, ...more] = words;
  if (role === undefined || more.length > 0)
    throw badArguments(`role ${verb} command requires role name as its argument`);
  return role;
}
