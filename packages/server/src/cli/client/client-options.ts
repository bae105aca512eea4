/** What the global flags mean for the client: endpoints, times, a user, files of keys and certificates. */
import { readFileSync } from 'node:fs';
import type { TlsOptions } from '../../client/dial.ts';
import { type Endpoint, parseEndpoint } from '../../client/endpoint.ts';
import type { EtcdClientOptions } from '../../client/etcd-client.ts';
import type { Terminal } from './client-command.ts';
import { badArguments, CommandFailure } from './command-failure.ts';
import { EXIT_BAD_CONNECTION } from './exit-codes.ts';
import type { GlobalValues } from './global-flags.ts';

/** @throws CommandFailure */
export async function clientOptions(globals: GlobalValues, terminal: Terminal): Promise<EtcdClientOptions> {
  return {
    endpoints: endpointsOf(globals.endpoints),
    dialTimeoutMs: globals['dial-timeout'],
    commandTimeoutMs: globals['command-timeout'],
    keepaliveTimeMs: globals['keepalive-time'],
    keepaliveTimeoutMs: globals['keepalive-timeout'],
    user: await userOf(globals, terminal),
    tls: tlsOf(globals),
  };
}

/** @throws CommandFailure */
export function endpointsOf(text: string): readonly Endpoint[] {
  return text.split(',').map((one) => {
    const endpoint = parseEndpoint(one);
    if (endpoint === undefined)
      throw badArguments(
        `--endpoints: ${JSON.stringify(one)} is no endpoint; one is HOST:PORT or http://HOST:PORT`,
      );
    return endpoint;
  });
}

async function userOf(
  { user, password }: GlobalValues,
  terminal: Terminal,
): Promise<EtcdClientOptions['user']> {
  if (user === '') return undefined;
  // With --password the whole of --user is the name, though it have a colon.
  if (password !== '') return { name: user, password };
  const colon = user.indexOf(':');
  if (colon < 0) return { name: user, password: await terminal.secret('Password: ') };
  return { name: user.slice(0, colon), password: user.slice(colon + 1) };
}

function tlsOf(globals: GlobalValues): TlsOptions {
  const { cacert, cert, key } = globals;
  if ((cert === '') !== (key === ''))
    throw new CommandFailure(EXIT_BAD_CONNECTION, '--cert and --key go together: give both, or neither');
  return {
    authorities: fileOf('--cacert', cacert),
    certificate: fileOf('--cert', cert),
    key: fileOf('--key', key),
    isVerified: !globals['insecure-skip-tls-verify'],
    isDefault: cacert !== '' || cert !== '' || !globals['insecure-transport'],
  };
}

function fileOf(flag: string, path: string): Buffer | undefined {
  if (path === '') return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandFailure(EXIT_BAD_CONNECTION, `${flag}: ${(error as Error).message}`);
  }
}
