/** `-d DOMAIN`: a command asks the members that DNS names. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runClientCommand } from '../../../src/cli/client/run-client-command.ts';
import { KnownDns, type KnownNames } from '../../dns/known-dns.ts';
import { TestCluster } from '../../member/test-cluster.ts';
import { RecordedTerminal } from './recorded-terminal.ts';

const endings: (() => unknown)[] = [];
let place = '';
before(async () => {
  const cluster = await TestCluster.started({ after: (job) => void endings.push(job) }, { size: 1 });
  place = `127.0.0.1:${cluster.members[0]!.running!.clientPorts[0]}`;
});
after(async () => {
  for (const end of endings) await end();
});

const PLAIN = '_etcd-client._tcp.example.org';

async function run(line: readonly string[], names: KnownNames) {
  const terminal = new RecordedTerminal();
  const dns = new KnownDns(names);
  const code = await runClientCommand(line, {}, terminal, dns);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr, asked: dns.asked };
}

test('the members that DNS names are asked, whatever --endpoints says', async () => {
  const names = { services: { [PLAIN]: [place] } };
  for (const flags of [['-d', 'example.org'], ['--discovery-srv=example.org'], ['-dexample.org']]) {
    const { code, stdout, stderr } = await run([...flags, '--endpoints=127.0.0.1:1', 'put', 'a', 'b'], names);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'OK\n', stderr: '' });
  }
});

test('a name tells clusters of one domain apart', async () => {
  const { code, asked } = await run(['-d', 'example.org', '--discovery-srv-name', 'blue', 'get', 'a'], {
    services: { '_etcd-client-blue._tcp.example.org': [place] },
  });
  assert.equal(code, 0);
  assert.deepEqual(asked, ['_etcd-client-ssl-blue._tcp.example.org', '_etcd-client-blue._tcp.example.org']);
});

test('plaintext members are passed over where they are not wanted; without others, --endpoints counts', async () => {
  const { code, stderr } = await run(
    ['-d', 'example.org', '--insecure-discovery=false', '--endpoints', place, 'get', 'a'],
    { services: { [PLAIN]: ['127.0.0.1:1'] } },
  );
  assert.deepEqual([code, stderr], [0, 'ignoring discovered insecure endpoint "http://127.0.0.1:1"\n']);
});

test('where DNS knows neither service, the command says what it said', async () => {
  const { code, stderr } = await run(['-d', 'example.org', 'get', 'a'], {});
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^Error: dns lookup errors: _etcd-client-ssl\._tcp\.example\.org: .* and _etcd-client\._tcp/,
  );
});
