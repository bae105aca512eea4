/**
 * Every flag of etcd, in one table: which mean something here now, and which are known and not yet supported. The latter
 * may be given with their default, so that a command line that spells defaults out goes on to work.
 */

export type FlagKind = 'string' | 'urls' | 'boolean' | 'count' | 'milliseconds' | 'duration' | 'list';

export interface WorkingFlag {
  readonly status: 'works';
  readonly kind: FlagKind;
  readonly default: string;
  readonly help: string;
  /** The only values there are; undefined: any. */
  readonly choices?: readonly string[];
  /** Values that etcd or a later version takes and this one does not yet. */
  readonly laterChoices?: readonly string[];
}

export interface LaterFlag {
  readonly status: 'notYet';
  /** What etcd takes when it is not given: harmless here too. */
  readonly default: string;
}

export type Flag = WorkingFlag | LaterFlag;

const works = (
  kind: FlagKind,
  defaultText: string,
  help: string,
  values: Pick<WorkingFlag, 'choices' | 'laterChoices'> = {},
): WorkingFlag => ({ status: 'works', kind, default: defaultText, help, ...values });
const notYet = (defaultText = ''): LaterFlag => ({ status: 'notYet', default: defaultText });

export const FLAGS = {
  name: works('string', 'default', 'human-readable name of this member'),
  'data-dir': works('string', '', 'directory of this member’s data; when empty, NAME.etcd'),
  'listen-peer-urls': works('urls', 'http://localhost:2380', 'where to listen for other members'),
  'listen-client-urls': works('urls', 'http://localhost:2379', 'where to listen for clients'),
  'initial-advertise-peer-urls': works('urls', 'http://localhost:2380', 'where other members reach this one'),
  'advertise-client-urls': works('urls', 'http://localhost:2379', 'where clients reach this member'),
  'initial-cluster': works(
    'string',
    'default=http://localhost:2380',
    'founding members: name=peer-url, separated by commas',
  ),
  'initial-cluster-state': works('string', 'new', 'whether the cluster is founded now', {
    choices: ['new'],
    laterChoices: ['existing'],
  }),
  'initial-cluster-token': works('string', 'etcd-cluster', 'tells clusters with the same addresses apart'),
  consensus: works('string', 'raft', 'raft or paxos; all members the same', { choices: ['raft', 'paxos'] }),
  'heartbeat-interval': works('milliseconds', '100', 'milliseconds between heartbeats, and of a tick'),
  'election-timeout': works('milliseconds', '1000', 'milliseconds without a leader before an election'),
  'initial-election-tick-advance': works('boolean', 'true', 'let a starting member stand for election soon'),
  'pre-vote': works('boolean', 'true', 'ask before standing for election'),
  'snapshot-count': works('count', '10000', 'entries applied between two trims of the log'),
  'quota-backend-bytes': works(
    'count',
    '0',
    'bytes that the store may hold before writes are refused (0: 2 GiB; negative: no quota)',
  ),
  'auto-compaction-mode': works('string', 'periodic', 'what the leader compacts by itself goes by', {
    choices: ['periodic', 'revision'],
  }),
  'auto-compaction-retention': works(
    'string',
    '0',
    'what it keeps: hours or a duration (periodic), or revisions; 0: it compacts nothing',
  ),
  'max-txn-ops': works('count', '128', 'operations in a transaction'),
  'max-request-bytes': works('count', '1572864', 'bytes of a request'),
  'max-concurrent-streams': works('count', '4294967295', 'open calls of one client connection'),
  'grpc-keepalive-min-time': works('duration', '5s', 'clients that ping more often are sent away'),
  'grpc-keepalive-interval': works('duration', '2h', 'how often an idle client is pinged (0s: never)'),
  'grpc-keepalive-timeout': works(
    'duration',
    '20s',
    'how long to wait for the answer to a ping (0s: no pings)',
  ),
  'watch-progress-notify-interval': works('duration', '10m', 'between bookmarks of silent watches'),
  'auth-token': works(
    'string',
    'simple',
    'simple, or jwt with its options: jwt,pub-key=FILE,priv-key=FILE,sign-method=RS256,ttl=5m',
  ),
  'auth-token-ttl': works('count', '300', 'seconds without use after which a simple token is forgotten'),
  'bcrypt-cost': works('count', '10', 'how slow passwords are to hash, from 4 to 31'),
  'enable-grpc-gateway': works('boolean', 'true', 'serve the JSON gateway under /v3/'),
  'cert-file': works(
    'string',
    '',
    'PEM file of the certificate shown to clients; https:// addresses need it',
  ),
  'key-file': works('string', '', 'PEM file of its key'),
  'client-cert-auth': works(
    'boolean',
    'false',
    'clients must show a certificate; its common name is the user',
  ),
  'client-crl-file': works('string', '', 'list of clients’ certificates that were revoked, PEM or DER'),
  'client-cert-allowed-hostname': works('list', '', 'clients’ certificates must be for one of these'),
  'trusted-ca-file': works('string', '', 'PEM file of the authorities of clients’ certificates'),
  'auto-tls': works('boolean', 'false', 'serve clients with a certificate made at the first start'),
  'peer-cert-file': works('string', '', 'PEM file of the certificate shown to other members'),
  'peer-key-file': works('string', '', 'PEM file of its key'),
  'peer-client-cert-auth': works('boolean', 'false', 'other members must show a certificate'),
  'peer-client-cert-file': works('string', '', 'another certificate for connecting to members'),
  'peer-client-key-file': works('string', '', 'PEM file of its key'),
  'peer-trusted-ca-file': works('string', '', 'PEM file of the authorities of members’ certificates'),
  'peer-cert-allowed-cn': works('list', '', 'members’ certificates must have one of these common names'),
  'peer-cert-allowed-hostname': works('list', '', 'members’ certificates must be for one of these'),
  'peer-auto-tls': works(
    'boolean',
    'false',
    'encrypt between members with certificates made at the first start',
  ),
  'self-signed-cert-validity': works('count', '1', 'years for which those certificates are good'),
  'peer-crl-file': works('string', '', 'list of members’ certificates that were revoked, PEM or DER'),
  'cipher-suites': works('list', '', 'suites of TLS 1.2, by Go’s names'),
  'tls-min-version': works('string', 'TLS1.2', 'TLS1.2 or TLS1.3'),
  'tls-max-version': works('string', '', 'TLS1.2 or TLS1.3; when empty, the newest'),
  logger: works('string', 'zap', 'accepted; the log has etcd’s fields', { choices: ['zap'] }),
  'log-level': works('string', 'info', 'debug, info, warn, error, panic or fatal', {
    choices: ['debug', 'info', 'warn', 'error', 'panic', 'fatal'],
  }),
  'log-format': works('string', 'json', 'json or console; a terminal always gets text', {
    choices: ['json', 'console'],
  }),
  'log-outputs': works('list', 'default', 'default (stderr), stdout, stderr or files, separated by commas'),
  'config-file': works('string', '', 'YAML file with these flags as keys; everything else is then ignored'),
  'wal-dir': notYet(),
  'listen-client-http-urls': notYet(),
  'max-snapshots': notYet('5'),
  'max-wals': notYet('5'),
  'memory-mlock': notYet('false'),
  'backend-bbolt-freelist-type': notYet('map'),
  'backend-batch-interval': notYet(),
  'backend-batch-limit': notYet('0'),
  'socket-reuse-port': notYet('false'),
  'socket-reuse-address': notYet('false'),
  'raft-read-timeout': notYet(),
  'raft-write-timeout': notYet(),
  'feature-gates': notYet(),
  discovery: notYet(),
  'discovery-token': notYet(),
  'discovery-endpoints': notYet(),
  'discovery-dial-timeout': notYet('2s'),
  'discovery-request-timeout': notYet('5s'),
  'discovery-keepalive-time': notYet('2s'),
  'discovery-keepalive-timeout': notYet('6s'),
  'discovery-insecure-transport': notYet('true'),
  'discovery-insecure-skip-tls-verify': notYet('false'),
  'discovery-cert': notYet(),
  'discovery-key': notYet(),
  'discovery-cacert': notYet(),
  'discovery-user': notYet(),
  'discovery-password': notYet(),
  'discovery-fallback': notYet('exit'),
  'discovery-proxy': notYet(),
  'discovery-srv': notYet(),
  'discovery-srv-name': notYet(),
  'strict-reconfig-check': notYet('true'),
  'v2-deprecation': notYet(),
  'client-cert-file': notYet(),
  'client-key-file': notYet(),
  cors: notYet('*'),
  'host-whitelist': notYet('*'),
  'enable-pprof': notYet('false'),
  metrics: notYet('basic'),
  'listen-metrics-urls': notYet(),
  'enable-log-rotation': notYet('false'),
  'log-rotation-config-json': notYet(
    '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}',
  ),
  'warning-unary-request-duration': notYet('300ms'),
  'enable-distributed-tracing': notYet('false'),
  'distributed-tracing-address': notYet('localhost:4317'),
  'distributed-tracing-service-name': notYet('etcd'),
  'distributed-tracing-instance-id': notYet(),
  'distributed-tracing-sampling-rate': notYet('0'),
  'corrupt-check-time': notYet('0s'),
  'compact-hash-check-time': notYet('1m'),
  'compaction-batch-limit': notYet('1000'),
  'peer-skip-client-san-verification': notYet('false'),
  'warning-apply-duration': notYet('100ms'),
  'bootstrap-defrag-threshold-megabytes': notYet('0'),
  'max-learners': notYet('1'),
  'compaction-sleep-interval': notYet(),
  'downgrade-check-time': notYet(),
  'snapshot-catchup-entries': notYet(),
  'force-new-cluster': notYet('false'),
  'unsafe-no-fsync': notYet('false'),
} as const satisfies Readonly<Record<string, Flag>>;

