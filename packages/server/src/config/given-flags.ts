/**
 * What the user gave, as text by flag: from the command line as Go's flag package reads it, from `ETCD_*`, or from a
 * file. It knows names, not meanings.
 */
import { parse } from 'yaml';
import { closestWord } from './closest-word.ts';
import { refuse, refuseUsage } from './config-problem.ts';
import { FLAGS, type Flag, type FlagName, flagNamed, isBoolean } from './flags.ts';

/** One value, and where it came from, in the words of a message. */
export interface GivenValue {
  readonly text: string;
  readonly origin: string;
}

export type GivenFlags = ReadonlyMap<FlagName, GivenValue>;

/** `--name value`, `--name=value`, and the same with one dash. A boolean without `=` means true. The last one wins. */
export function flagsOfArguments(given: readonly string[]): GivenFlags {
  const values = new Map<FlagName, GivenValue>();
  for (let at = 0; at < given.length; at++) {
    const argument = given[at]!;
    const match = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(argument);
    if (match === null) refuse(`'${argument}' is not a valid flag. See 'synod start --help'.`);
    const name = flagNamed(match[1]!);
    if (name === undefined) refuseUnknown(match[1]!);
    let text = match[2];
    if (text === undefined && isBoolean(name)) text = 'true';
    if (text === undefined) {
      at++;
      if (at === given.length) refuseUsage(`flag needs an argument: --${match[1]}`);
      text = given[at]!;
    }
    values.set(name, { text, origin: `--${match[1]}` });
  }
  return values;
}

const PREFIX = 'ETCD_';

/** `ETCD_DATA_DIR` is `--data-dir`. Names that are no flag's are told to `warn`, as etcd does. */
export function flagsOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): GivenFlags {
  const values = new Map<FlagName, GivenValue>();
  for (const [variable, text] of Object.entries(environment).sort()) {
    if (!variable.startsWith(PREFIX) || text === undefined || text === '') continue;
    const name = flagNamed(variable.slice(PREFIX.length).toLowerCase().replaceAll('_', '-'));
    if (name === undefined) warn(`unrecognized environment variable ${variable}=${text}`);
    else values.set(name, { text, origin: variable });
  }
  return values;
}

/** @param text YAML (or JSON) with flags as keys */
export function flagsOfFile(text: string, path: string): GivenFlags {
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    refuse(`${path} is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  const values = new Map<FlagName, GivenValue>();
  if (content === null || content === undefined) return values;
  if (typeof content !== 'object' || Array.isArray(content))
    refuse(`${path} must hold flags and their values, such as "name: m1"`);
  for (const [key, value] of Object.entries(content)) {
    if (value === null || value === '') continue;
    const group = groupFlags(key);
    if (group !== undefined) {
      for (const [name, given] of flagsOfGroup(group, value, path, key)) values.set(name, given);
      continue;
    }
    const name = flagNamed(key);
    if (name === undefined) refuse(`${path}: unknown key "${key}"${suggestion(key)}`);
    if (name === 'config-file') refuse(`${path}: a configuration file cannot name another one`);
    values.set(name, { text: textOf(name, value, path), origin: `${name} in ${path}` });
  }
  return values;
}

/** In its file etcd has the flags of TLS in two groups, under names without their prefixes. */
const SECURITY_GROUPS: Readonly<Record<string, Readonly<Record<string, FlagName>>>> = {
  'client-transport-security': {
    'cert-file': 'cert-file',
    'key-file': 'key-file',
    'client-cert-auth': 'client-cert-auth',
    'trusted-ca-file': 'trusted-ca-file',
    'client-crl-file': 'client-crl-file',
    'client-cert-allowed-hostname': 'client-cert-allowed-hostname',
    'auto-tls': 'auto-tls',
  },
  'peer-transport-security': {
    'cert-file': 'peer-cert-file',
    'key-file': 'peer-key-file',
    'client-cert-auth': 'peer-client-cert-auth',
    'client-cert-file': 'peer-client-cert-file',
    'client-key-file': 'peer-client-key-file',
    'trusted-ca-file': 'peer-trusted-ca-file',
    'crl-file': 'peer-crl-file',
    'allowed-cn': 'peer-cert-allowed-cn',
    'allowed-hostname': 'peer-cert-allowed-hostname',
    'auto-tls': 'peer-auto-tls',
    'skip-client-san-verification': 'peer-skip-client-san-verification',
  },
};

/** And those of a discovery service in a group of groups, by the path to each. */
const DISCOVERY_GROUP = 'discovery-config';
const DISCOVERY_KEYS: Readonly<Record<string, FlagName>> = {
  token: 'discovery-token',
  'client.endpoints': 'discovery-endpoints',
  'client.dial-timeout': 'discovery-dial-timeout',
  'client.request-timeout': 'discovery-request-timeout',
  'client.keepalive-time': 'discovery-keepalive-time',
  'client.keepalive-timeout': 'discovery-keepalive-timeout',
  'client.secure.insecure-transport': 'discovery-insecure-transport',
  'client.secure.insecure-skip-tls-verify': 'discovery-insecure-skip-tls-verify',
  'client.secure.cert': 'discovery-cert',
  'client.secure.key': 'discovery-key',
  'client.secure.cacert': 'discovery-cacert',
  'client.auth.username': 'discovery-user',
  'client.auth.password': 'discovery-password',
};

/** `{client: {auth: {username: u}}}` as `client.auth.username: u`. */
function flattened(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) =>
    flattened(inner, path === '' ? key : `${path}.${key}`),
  );
}

function groupFlags(key: string): Readonly<Record<string, FlagName>> | undefined {
  if (key === DISCOVERY_GROUP) return DISCOVERY_KEYS;
  return Object.hasOwn(SECURITY_GROUPS, key) ? SECURITY_GROUPS[key] : undefined;
}

function flagsOfGroup(
  names: Readonly<Record<string, FlagName>>,
  value: unknown,
  path: string,
  group: string,
): [FlagName, GivenValue][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(`${path}: ${group} must hold flags and their values, such as "${Object.keys(names)[0]}: …"`);
  return flattened(value)
    .filter(([, text]) => text !== null && text !== '')
    .map(([key, text]) => {
      const name = Object.hasOwn(names, key) ? names[key] : undefined;
      if (name === undefined) refuse(`${path}: unknown key "${key}" in ${group}`);
      return [name, { text: textOf(name, text, path), origin: `${key} of ${group} in ${path}` }];
    });
}

function textOf(name: FlagName, value: unknown, path: string): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'object') refuse(`${path}: ${name} must be a single value or a list`);
  const flag: Flag = FLAGS[name];
  // A bare number is nanoseconds, as Go has it.
  if (flag.status === 'works' && flag.kind === 'duration' && typeof value === 'number') return `${value}ns`;
  return String(value);
}

function refuseUnknown(name: string): never {
  refuseUsage(`unknown flag --${name}${suggestion(name, '--')} See 'synod start --help'.`);
}

function suggestion(name: string, dashes = ''): string {
  const close = closestWord(name, Object.keys(FLAGS));
  return close === undefined ? '.' : `. Did you mean ${dashes}${close}?`;
}
