/** `synod member list|add|remove|update|promote`. */
import type { MemberAddResponse } from '../../../client/messages/cluster.ts';
import { RPC } from '../../../client/rpc.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments, CommandFailure } from '../command-failure.ts';
import { EXIT_BAD_FEATURE, EXIT_DONE } from '../exit-codes.ts';
import { booleanFlag, textFlag } from '../flags.ts';

export const memberList = clientCommand({
  usage: '[options]',
  description: 'Simple lines are: ID, status, name, peer addresses, client addresses, is learner.',
  flags: {
    consistency: textFlag('l: linearizable; s: as the member that is asked knows it', {
      default: 'l',
      choices: ['l', 's'],
    }),
  },
  examples: ['synod member list', 'synod member list -w table'],
  async run({ flags, client, print }) {
    const { consistency } = flags;
    if (consistency !== 'l' && consistency !== 's')
      throw new CommandFailure(
        EXIT_BAD_FEATURE,
        `unknown consistency flag ${JSON.stringify(consistency)}: it is l or s`,
      );
    await print('memberList', await client.call(RPC.memberList, { linearizable: consistency === 'l' }));
    return EXIT_DONE;
  },
});

const PEER_URLS = textFlag('where the members reach it, separated by commas');

export const memberAdd = clientCommand({
  usage: '<name> [options]',
  description: 'Prints what the new member is to be started with.',
  flags: {
    'peer-urls': PEER_URLS,
    learner: booleanFlag('it receives the log and has no vote until it is promoted'),
  },
  examples: ['synod member add m4 --peer-urls http://10.0.0.4:2380 --learner'],
  async run({ words, flags, globals, client, print, say }) {
    const [name, ...more] = words;
    if (name === undefined) throw badArguments('member name not provided');
    if (more.length > 0) throw badArguments('too many arguments');
    if (flags['peer-urls'] === '') throw badArguments('member peer urls not provided: give --peer-urls');
    const response = await client.call(RPC.memberAdd, {
      peerURLs: flags['peer-urls'].split(','),
      isLearner: flags.learner,
    });
    const { member } = response;
    if (member === undefined) throw badArguments('the server does not say which member it added');
    await print('memberAdd', { response, member });
    if (globals['write-out'] === 'simple') say(startingEnvironment(name, response, member.ID));
    return EXIT_DONE;
  },
});

function startingEnvironment(name: string, { member, members }: MemberAddResponse, id: string): string {
  const cluster = members.flatMap((one) =>
    one.peerURLs.map((url) => `${one.ID === id ? name : one.name}=${url}`),
  );
  return `
ETCD_NAME=${JSON.stringify(name)}
ETCD_INITIAL_CLUSTER=${JSON.stringify(cluster.join(','))}
ETCD_INITIAL_ADVERTISE_PEER_URLS=${JSON.stringify(member?.peerURLs.join(',') ?? '')}
ETCD_INITIAL_CLUSTER_STATE="existing"
`;
}

export const memberRemove = clientCommand({
  usage: '<member>',
  description: 'By its ID, as member list prints it.',
  flags: {},
  examples: ['synod member remove 8e9e05c52164694d'],
  async run({ words, client, print }) {
    const ID = onlyMember(words);
    const response = await client.call(RPC.memberRemove, { ID });
    await print('memberChange', { verb: 'removed from', member: ID, response });
    return EXIT_DONE;
  },
});

export const memberUpdate = clientCommand({
  usage: '<member> [options]',
  description: 'Changes where the others reach a member.',
  flags: { 'peer-urls': PEER_URLS },
  examples: ['synod member update 8e9e05c52164694d --peer-urls http://10.0.0.9:2380'],
  async run({ words, flags, client, print }) {
    const ID = onlyMember(words);
    if (flags['peer-urls'] === '') throw badArguments('member peer urls not provided: give --peer-urls');
    const response = await client.call(RPC.memberUpdate, { ID, peerURLs: flags['peer-urls'].split(',') });
    await print('memberChange', { verb: 'updated in', member: ID, response });
    return EXIT_DONE;
  },
});

export const memberPromote = clientCommand({
  usage: '<member>',
  description: 'A learner that has caught up becomes a voter.',
  flags: {},
  examples: ['synod member promote 8e9e05c52164694d'],
  async run({ words, client, print }) {
    const ID = onlyMember(words);
    const response = await client.call(RPC.memberPromote, { ID });
    await print('memberChange', { verb: 'promoted in', member: ID, response });
    return EXIT_DONE;
  },
});

function onlyMember(words: readonly string[]): string {
  const [text, ...more] = words;
  if (text === undefined || more.length > 0) throw badArguments('member ID is not provided');
  const id = memberIdOf(text);
  if (id === undefined)
    throw badArguments(
      `bad member ID arg ${JSON.stringify(text)}, expecting ID in Hex, as member list prints it`,
    );
  return id;
}

/** 16 hex digits; undefined where the text is no hexadecimal number of 64 bits. */
export function memberIdOf(text: string): string | undefined {
  return /^0*[0-9a-f]{1,16}$/i.test(text) ? text.toLowerCase().padStart(16, '0').slice(-16) : undefined;
}
