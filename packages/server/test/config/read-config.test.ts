/** What flags, environment and file come to: etcd's precedence, etcd's refusals, and words that say what to do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, read, refused, warnings } from './read.ts';

const LISTEN = '--listen-client-urls http://127.0.0.1:1 --advertise-client-urls http://127.0.0.1:1';

describe('what was given', () => {
  test('nothing: a member alone, on etcd’s ports', () => {
    const config = accepted('');
    assert.equal(config.name, 'default');
    assert.equal(config.dataDirectory, '/home/me/default.etcd');
    assert.deepEqual(config.listenClientUrls, ['http://localhost:2379']);
    assert.deepEqual(config.listenPeerUrls, ['http://localhost:2380']);
    assert.equal(config.electionTimeoutMs, 1000);
    assert.equal(config.heartbeatMs, 100);
    assert.equal(config.requestBytesMax, 1_572_864);
    assert.equal(config.jsonGateway, true);
    assert.deepEqual(config.log, { level: 'info', format: 'json', outputs: ['default'] });
  });

  test('a flag with a blank, with =, with one dash; a boolean alone; the last of two', () => {
    assert.equal(accepted('--name a').name, 'a');
    assert.equal(accepted('--name=a').name, 'a');
    assert.equal(accepted('-name=a').name, 'a');
    assert.equal(accepted('--data-dir=/a=b').dataDirectory, '/a=b');
    assert.equal(accepted('--name a --name b').name, 'b');
    assert.equal(accepted('--pre-vote --name a').preVote, true);
    assert.equal(accepted('--pre-vote=false').preVote, false);
    assert.equal(accepted('--pre-vote=F').preVote, false);
    assert.equal(accepted('--enable-grpc-gateway=false').jsonGateway, false);
  });

  test('a flag beats the environment, which beats the default', () => {
    const environment = { ETCD_NAME: 'from-environment', ETCD_SNAPSHOT_COUNT: '7' };
    const config = accepted('--name from-flag', { environment });
    assert.equal(config.name, 'from-flag');
    assert.equal(config.snapshotCount, 7);
    assert.equal(accepted('', { environment }).name, 'from-environment');
    assert.equal(accepted('', { environment: { ETCD_NAME: '' } }).name, 'default');
  });

  test('a file is the whole configuration: flags and environment beside it are ignored, and named', () => {
    const given = {
      files: { 'member.yaml': 'name: from-file\nelection-timeout: 2000\n' },
      environment: { ETCD_NAME: 'from-environment', ETCD_SNAPSHOT_COUNT: '7' },
    };
    const config = accepted('--config-file member.yaml --name from-flag --heartbeat-interval 50', given);
    assert.equal(config.name, 'from-file');
    assert.equal(config.electionTimeoutMs, 2000);
    assert.equal(config.heartbeatMs, 100);
    assert.equal(config.snapshotCount, 10_000);
    assert.deepEqual(warnings('--config-file member.yaml --name from-flag', given), [
      'member.yaml is the whole configuration: ignored --name, ETCD_NAME, ETCD_SNAPSHOT_COUNT',
    ]);
    const environment = { ETCD_CONFIG_FILE: 'member.yaml' };
    assert.equal(accepted('', { files: given.files, environment }).name, 'from-file');
  });

  test('a file may have lists, numbers, booleans, and durations in nanoseconds', () => {
    const text = [
      'log-outputs: [stderr, /tmp/a.log]',
      'pre-vote: false',
      'grpc-keepalive-min-time: 7000000000',
      'grpc-keepalive-interval: 1h30m',
      'feature-gates:',
      'data-dir: ""',
    ].join('\n');
    const config = accepted('--config-file f', { files: { f: text } });
    assert.deepEqual(config.log.outputs, ['stderr', '/tmp/a.log']);
    assert.equal(config.preVote, false);
    assert.deepEqual(config.keepalive, { minTimeMs: 7_000, intervalMs: 5_400_000, timeoutMs: 20_000 });
    assert.equal(config.dataDirectory, '/home/me/default.etcd');
    assert.equal(accepted('--config-file f', { files: { f: '{"name": "json"}' } }).name, 'json');
    assert.equal(accepted('--config-file f', { files: { f: '' } }).name, 'default');
  });

  test('an unknown variable is only a warning', () => {
    const environment = { ETCD_NAMES: 'x', ETCDCTL_API: '3', PATH: '/bin' };
    assert.deepEqual(warnings('', { environment }), ['unrecognized environment variable ETCD_NAMES=x']);
  });

  test('a name from the time when the flag was an experiment', () => {
    const config = accepted('--experimental-watch-progress-notify-interval 1s');
    assert.equal(config.watchProgressIntervalMs, 1_000);
    assert.equal(refused('--experimental-name x').kind, 'usage');
  });
});

describe('zeros and ends of ranges', () => {
  test('an interval or timeout of 0 means that the member never pings', () => {
    const never = Number.POSITIVE_INFINITY;
    for (const line of ['--grpc-keepalive-interval 0s', '--grpc-keepalive-timeout 0']) {
      const { intervalMs, timeoutMs } = accepted(line).keepalive;
      assert.deepEqual([intervalMs, timeoutMs], [never, never]);
    }
  });

  test('bookmarks: 0 is the default, and neither a storm nor a time that no timer reaches', () => {
    const interval = (text: string) =>
      accepted(`--watch-progress-notify-interval ${text}`).watchProgressIntervalMs;
    assert.equal(interval('0s'), 600_000);
    assert.equal(interval('1ms'), 100);
    assert.equal(interval('100000h'), 2 ** 31 - 1);
  });

  test('counts', () => {
    assert.equal(accepted('--max-concurrent-streams 4294967295').concurrentStreamsMax, 4_294_967_295);
    assert.match(refused('--max-concurrent-streams 4294967296').message, /at most 4294967295/);
    assert.match(refused('--snapshot-count 0').message, /at least 1/);
    assert.equal(refused('--snapshot-count -1').kind, 'usage');
    assert.equal(refused('--snapshot-count 1e3').kind, 'usage');
  });

  test('the quota: 0 is etcd’s default, less is none, and more than etcd recommends is told', () => {
    const quota = (text: string) => accepted(`--quota-backend-bytes ${text}`).storeBytesMax;
    assert.equal(accepted('').storeBytesMax, 2_147_483_648);
    assert.equal(quota('0'), 2_147_483_648);
    assert.equal(quota('-1'), Number.POSITIVE_INFINITY);
    assert.equal(quota('16777216'), 16_777_216);
    assert.deepEqual(warnings('--quota-backend-bytes 8589934592'), []);
    assert.match(warnings('--quota-backend-bytes 8589934593')[0]!, /exceeds the largest recommended quota/);
    assert.equal(refused('--quota-backend-bytes 2GB').kind, 'usage');
  });

  test('addresses for metrics: none unless given; https needs a certificate', () => {
    assert.deepEqual(accepted('').listenMetricsUrls, []);
    assert.deepEqual(accepted('--listen-metrics-urls http://0.0.0.0:2381').listenMetricsUrls, [
      'http://0.0.0.0:2381',
    ]);
    assert.match(refused('--listen-metrics-urls https://0.0.0.0:2381').message, /cert/);
    assert.match(refused('--listen-metrics-urls http://metrics.example:2381').message, /expected IP in URL/);
  });

  test('addresses for HTTP/1.1: none unless given, and not those of gRPC too', () => {
    assert.deepEqual(accepted('').listenClientHttpUrls, []);
    const { listenClientHttpUrls } = accepted(
      '--listen-client-http-urls http://0.0.0.0:2381,http://0.0.0.0:2382',
    );
    assert.deepEqual(listenClientHttpUrls, ['http://0.0.0.0:2381', 'http://0.0.0.0:2382']);
    assert.equal(
      refused('--listen-client-http-urls http://localhost:2379').message,
      'cannot bind both --listen-client-urls and --listen-client-http-urls on the same url http://localhost:2379',
    );
    assert.match(
      refused('--listen-client-http-urls https://localhost:2381').message,
      /for client url https:/,
    );
  });

  test('limits on clients: 0 is none of its own', () => {
    const limits = (text: string) => {
      const { connectionsMax, connectionsPerAddressMax, requestsPerSecondMax } = accepted(text);
      return [connectionsMax, connectionsPerAddressMax, requestsPerSecondMax];
    };
    assert.deepEqual(limits(''), [undefined, 10_000, Number.POSITIVE_INFINITY]);
    assert.deepEqual(
      limits(
        '--max-client-connections 50 --max-client-connections-per-address 5 --max-requests-per-second 7',
      ),
      [50, 5, 7],
    );
    assert.equal(limits('--max-client-connections-per-address 0')[1], Number.POSITIVE_INFINITY);
    assert.equal(refused('--max-requests-per-second -1').kind, 'usage');
  });

  test('the journal elsewhere: absolute, and not in the data directory itself', () => {
    assert.equal(accepted('').journalDirectory, undefined);
    assert.equal(accepted('--wal-dir wal').journalDirectory, '/home/me/wal');
    assert.equal(accepted('--data-dir d --wal-dir /disk/wal').journalDirectory, '/disk/wal');
    assert.equal(accepted('--data-dir d --wal-dir d/journal').journalDirectory, undefined);
    assert.match(refused('--data-dir d --wal-dir ./d').message, /another directory than --data-dir/);
  });

  test('sockets in files: everything behind the scheme is the path, and any host will do', () => {
    const { listenClientUrls, listenMetricsUrls, founders } = accepted(
      '--listen-client-urls unix://m1.example:2379,unix:///run/synod.sock --advertise-client-urls unix://x:1 --listen-metrics-urls unix:///run/m --initial-advertise-peer-urls unix://a:1 --initial-cluster default=unix://a:1,b=unix:///run/b',
    );
    assert.deepEqual(listenClientUrls, ['unix:///run/synod.sock', 'unix://m1.example:2379']);
    assert.deepEqual(listenMetricsUrls, ['unix:///run/m']);
    assert.deepEqual(
      founders.map(({ peerUrls }) => peerUrls),
      [['unix://a:1'], ['unix:///run/b']],
    );
    const [warning] = warnings(
      '--cert-file a --key-file b --listen-client-urls unix://a:1 --advertise-client-urls unix://a:1',
    );
    assert.match(warning!, /^scheme is unix while key and cert files are present/);
  });

  test('compaction by itself: hours or a duration, or revisions; 0 is none', () => {
    const plan = (text: string) => accepted(text).autoCompaction;
    assert.equal(plan(''), undefined);
    assert.equal(plan('--auto-compaction-mode revision'), undefined);
    assert.deepEqual(plan('--auto-compaction-retention 10'), { kind: 'periodic', periodMs: 36_000_000 });
    assert.deepEqual(plan('--auto-compaction-retention 30m'), { kind: 'periodic', periodMs: 1_800_000 });
    assert.deepEqual(plan('--auto-compaction-mode revision --auto-compaction-retention 1000'), {
      kind: 'revision',
      revisions: 1000,
    });
    for (const wrong of [
      '--auto-compaction-mode hourly',
      '--auto-compaction-retention ten',
      '--auto-compaction-retention -1',
      '--auto-compaction-mode revision --auto-compaction-retention 1h',
    ])
      assert.equal(refused(wrong).kind, 'usage', wrong);
  });

  test('checks for corruption: none unless given, by feature gates and by their former flags', () => {
    const checks = (text: string) => accepted(text).corruptionChecks;
    const none = { atStart: false, periodMs: undefined, compactionPeriodMs: undefined };
    assert.deepEqual(checks(''), none);
    assert.deepEqual(checks('--corrupt-check-time 0s --compact-hash-check-time 5m'), none);
    assert.deepEqual(checks('--corrupt-check-time 4h'), { ...none, periodMs: 14_400_000 });
    assert.deepEqual(checks('--experimental-corrupt-check-time 1s'), { ...none, periodMs: 1_000 });
    const started = { ...none, atStart: true };
    assert.deepEqual(checks('--feature-gates InitialCorruptCheck=true'), started);
    assert.deepEqual(checks('--experimental-initial-corrupt-check'), started);
    const compacted = { ...none, compactionPeriodMs: 60_000 };
    assert.deepEqual(checks('--feature-gates=CompactHashCheck=t,InitialCorruptCheck=false'), compacted);
    assert.deepEqual(checks('--experimental-compact-hash-check-enabled=true'), compacted);
    assert.deepEqual(checks('--feature-gates CompactHashCheck=false,AllAlpha=true'), started);
    assert.match(
      refused('--feature-gates CompactHashCheck=true --compact-hash-check-time 0s').message,
      /--compact-hash-check-time must be >0/,
    );
    assert.match(refused('--feature-gates Magic=true').message, /unrecognized feature gate: Magic/);
    for (const wrong of ['CompactHashCheck', 'CompactHashCheck=maybe', 'CompactHashCheck=true=false'])
      assert.equal(refused(`--feature-gates ${wrong}`).kind, 'usage', wrong);
    assert.deepEqual(warnings('--feature-gates TxnModeWriteWithSharedBuffer=true,LeaseCheckpoint=false'), []);
    assert.match(warnings('--feature-gates LeaseCheckpoint=true')[0]!, /changes nothing in Synod/);
  });

  test('what is slow, by either name of etcd’s; and whether calls are timed', () => {
    assert.deepEqual(accepted('').slowRequests, { applyMs: 100, requestMs: 300 });
    assert.equal(accepted('').timesCalls, false);
    assert.deepEqual(
      accepted('--warning-apply-duration 1s --experimental-warning-unary-request-duration 0s').slowRequests,
      { applyMs: 1_000, requestMs: 0 },
    );
    assert.equal(accepted('--metrics extensive').timesCalls, true);
    assert.match(refused('--metrics full').message, /it must be basic or extensive/);
    assert.equal(refused('--warning-apply-duration 5').kind, 'usage');
  });

  test('elections take at least five heartbeats, and less than 50 s', () => {
    assert.equal(accepted('--election-timeout 500').electionTimeoutMs, 500);
    assert.match(refused('--election-timeout 499').message, /at least as 5 times/);
    assert.equal(accepted('--election-timeout 50000').electionTimeoutMs, 50_000);
    assert.match(refused('--election-timeout 50001').message, /too long/);
  });
});

describe('refusals name the flag, what is wrong and what to do', () => {
  const cases: readonly (readonly [line: string, kind: 'usage' | 'refused', words: RegExp])[] = [
    [
      '--data-di x',
      'usage',
      /^unknown flag --data-di\. Did you mean --data-dir\? See 'synod start --help'\.$/,
    ],
    ['--zzzzzzzzz x', 'usage', /^unknown flag --zzzzzzzzz\. See/],
    ['--name', 'usage', /^flag needs an argument: --name$/],
    ['extra', 'refused', /^'extra' is not a valid flag/],
    ['--pre-vote=maybe', 'usage', /^invalid value "maybe" for --pre-vote: it must be true or false$/],
    ['--grpc-keepalive-interval 5', 'usage', /^invalid value "5" .* it must be a duration such as/],
    ['--log-level loud', 'usage', /debug, info, warn, error, panic or fatal$/],
    ['--log-outputs default,stdout', 'refused', /cannot have default beside others/],
    ['--log-outputs systemd/journal', 'refused', /not supported yet/],
    ['--initial-cluster-state old', 'usage', /it must be new or existing$/],
    ['--consensus zab', 'usage', /it must be raft or paxos$/],
    ['--name=', 'refused', /must not be empty/],
    ['--name=a=b', 'refused', /--name must not contain , or =/],
    ['--listen-peer-urls foo', 'usage', /URL scheme must be http/],
    [
      '--listen-peer-urls https://127.0.0.1:1',
      'refused',
      /^TLS key\/cert \(--peer-cert-file, --peer-key-file\) must be provided for peer url https:/,
    ],
    [
      '--listen-client-urls https://127.0.0.1:1 --advertise-client-urls https://127.0.0.1:1',
      'refused',
      /HTTPS/,
    ],
    [
      '--initial-cluster default=http://localhost:2380,b=https://b:2380',
      'refused',
      /must be provided for peer url https:\/\/b:2380/,
    ],
    ['--cert-file a', 'refused', /^KeyFile and CertFile must both be present\[key: , cert: \/home\/me\/a\]/],
    [
      '--tls-min-version TLS1.1',
      'refused',
      /unexpected TLS version "TLS1.1" \(must be one of: TLS1.2, TLS1.3\)/,
    ],
    [
      '--tls-min-version TLS1.3 --tls-max-version TLS1.2',
      'refused',
      /min version \(TLS1.3\) is greater than/,
    ],
    ['--tls-min-version TLS1.3 --cipher-suites X', 'refused', /when only TLS1.3 is enabled/],
    ['--cipher-suites X', 'refused', /^unexpected TLS cipher suite "X"$/],
    ['--auto-tls --self-signed-cert-validity 0', 'refused', /it should be greater than 0/],
    [
      '--peer-auto-tls --peer-cert-allowed-cn a --peer-cert-allowed-hostname b',
      'refused',
      /mutually exclusive \(cns=\["a"\], hostnames=\["b"\]\)/,
    ],
    ['--listen-peer-urls unix://', 'usage', /has the form "unix:\/\/HOST:PORT" or "unix:\/\/\/PATH"/],
    ['--listen-peer-urls unix:///tmp/', 'usage', /has the form/],
    ['--listen-peer-urls unix:/tmp/x', 'usage', /URL scheme must be/],
    ['--listen-peer-urls unixs://x:1', 'refused', /must be provided for peer url unixs:\/\/x:1/],
    ['--listen-metrics-urls unixs:///x', 'refused', /must be provided for client url unixs:\/\/\/x/],
    [
      '--initial-cluster default=http://localhost:2380,b=unixs://b:1',
      'refused',
      /for peer url unixs:\/\/b:1/,
    ],
    ['--cors unix:///tmp/page', 'refused', /--cors can only have http:\/\/ and https:\/\/ origins/],
    ['--listen-peer-urls http://127.0.0.1', 'usage', /does not have the form "host:port"/],
    ['--listen-peer-urls http://127.0.0.1:70000', 'usage', /does not have the form "host:port"/],
    ['--listen-peer-urls http://127.0.0.1:1/x', 'usage', /must not contain a path/],
    ['--listen-peer-urls http://example.com:1', 'refused', /^expected IP in URL for binding/],
    ['--listen-peer-urls http://127.0.0.1:1,http://127.0.0.1:1', 'refused', /twice/],
    ['--listen-client-urls http://127.0.0.1:1', 'refused', /--advertise-client-urls is required/],
    ['--listen-client-urls foo', 'usage', /URL scheme must be/],
    ['--config-file nowhere', 'refused', /^cannot read the configuration file nowhere: no such file$/],
  ];
  for (const [line, kind, words] of cases) {
    test(line, () => {
      const problem = refused(line);
      assert.equal(problem.kind, kind);
      assert.match(problem.message, words);
    });
  }

  test('the environment is named as the user wrote it', () => {
    assert.match(refused('', { environment: { ETCD_PRE_VOTE: 'maybe' } }).message, /for ETCD_PRE_VOTE:/);
  });

  const files: readonly (readonly [text: string, words: RegExp])[] = [
    ['a: [', /^f is not YAML: /],
    ['- name', /must hold flags and their values/],
    ['nam: x', /^f: unknown key "nam"\. Did you mean name\?$/],
    ['name: {a: 1}', /name must be a single value or a list/],
    ['config-file: g', /cannot name another one/],
    ['client-transport-security: {auto-tsl: true}', /unknown key "auto-tsl" in client-transport-security/],
    ['client-transport-security: 1', /client-transport-security must hold flags/],
    ['election-timeout: soon', /invalid value "soon" for election-timeout in f: it must be a whole number/],
    ['discovery: x', /^discovery in f is a flag of earlier versions of etcd \(given: "x"\): it asked/],
    ['discovery-config: {client: {end-points: a}}', /unknown key "client\.end-points" in discovery-config/],
  ];
  for (const [text, words] of files) {
    test(`file: ${text}`, () => {
      assert.match(refused('--config-file f', { files: { f: text } }).message, words);
    });
  }
});

describe('flags that are gone from etcd too', () => {
  test('with another value than the default: one line, exit code 1', () => {
    const { kind, message } = refused('--discovery=http://d');
    assert.equal(kind, 'refused');
    assert.equal(
      message,
      '--discovery is a flag of earlier versions of etcd (given: "http://d"): it asked a discovery service through etcd’s version 2, which is no more. Give --discovery-token and --discovery-endpoints.',
    );
    assert.equal(refused('', { environment: { ETCD_DISCOVERY: 'x' } }).kind, 'refused');
  });

  test('with the default they are accepted', () => {
    assert.ok(read(`${LISTEN} --max-learners=1 --auto-tls=false --cors=* --force-new-cluster=false`).ok);
    assert.ok(read(['--cert-file', '']).ok);
  });
});

describe('flags that change nothing here', () => {
  test('are taken, with a warning that says what happens instead; with the default, without', () => {
    assert.deepEqual(warnings('--max-wals 5 --unsafe-no-fsync=false'), []);
    assert.deepEqual(warnings('--unsafe-no-fsync'), [
      '--unsafe-no-fsync "true" changes nothing in Synod: what is acknowledged is synced',
    ]);
    assert.deepEqual(warnings('', { environment: { ETCD_MAX_WALS: '0' } }), [
      'ETCD_MAX_WALS "0" changes nothing in Synod: a segment of the journal goes when the log is trimmed beyond it',
    ]);
  });
});

describe('the web', () => {
  const access = (line: string) => accepted(`${LISTEN} ${line}`).webAccess;

  test('--cors takes origins, with ports as etcd wants them and without as browsers send them', () => {
    assert.equal(access('').origins, 'any');
    assert.equal(access('--cors *').origins, 'any');
    assert.deepEqual(
      access('--cors http://b.example:80,https://a.example:8443,http://b.example:80').origins,
      ['http://b.example', 'https://a.example:8443'],
    );
    assert.match(refused('--cors http://a.example').message, /does not have the form "host:port"/);
    assert.match(refused('--cors *,http://a:1').message, /URL scheme must be http/);
    assert.equal(refused('--cors foo').kind, 'usage');
  });

  test('--host-whitelist takes hosts, and * among them is all', () => {
    assert.equal(access('').hosts, 'any');
    assert.equal(access('--host-whitelist a,*').hosts, 'any');
    assert.deepEqual(access('--host-whitelist a.example,::1').hosts, ['a.example', '::1']);
    assert.deepEqual(
      accepted('--config-file f', { files: { f: 'host-whitelist: a\ncors: http://b:1' } }).webAccess,
      { origins: ['http://b:1'], hosts: ['a'] },
    );
  });
});

describe('auth', () => {
  test('the defaults of etcd, and values that are given', () => {
    assert.deepEqual(accepted(LISTEN).auth, {
      tokens: { kind: 'simple' },
      simpleTokenTtlMs: 300_000,
      bcryptCost: 10,
    });
    const { auth } = accepted(
      `${LISTEN} --auth-token jwt,sign-method=ES256,pub-key=k.pem --auth-token-ttl 60 --bcrypt-cost 12`,
    );
    assert.deepEqual([auth.tokens.kind, auth.simpleTokenTtlMs, auth.bcryptCost], ['jwt', 60_000, 12]);
  });

  test('what is wrong with them', () => {
    assert.match(refused('--auth-token=other').message, /--auth-token: it must be simple, or jwt/);
    assert.match(refused('--bcrypt-cost=3').message, /--bcrypt-cost must be at least 4/);
    assert.match(refused('--bcrypt-cost=32').message, /--bcrypt-cost must be at most 31/);
    assert.match(refused('--auth-token-ttl=0').message, /--auth-token-ttl must be at least 1/);
  });
});

describe('TLS', () => {
  const files = '--cert-file c.pem --key-file k.pem';

  test('what etcd makes of a certificate, an authority and --client-cert-auth', () => {
    assert.equal(accepted('').clientTls, undefined);
    const plain = accepted(files).clientTls!;
    assert.deepEqual(plain.own, { certificateFile: '/home/me/c.pem', keyFile: '/home/me/k.pem' });
    assert.equal(plain.requiresCertificate, false);
    // An authority alone asks for certificates too, but their names are nobody's.
    const trusting = accepted(`${files} --trusted-ca-file ca.pem`).clientTls!;
    assert.deepEqual([trusting.requiresCertificate, trusting.commonNameIsUser], [true, false]);
    const asking = accepted(`${files} --trusted-ca-file ca.pem --client-cert-auth`).clientTls!;
    assert.deepEqual([asking.requiresCertificate, asking.commonNameIsUser], [true, true]);
  });

  test('members’ certificates must be for where they come from, unless the flag says otherwise', () => {
    const peers = '--peer-cert-file c.pem --peer-key-file k.pem --peer-client-cert-auth';
    assert.equal(accepted(peers).peerTls!.checksAddress, true);
    for (const flag of [
      'peer-skip-client-san-verification',
      'experimental-peer-skip-client-san-verification',
    ])
      assert.equal(accepted(`${peers} --${flag}`).peerTls!.checksAddress, false);
    const text = 'peer-transport-security: {cert-file: /c, key-file: /k, skip-client-san-verification: true}';
    assert.equal(accepted('--config-file f', { files: { f: text } }).peerTls!.checksAddress, false);
    assert.equal(accepted(`${files} --client-cert-auth`).clientTls!.checksAddress, false);
  });

  test('beside certificates of members’ own making, what is asked of those of others is ignored with a warning', () => {
    const line =
      '--peer-auto-tls --peer-cert-allowed-cn m1 --peer-crl-file crl --peer-client-cert-auth --peer-trusted-ca-file ca';
    const { requiresCertificate, allowedNames, revocationFile, authoritiesFile } = accepted(line).peerTls!;
    assert.deepEqual(
      [requiresCertificate, allowedNames, revocationFile, authoritiesFile],
      [false, undefined, undefined, undefined],
    );
    assert.deepEqual(
      warnings(line).filter((warning) => warning.startsWith('ignoring')),
      ['peer-trusted-ca-file', 'peer-client-cert-auth', 'peer-crl-file', 'peer-cert-allowed-cn'].map(
        (flag) => `ignoring --${flag}, as with --peer-auto-tls nobody's certificate is verified`,
      ),
    );
    assert.deepEqual(
      warnings('--peer-auto-tls').filter((warning) => warning.startsWith('ignoring')),
      [],
    );
  });

  test('versions and suites are for both sides', () => {
    const { clientTls, peerTls } = accepted(
      `${files} --peer-auto-tls --tls-max-version TLS1.2 --cipher-suites TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`,
    );
    for (const tls of [clientTls!, peerTls!]) {
      assert.deepEqual([tls.versionMin, tls.versionMax], ['TLSv1.2', 'TLSv1.2']);
      assert.match(tls.ciphers!, /:ECDHE-RSA-AES128-GCM-SHA256$/);
    }
  });

  test('a certificate of its own making lies in the data directory and is for the addresses', () => {
    const { clientTls } = accepted(
      '--auto-tls --listen-client-urls https://127.0.0.1:1,https://[::1]:1 --advertise-client-urls https://a:1',
    );
    assert.equal(clientTls!.own.keyFile, '/home/me/default.etcd/fixtures/client/key.pem');
    assert.deepEqual(clientTls!.selfSigning, { hosts: ['127.0.0.1', '::1'], validityYears: 1 });
  });

  test('a file has them in two groups', () => {
    const text =
      'peer-transport-security: {cert-file: /c, key-file: /k, client-cert-auth: true, allowed-cn: x}';
    const { peerTls } = accepted('--config-file f', { files: { f: text } });
    assert.equal(peerTls!.requiresCertificate, true);
    assert.deepEqual(peerTls!.allowedNames, { kind: 'commonName', names: ['x'] });
  });

  test('plaintext beside a certificate is served, and warned of', () => {
    assert.match(warnings(files).join(), /scheme is HTTP while key and cert files are present/);
  });
});
