/** The flags that every client command takes, with etcdctl's names and defaults. Each may be given by ETCDCTL_NAME too. */
import { booleanFlag, durationFlag, type FlagValues, textFlag } from './flags.ts';

export const OUTPUT_FORMATS = ['simple', 'json', 'table', 'fields', 'protobuf'] as const;

export const GLOBAL_FLAGS = {
  endpoints: textFlag('members to ask, separated by commas; the next one when one cannot be reached', {
    default: '127.0.0.1:2379',
  }),
  'discovery-srv': textFlag('domain whose SRV records name the members to ask, instead of --endpoints', {
    short: 'd',
  }),
  'discovery-srv-name': textFlag('tells clusters of one domain apart'),
  'insecure-discovery': booleanFlag('members that DNS names as plaintext ones may be asked', {
    default: true,
  }),
  'write-out': textFlag('output format', { default: 'simple', short: 'w', choices: OUTPUT_FORMATS }),
  hex: booleanFlag('print bytes in hexadecimal'),
  'dial-timeout': durationFlag('how long to wait for a connection', { default: 2_000 }),
  'command-timeout': durationFlag('how long a command may take that does not wait by its nature', {
    default: 5_000,
  }),
  'keepalive-time': durationFlag('how often a quiet connection is pinged; 10s at the fastest', {
    default: 2_000,
  }),
  'keepalive-timeout': durationFlag('a ping unanswered for so long ends the connection', { default: 6_000 }),
  user: textFlag('NAME or NAME:PASSWORD; a password that is not given is asked for'),
  password: textFlag('the password of --user'),
  'insecure-transport': booleanFlag('no TLS unless an endpoint or a TLS flag says so', { default: true }),
  'insecure-skip-tls-verify': booleanFlag('accept any server certificate: for tests alone'),
  cacert: textFlag('authorities to trust, a PEM file'),
  cert: textFlag('this client’s certificate, a PEM file'),
  key: textFlag('this client’s key, a PEM file'),
  debug: booleanFlag('accepted as etcdctl does; there is nothing more to tell'),
};

export type GlobalValues = FlagValues<typeof GLOBAL_FLAGS>;
