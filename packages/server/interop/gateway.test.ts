/**
 * The JSON gateway by curl, beside that of a real etcd: every path that 3.4 has too is asked the same, and status and answer must
 * be equal (ids and times aside). What 3.7 answers otherwise than 3.4 is listed here.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import { sharedCluster } from './shared-cluster.ts';

const run = promisify(execFile);

let reference: Cluster;
const cluster = sharedCluster(
  {},
  {
    started: async () => {
      reference = await Cluster.start({ target: targetNamed('etcd'), memberCount: 1 });
    },
    stopping: () => reference?.destroy(),
  },
);

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function curl(url: string, ...options: string[]): Promise<Answer> {
  const { stdout } = await run('curl', ['-sS', '-m', '20', '-w', '\n%{http_code}', ...options, url]);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

/** A stream of answers, line by line. */
class CurlStream {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  readonly ended: Promise<unknown>;

  constructor(url: string, body: string) {
    this.child = spawn('curl', ['-sSN', '-m', '30', '-d', body, url], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.ended = once(this.child, 'exit');
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value, done } = await this.lines.next();
    assert.ok(done !== true, 'the stream ended');
    return value;
  }

  async stop(): Promise<void> {
    this.child.kill();
    await this.ended;
  }
}

const ours = (path: string): string => cluster().members[0]!.clientUrl + path;
const theirs = (path: string): string => reference.members[0]!.clientUrl + path;

/** What differs between two clusters by nature. */
const ASIDE = new Set([
  'cluster_id',
  'member_id',
  'raft_term',
  'version',
  'dbSize',
  'dbSizeInUse',
  'dbSizeQuota',
  'storageVersion',
  'downgradeInfo',
  'leader',
  'raftIndex',
  'raftAppliedIndex',
  'raftTerm',
  'members',
]);

function plain(json: string): unknown {
  const value: unknown = JSON.parse(json);
  return stripped(value);
}

function stripped(value: unknown): unknown {
  // What has no order of its own, such as leases, has none here: what has one is told apart by its revisions.
  if (Array.isArray(value))
    return value.map(stripped).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // A key's version is a number in quotes, a server's is not.
      .filter(([name, inner]) => !ASIDE.has(name) || (name === 'version' && /^\d+$/.test(String(inner))))
      .map(([name, inner]) => [name, stripped(inner)]),
  );
}

/** 3.4 says 412 where later versions say 400. */
function statusSince35(status: number): number {
  return status === 412 ? 400 : status;
}

