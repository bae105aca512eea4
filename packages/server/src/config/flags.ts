/**
 * Every flag of etcd, in one table: which mean something here, which are harmless, and which are gone from etcd too. Any may be given with its default, so that a command line that spells defaults out goes on to work.
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

/** Etcd itself has no use for it any more. */
export interface GoneFlag {
  readonly status: 'gone';
  /** What etcd takes when it is not given: harmless here too. */
  readonly default: string;
  /** What was, and what to give in its place: sentences. */
  readonly instead: string;
}

/** Settings of parts that Synod does not have: taken in any value, with a warning where it is not the default. */
export interface HarmlessFlag {
  readonly status: 'harmless';
  readonly default: string;
  /** What happens whatever the value: the end of a sentence. */
  readonly instead: string;
}

export type Flag = WorkingFlag | HarmlessFlag | GoneFlag;

const works = (
  kind: FlagKind,
  defaultText: string,
  help: string,
  values: Pick<WorkingFlag, 'choices' | 'laterChoices'> = {},
): WorkingFlag => ({ status: 'works', kind, default: defaultText, help, ...values });
const harmless = (defaultText: string, instead: string): HarmlessFlag => ({
  status: 'harmless',
  default: defaultText,
  instead,
});
const NO_TRACES = 'no traces are sent';
const NO_VERSION_2_DISCOVERY = 'no discovery service is asked through etcd’s version 2';
const gone = (defaultText: string, instead: string): GoneFlag => ({
  status: 'gone',
  default: defaultText,
  instead,
});

