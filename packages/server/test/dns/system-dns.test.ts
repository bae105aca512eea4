/** The system's DNS, asked through a name server of this test's own: what comes over the wire becomes records. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { type Dns, findServices, systemDns, urlOf } from '../../src/dns/dns.ts';

const HEADER_BYTES = 12;
const TYPE_PTR = 12;
const TYPE_SRV = 33;
const NO_SUCH_NAME = 3;

const encodedName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);

function askedName(query: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES; query[at] !== 0; at += query[at]! + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
  // Askers vary capitals at will, to know their answers again.
  return labels.join('.').toLowerCase();
}

/** A service's host and port, or the name of an address. */
type KnownRecord = readonly [host: string, port: number] | string;

/** One answer a record, each naming the question's name by a pointer to it. */
function answerTo(query: Buffer, records: readonly KnownRecord[]): Buffer {
  const question = query.subarray(HEADER_BYTES, query.indexOf(0, HEADER_BYTES) + 5);
  const head = Buffer.from(query.subarray(0, HEADER_BYTES));
  head.writeUInt16BE(0x8180 | (records.length === 0 ? NO_SUCH_NAME : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  const answers = records.map((record) => {
    const data = dataOf(record);
    const fixed = Buffer.alloc(12);
    fixed.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
    fixed.writeUInt16BE(typeof record === 'string' ? TYPE_PTR : TYPE_SRV, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(60, 6);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, data]);
  });
  return Buffer.concat([head, question, ...answers]);
}

function dataOf(record: KnownRecord): Buffer {
  if (typeof record === 'string') return encodedName(record);
  const [host, port] = record;
  const fixed = Buffer.alloc(6);
  fixed.writeUInt16BE(port, 4);
  return Buffer.concat([fixed, encodedName(host)]);
}

async function nameServer(
  context: TestContext,
  records: Readonly<Record<string, readonly KnownRecord[]>>,
): Promise<Dns> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) =>
    socket.send(answerTo(query, records[askedName(query)] ?? []), from.port, from.address),
  );
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  context.after(() => socket.close());
  return systemDns([`127.0.0.1:${socket.address().port}`]);
}

test('SRV records come over the wire; the service without any is told', { timeout: 20_000 }, async (t) => {
  const dns = await nameServer(t, {
    '_etcd-server._tcp.example.org': [
      ['b.example.org', 2390],
      ['a.example.org', 2380],
    ],
  });
  const { found, failures } = await findServices(dns, 'etcd-server', {
    domain: 'example.org',
    name: '',
  });
  assert.deepEqual(found.map(urlOf), ['http://a.example.org:2380', 'http://b.example.org:2390']);
  assert.deepEqual(failures, [
    '_etcd-server-ssl._tcp.example.org: querySrv ENOTFOUND _etcd-server-ssl._tcp.example.org',
  ]);
});

test('a host has the addresses that this machine knows', async () => {
  assert.deepEqual(await systemDns().addresses('127.0.0.1'), ['127.0.0.1']);
  assert.ok((await systemDns().addresses('localhost')).length > 0);
});

test('the names of an address are its PTR records', async (t) => {
  const dns = await nameServer(t, { '9.2.0.192.in-addr.arpa': ['m1.peers.test', 'm1.test'] });
  assert.deepEqual([...(await dns.names('192.0.2.9'))].sort(), ['m1.peers.test', 'm1.test']);
  await assert.rejects(dns.names('192.0.2.10'), /ENOTFOUND 192\.0\.2\.10/);
});