export type FlagName = keyof typeof FLAGS;
export type WorkingFlagName = {
  [Name in FlagName]: (typeof FLAGS)[Name]['status'] extends 'works' ? Name : never;
}[FlagName];

/** Flags that etcd took with this prefix before it took them without. */
const EXPERIMENTAL = 'experimental-';
const FORMERLY_EXPERIMENTAL: ReadonlySet<string> = new Set<FlagName>([
  'bootstrap-defrag-threshold-megabytes',
  'compact-hash-check-time',
  'compaction-batch-limit',
  'compaction-sleep-interval',
  'corrupt-check-time',
  'distributed-tracing-address',
  'distributed-tracing-instance-id',
  'distributed-tracing-service-name',
  'downgrade-check-time',
  'enable-distributed-tracing',
  'max-learners',
  'memory-mlock',
  'peer-skip-client-san-verification',
  'snapshot-catchup-entries',
  'warning-apply-duration',
  'warning-unary-request-duration',
  'watch-progress-notify-interval',
]);

/** The flag by that name, or by the name it had while it was an experiment of etcd's. */
export function flagNamed(name: string): FlagName | undefined {
  if (Object.hasOwn(FLAGS, name)) return name as FlagName;
  const plain = name.startsWith(EXPERIMENTAL) ? name.slice(EXPERIMENTAL.length) : '';
  return FORMERLY_EXPERIMENTAL.has(plain) ? (plain as FlagName) : undefined;
}

export function isBoolean(name: FlagName): boolean {
  const flag: Flag = FLAGS[name];
  return flag.status === 'works' ? flag.kind === 'boolean' : /^(true|false)$/.test(flag.default);
}