export const FLAGS = {
  name: works('string', 'default', 'human-readable name of this member'),
  'data-dir': works('string', '', 'directory of this member’s data; when empty, NAME.etcd'),
  'wal-dir': works(
    'string',
    '',
    'directory of the journal, on a disk of its own; when empty, below data-dir',
  ),
  'listen-peer-urls': works('urls', 'http://localhost:2380', 'where to listen for other members'),
  'listen-client-urls': works('urls', 'http://localhost:2379', 'where to listen for clients'),
  'listen-client-http-urls': works(
    'urls',
    '',
    'where to listen for HTTP/1.1; then listen-client-urls serve gRPC alone',
  ),
  'initial-advertise-peer-urls': works('urls', 'http://localhost:2380', 'where other members reach this one'),
  'advertise-client-urls': works('urls', 'http://localhost:2379', 'where clients reach this member'),
  'initial-cluster': works(
    'string',
    'default=http://localhost:2380',
    'founding members: name=peer-url, separated by commas',
  ),
  'discovery-srv': works('string', '', 'domain whose SRV records name the founding members'),
  'discovery-srv-name': works('string', '', 'tells clusters of one domain apart'),
  'discovery-token': works('string', '', 'what the cluster is called at a discovery service'),
  'discovery-endpoints': works(
    'list',
    '',
    'a cluster with etcd’s API that brings the founding members together',
  ),
  'discovery-dial-timeout': works('duration', '2s', 'how long to wait for a connection to it'),
  'discovery-request-timeout': works('duration', '5s', 'how long to wait for an answer of it'),
  'discovery-keepalive-time': works('duration', '2s', 'how often it is pinged; at most every 10s'),
  'discovery-keepalive-timeout': works('duration', '6s', 'how long to wait for the answer to a ping'),
  'discovery-insecure-transport': works(
    'boolean',
    'true',
    'endpoints of it without a scheme speak plaintext',
  ),
  'discovery-insecure-skip-tls-verify': works('boolean', 'false', 'take any certificate for its own'),
  'discovery-cert': works('string', '', 'PEM file of the certificate shown to it'),
  'discovery-key': works('string', '', 'PEM file of its key'),
  'discovery-cacert': works('string', '', 'PEM file of the authorities of its certificate'),
  'discovery-user': works('string', '', 'the user that this member is there'),
  'discovery-password': works('string', '', 'that user’s password'),
  'initial-cluster-state': works(
    'string',
    'new',
    'whether a member without data founds a cluster, or joins it',
    {
      choices: ['new', 'existing'],
    },
  ),
  'strict-reconfig-check': works(
    'boolean',
    'true',
    'refuse changes of the membership that endanger the quorum',
  ),
  'force-new-cluster': works(
    'boolean',
    'false',
    'go on alone with this member’s data: for when the other members are gone for good',
  ),
  'max-learners': works('count', '1', 'learners that there may be'),
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
  'max-client-connections': works(
    'count',
    '0',
    'connections of clients (0: what the limit on open files leaves)',
  ),
  'max-client-connections-per-address': works(
    'count',
    '10000',
    'connections of clients from one address, and at most half of all (0: any number)',
  ),
  'max-requests-per-second': works('count', '0', 'requests of one client connection (0: any number)'),
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
  cors: works('list', '*', 'origins of web pages that may ask over HTTP/1.1; *: any'),
  'host-whitelist': works('list', '*', 'hosts that plaintext HTTP/1.1 requests may name; *: any'),
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
  'peer-skip-client-san-verification': works(
    'boolean',
    'false',
    'let members in from addresses that their certificates are not for',
  ),
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
  'max-snapshots': harmless('5', 'a snapshot goes when a newer one is durable'),
  'max-wals': harmless('5', 'a segment of the journal goes when the log is trimmed beyond it'),
  'memory-mlock': harmless('false', 'memory is not locked: give members’ machines no swap'),
  'backend-bbolt-freelist-type': harmless('map', 'the store is not bbolt'),
  'backend-batch-interval': harmless(
    '',
    'the store commits on a schedule of its own, behind the journal, which is synced before every answer',
  ),
  'backend-batch-limit': harmless(
    '0',
    'the store commits on a schedule of its own, behind the journal, which is synced before every answer',
  ),
  'socket-reuse-port': harmless('false', 'a port belongs to one process'),
  'socket-reuse-address': harmless('false', 'an address can be listened on again at once in any case'),
  'raft-read-timeout': harmless('', 'the connections between members have time limits of their own'),
  'raft-write-timeout': harmless('', 'the connections between members have time limits of their own'),
  'feature-gates': works(
    'string',
    '',
    'experiments to switch on: InitialCorruptCheck=true, CompactHashCheck=true, separated by commas',
  ),
  'experimental-initial-corrupt-check': works(
    'boolean',
    'false',
    'what etcd had before InitialCorruptCheck was a feature gate',
  ),
  'experimental-compact-hash-check-enabled': works(
    'boolean',
    'false',
    'what etcd had before CompactHashCheck was a feature gate',
  ),
  discovery: gone(
    '',
    'it asked a discovery service through etcd’s version 2, which is no more. Give --discovery-token and --discovery-endpoints.',
  ),
  'discovery-fallback': harmless('exit', NO_VERSION_2_DISCOVERY),
  'discovery-proxy': harmless('', NO_VERSION_2_DISCOVERY),
  'v2-deprecation': harmless('', 'there is no store of version 2'),
  'client-cert-file': harmless('', 'the JSON gateway calls its member without a connection'),
  'client-key-file': harmless('', 'the JSON gateway calls its member without a connection'),
  'enable-pprof': harmless('false', 'Go’s profiles do not exist here: node’s --inspect and --cpu-prof do'),
  metrics: works('string', 'basic', 'basic, or extensive: with histograms of how long calls take', {
    choices: ['basic', 'extensive'],
  }),
  'listen-metrics-urls': works(
    'urls',
    '',
    'where else to listen for those who want metrics and health alone',
  ),
  'enable-log-rotation': harmless('false', 'log files grow until something like logrotate cuts them'),
  'log-rotation-config-json': harmless(
    '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}',
    'log files grow until something like logrotate cuts them',
  ),
  'warning-unary-request-duration': works(
    'duration',
    '300ms',
    'a write that takes longer from its arrival to its answer is logged',
  ),
  'enable-distributed-tracing': harmless('false', NO_TRACES),
  'distributed-tracing-address': harmless('localhost:4317', NO_TRACES),
  'distributed-tracing-service-name': harmless('etcd', NO_TRACES),
  'distributed-tracing-instance-id': harmless('', NO_TRACES),
  'distributed-tracing-sampling-rate': harmless('0', NO_TRACES),
  'corrupt-check-time': works(
    'duration',
    '0s',
    'how often the leader compares what all members hold (0s: never)',
  ),
  'compact-hash-check-time': works(
    'duration',
    '1m',
    'how often the leader compares hashes of compactions, with CompactHashCheck',
  ),
  'compaction-batch-limit': harmless('1000', 'a compaction goes on in small steps between other work'),
  'warning-apply-duration': works(
    'duration',
    '100ms',
    'an entry that takes longer to apply, and a range that takes longer to answer, is logged',
  ),
  'bootstrap-defrag-threshold-megabytes': harmless(
    '0',
    'the store is defragmented when somebody asks for it',
  ),
  'compaction-sleep-interval': harmless('', 'a compaction goes on in small steps between other work'),
  'downgrade-check-time': harmless('', 'all members are of one version'),
  'snapshot-catchup-entries': harmless(
    '',
    'how much of the log is kept for members that lag goes by its size and by them',
  ),
  'unsafe-no-fsync': harmless('false', 'what is acknowledged is synced'),
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
