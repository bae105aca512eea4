/** What the global flags mean for the client: endpoints, times, a user, files of keys and certificates. */
import { readFileSync } from 'node:fs';
import type { TlsOptions } from '../../client/dial.ts';
import { type Endpoint, parseEndpoint } from '../../client/endpoint.ts';
import type { EtcdClientOptions } from '../../client/etcd-client.ts';
import { type Dns, findServices, urlOf } from '../../dns/dns.ts';
import type { Terminal } from './client-command.ts';
import { badArguments, CommandFailure } from './command-failure.ts';
import { EXIT_BAD_CONNECTION, EXIT_FAILED } from './exit-codes.ts';
import type { GlobalValues } from './global-flags.ts';

/** @throws CommandFailure */
export async function clientOptions(
  globals: GlobalValues,
  terminal: Terminal,
  dns: Dns,
): Promise<EtcdClientOptions> {
  return {
    endpoints: (await discoveredEndpoints(globals, terminal, dns)) ?? endpointsOf(globals.endpoints),
    dialTimeoutMs: globals['dial-timeout'],
    commandTimeoutMs: globals['command-timeout'],
    keepaliveTimeMs: globals['keepalive-time'],
    keepaliveTimeoutMs: globals['keepalive-timeout'],
    user: await userOf(globals, terminal),
    tls: tlsOf(globals),
  };
}

/** Undefined: DNS is not asked, or names nobody who may be asked; then, as with etcdctl, --endpoints counts. */
async function discoveredEndpoints(
  globals: GlobalValues,
  terminal: Terminal,
  dns: Dns,
): Promise<readonly Endpoint[] | undefined> {
  const domain = globals['discovery-srv'];
  if (domain === '') return undefined;
  const { found, failures } = await findServices(dns, 'etcd-client', {
    domain,
    name: globals['discovery-srv-name'],
  });
  if (failures.length === 2)
    throw new CommandFailure(EXIT_FAILED, `dns lookup errors: ${failures.join(' and ')}`);
  const urls = found.map(urlOf).filter((url) => {
    if (url.startsWith('https:') || globals['insecure-discovery']) return true;
    terminal.error(`ignoring discovered insecure endpoint ${JSON.stringify(url)}\n`);
    return false;
  });
  return urls.length === 0 ? undefined : urls.flatMap(endpointsOf);
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