const A = 'YQ==';
const END = 'eg==';
const LEASE = '1234567890123456789';
const REQUESTS: readonly (readonly [path: string, body: unknown])[] = [
  ['/v3/lease/grant', { TTL: 6000, ID: LEASE }],
  ['/v3/lease/grant', { TTL: '6000', ID: 9 }],
  ['/v3/lease/grant', { TTL: 6000, ID: 9 }],
  ['/v3/kv/put', { key: A, value: 'MQ==' }],
  ['/v3/kv/put', { key: A, value: 'Mg==', lease: LEASE, prev_kv: true }],
  ['/v3/kv/put', { key: 'Yg==', value: '/+8=', lease: -7 }],
  ['/v3/kv/put', { key: 'Yg==', ignoreValue: true, value: 'MQ==' }],
  ['/v3/kv/put', { key: 'Y2M=', value: '' }],
  ['/v3/kv/range', { key: A, range_end: END }],
  ['/v3/kv/range', { key: A, rangeEnd: END, sort_order: 'DESCEND', sortTarget: 'VERSION', limit: 1 }],
  ['/v3/kv/range', { key: A, range_end: END, count_only: true }],
  ['/v3/kv/range', { key: A, revision: 99 }],
  ['/v3/kv/range', {}],
  [
    '/v3/kv/txn',
    { compare: [{ target: 'VALUE', key: A, value: 'Mg==' }], success: [{ request_put: { key: A } }] },
  ],
  [
    '/v3/kv/txn',
    {
      compare: [{ result: 'GREATER', key: A, version: 9 }],
      failure: [
        { requestRange: { key: A } },
        { request_txn: { success: [{ request_delete_range: { key: 'Y2M=', prev_kv: true } }] } },
      ],
    },
  ],
  ['/v3/kv/txn', { success: [{}] }],
  ['/v3/kv/deleterange', { key: A, range_end: END, prev_kv: true }],
  ['/v3/kv/compaction', { revision: '3' }],
  ['/v3/kv/compaction', { revision: 3 }],
  ['/v3/kv/compaction', { revision: 300 }],
  ['/v3/lease/timetolive', { ID: 4 }],
  ['/v3/kv/lease/timetolive', { ID: 4, keys: true }],
  ['/v3/lease/leases', {}],
  ['/v3/kv/lease/leases', {}],
  ['/v3/lease/keepalive', { ID: LEASE }],
  ['/v3/lease/keepalive', { ID: 4 }],
  ['/v3/lease/revoke', { ID: 4 }],
  ['/v3/kv/lease/revoke', { ID: 9 }],
  ['/v3/cluster/member/list', {}],
  ['/v3/maintenance/status', {}],
  ['/v3/lock/lock', { name: 'bA==', lease: LEASE }],
  ['/v3/lock/lock', { name: 'bA==', lease: 77 }],
  ['/v3/lock/unlock', { key: 'bC8xMTIyMTBmNDdkZTk4MTE1' }],
  ['/v3/lock/unlock', {}],
  ['/v3/election/campaign', { name: 'ZQ==', lease: LEASE, value: 'dg==' }],
  ['/v3/election/leader', { name: 'ZQ==' }],
  ['/v3/election/leader', { name: 'bm8=' }],
  [
    '/v3/election/proclaim',
    { leader: { name: 'ZQ==', key: 'ZS8xMTIyMTBmNDdkZTk4MTE1', rev: 1, lease: LEASE } },
  ],
  ['/v3/election/proclaim', {}],
  ['/v3/election/resign', { leader: { name: 'ZQ==', key: 'ZS8xMTIyMTBmNDdkZTk4MTE1', rev: 1 } }],
  ['/v3/election/resign', {}],
];

describe('the same to both', () => {
  test('every call that both serve', async () => {
    for (const [path, body] of REQUESTS) {
      const text = JSON.stringify(body);
      // 3.4 ends what it says of an error with a trailer, which curl leaves out of the body.
      const mine = await curl(ours(path), '-d', text);
      const expected = await curl(theirs(path), '-d', text);
      assert.equal(mine.status, statusSince35(expected.status), `${path} ${text}: ${mine.body}`);
      // 3.4 has no revision here.
      const comparable = path === '/v3/cluster/member/list' ? withoutRevisions : plain;
      assert.deepEqual(comparable(mine.body), comparable(expected.body), `${path} ${text}`);
    }
  });

  test('bodies that are empty, null, followed by something, of another type, or none of ours', async () => {
    for (const options of [
      ['-d', ''],
      ['-d', 'null'],
      ['-d', '{} more'],
      ['-d', `{"nope":1,"key":"${A}"}`],
      ['-H', 'content-type: text/xml', '-d', `{"key":"${A}"}`],
      ['-H', 'Grpc-Timeout: xx', '-d', '{}'],
    ]) {
      const mine = await curl(ours('/v3/kv/range'), ...options);
      const expected = await curl(theirs('/v3/kv/range'), ...options);
      assert.equal(mine.status, expected.status, options.join(' '));
      assert.deepEqual(plain(mine.body), plain(expected.body), options.join(' '));
    }
    for (const wrong of [
      '{"key":',
      '[]',
      '{"key":"!!"}',
      '{"limit":"abc"}',
      '{"limit":1.5}',
      '{"sort_order":"NOPE"}',
    ]) {
      const mine = await curl(ours('/v3/kv/range'), '-d', wrong);
      const expected = await curl(theirs('/v3/kv/range'), '-d', wrong);
      assert.equal(mine.status, expected.status, wrong);
      // The text is of the JSON library, and changed with it in 3.6 too.
      assert.equal((JSON.parse(mine.body) as { code: number }).code, 3);
    }
  });

  test('a watch: created, told, cancelled, line by line', async () => {
    const told = async (url: (path: string) => string): Promise<unknown[]> => {
      const stream = new CurlStream(url('/v3/watch'), '{"create_request":{"key":"dw==","prev_kv":true}}');
      const lines = [await stream.line()];
      await curl(url('/v3/kv/put'), '-d', '{"key":"dw==","value":"MQ=="}');
      lines.push(await stream.line());
      await curl(url('/v3/kv/deleterange'), '-d', '{"key":"dw=="}');
      lines.push(await stream.line());
      await stream.stop();
      return lines.map(withoutRevisions);
    };
    assert.deepEqual(await told(ours), await told(theirs));
  });

  test('an observer of an election', async () => {
    const first = async (url: (path: string) => string): Promise<unknown> => {
      await curl(
        url('/v3/election/campaign'),
        '-d',
        '{"name":"b2I=","lease":"1234567890123456789","value":"dg=="}',
      );
      const stream = new CurlStream(url('/v3/election/observe'), '{"name":"b2I="}');
      const line = await stream.line();
      await stream.stop();
      return withoutRevisions(line);
    };
    assert.deepEqual(await first(ours), await first(theirs));
  });

  test('methods of pages elsewhere, and the prefix of 3.3', async () => {
    for (const url of [ours, theirs]) {
      const { stdout } = await run('curl', ['-sS', '-i', '-X', 'OPTIONS', url('/v3/kv/range')]);
      assert.match(stdout, /^HTTP\/1\.1 200/);
      assert.match(stdout, /access-control-allow-origin: \*/i);
      assert.equal((await curl(url('/v3beta/kv/range'), '-d', `{"key":"${A}"}`)).status, 200);
    }
  });
});

describe('as etcd 3.6 and later', () => {
  test('paths and methods that are not there answer in JSON', async () => {
    assert.deepEqual(await curl(ours('/v3/kv/range')), {
      status: 501,
      body: '{"error":"Method Not Allowed","code":12,"message":"Method Not Allowed"}',
    });
    assert.deepEqual(await curl(ours('/v3/nope'), '-d', '{}'), {
      status: 404,
      body: '{"error":"Not Found","code":5,"message":"Not Found"}',
    });
  });

  test('base64 without padding and of the alphabet for URLs', async () => {
    await curl(ours('/v3/kv/put'), '-d', '{"key":"ZA","value":"_-8"}');
    assert.match((await curl(ours('/v3/kv/range'), '-d', '{"key":"ZA"}')).body, /"value":"\/\+8="/);
  });

  test('probes with their checks', async () => {
    assert.deepEqual(await curl(ours('/livez')), { status: 200, body: 'ok\n' });
    assert.deepEqual(await curl(ours('/readyz')), { status: 200, body: 'ok\n' });
    assert.deepEqual(await curl(ours('/readyz?verbose')), {
      status: 200,
      body: '[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n',
    });
    assert.deepEqual(await curl(ours('/health')), { status: 200, body: '{"health":"true","reason":""}' });
    assert.equal((await curl(ours('/openapi.json'))).status, 200);
    assert.equal((await curl(ours('/debug/vars'))).status, 200);
  });
});

test('a member stops although a watch is open over HTTP/1.1', async () => {
  const member = cluster().members[2]!;
  const stream = new CurlStream(`${member.clientUrl}/v3/watch`, '{"create_request":{"key":"dw=="}}');
  await stream.line();
  await member.stop();
  await stream.ended;
  await member.start();
});

/** The two clusters have seen other numbers of changes by now. */
function withoutRevisions(line: string): unknown {
  return plain(
    line.replace(/,?"(?:revision|create_revision|mod_revision)":"\d+"/g, '').replaceAll('{,', '{'),
  );
}
