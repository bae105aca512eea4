/**
 * What no client should send, each answered with a clear error, while a bystander at the same members notices nothing.
 * Error texts are etcd's own.
 */
import assert from 'node:assert/strict';
import { connect as connectSocket, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './cluster/free-ports.ts';
import { MemberProcess } from './cluster/member-process.ts';
import { target } from './cluster/target.ts';
import { etcdctl } from './etcdctl.ts';
import { GRPC, GrpcChannel } from './grpc-channel.ts';
import { PUT, putRequest, putsRequest, RANGE, range, revisionOf, TXN } from './key-value.ts';
import { encodeFields } from './protobuf-fields.ts';
import { sharedCluster } from './shared-cluster.ts';

const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;
/** A connection that is refused must be over by then. */
const CLOSE_TIMEOUT_MS = 15_000;

let channel: GrpcChannel;
let bystander: Bystander;
const cluster = sharedCluster(
  {},
  {
    started: ({ members }) => {
      channel = new GrpcChannel(members[0]!);
      bystander = new Bystander(new GrpcChannel(members[0]!));
    },
    stopping: async () => {
      channel?.close();
      await bystander?.stop();
    },
  },
);

/** Puts and reads on one connection the whole time; any failure of it is a failure of the test that looks. */
class Bystander {
  private readonly channel: GrpcChannel;
  private puts = 0;
  private failure: string | undefined;
  private stopping = false;
  private readonly loop: Promise<void>;

  constructor(ofItsOwn: GrpcChannel) {
    this.channel = ofItsOwn;
    this.loop = this.run();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const answer = await this.channel.unary(PUT, putRequest('bystander', `${this.puts}`), 5_000);
      if (answer.status !== 0) this.failure ??= `put ${this.puts}: ${answer.status} ${answer.text}`;
      this.puts++;
      await sleep(5);
    }
    this.channel.close();
  }

  /** It went on since the last look, and nothing it acknowledged is lost. */
  async expectUnharmed(): Promise<void> {
    const before = this.puts;
    while (this.puts < before + 3 && this.failure === undefined) await sleep(5);
    assert.equal(this.failure, undefined);
    const { values } = await range(this.channel, { key: 'bystander' });
    assert.ok(Number(values[0]?.value) >= before);
    assert.equal(values[0]?.version, Number(values[0]?.value) + 1);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.loop;
  }
}

async function expectRefused(
  path: string,
  message: Uint8Array,
  status: number,
  text: string | RegExp,
): Promise<void> {
  const answer = await channel.unary(path, message);
  const shown = `${answer.status} ${answer.text}`;
  if (typeof text === 'string') assert.equal(answer.text, text, shown);
  else assert.match(answer.text, text, shown);
  assert.equal(answer.status, status, shown);
  await bystander.expectUnharmed();
}

describe('requests that are refused', () => {
  test('over 1.5 MiB', async () => {
    await expectRefused(
      PUT,
      putRequest('big', Buffer.alloc(REQUEST_BYTES_MAX)),
      GRPC.invalidArgument,
      'etcdserver: request is too large',
    );
    const { values } = await range(channel, { key: 'big' });
    assert.deepEqual(values, []);
  });

  test('far over 1.5 MiB: refused before it is read as a message', async () => {
    await expectRefused(
      PUT,
      putRequest('big', Buffer.alloc(4 * 1024 * 1024)),
      GRPC.resourceExhausted,
      /^grpc: received message larger than max \(\d+ vs\. 2097152\)$/,
    );
  });

  test('just under 1.5 MiB passes', async () => {
    const answer = await channel.unary(PUT, putRequest('big', Buffer.alloc(REQUEST_BYTES_MAX - 1024)));
    assert.equal(answer.text, '');
    await etcdctl(cluster().members, ['del', 'big']);
    await bystander.expectUnharmed();
  });

  test('an empty key', async () => {
    const nothing = new Uint8Array(0);
    for (const path of [PUT, RANGE, '/etcdserverpb.KV/DeleteRange'])
      await expectRefused(path, nothing, GRPC.invalidArgument, 'etcdserver: key is not provided');
  });

  test('129 operations', async () => {
    const puts = Array.from({ length: 129 }, (_, at) => [`op/${at}`, 'x'] as const);
    await expectRefused(
      TXN,
      putsRequest(puts),
      GRPC.invalidArgument,
      'etcdserver: too many operations in txn request',
    );
    assert.ok(revisionOf(await channel.unary(TXN, putsRequest(puts.slice(1)))) > 1);
  });

  test('a key twice', async () => {
    await expectRefused(
      TXN,
      putsRequest([
        ['twice', '1'],
        ['twice', '2'],
      ]),
      GRPC.invalidArgument,
      'etcdserver: duplicate key given in txn request',
    );
  });

  test('an invalid sort option', {
    skip: target.name === 'etcd' && 'it makes etcd 3.4 itself panic',
  }, async () => {
    const request = encodeFields([
      [1, 'a'],
      [5, 1],
      [6, 99],
    ]);
    await expectRefused(RANGE, request, GRPC.invalidArgument, 'etcdserver: invalid sort option');
  });

  test('a revision that is still to come', async () => {
    const request = encodeFields([
      [1, 'a'],
      [4, 1_000_000],
    ]);
    await expectRefused(
      RANGE,
      request,
      GRPC.outOfRange,
      'etcdserver: mvcc: required revision is a future revision',
    );
  });
});

describe('a transaction of which one operation is refused', () => {
  const skip = target.name === 'etcd' && 'the members of etcd 3.4 come apart: some keep the put';

  test('C3 has no effect at all, on any member', { skip }, async () => {
    const futureRange = encodeFields([
      [1, 'half'],
      [4, 1_000_000],
    ]);
    const request = encodeFields([
      [2, encodeFields([[2, putRequest('half', 'x')]])],
      [2, encodeFields([[1, futureRange]])],
    ]);
    await expectRefused(
      TXN,
      request,
      GRPC.outOfRange,
      'etcdserver: mvcc: required revision is a future revision',
    );
    for (const member of cluster().members) {
      const own = new GrpcChannel(member);
      assert.deepEqual((await range(own, { key: 'half' })).values, [], member.name);
      own.close();
    }
  });
});

describe('calls that are none', () => {
  test('an unknown method and an unknown service', async () => {
    await expectRefused(
      '/etcdserverpb.KV/Bogus',
      new Uint8Array(0),
      GRPC.unimplemented,
      'unknown method Bogus for service etcdserverpb.KV',
    );
    await expectRefused(
      '/etcdserverpb.Bogus/Put',
      new Uint8Array(0),
      GRPC.unimplemented,
      'unknown service etcdserverpb.Bogus',
    );
  });

  test('malformed protobuf', async () => {
    const malformed: readonly Uint8Array[] = [
      // A length that reaches past the end; a varint without an end; a group's end without a beginning; field 0.
      Uint8Array.of(0x0a, 0xff, 0x01, 0x61),
      Uint8Array.of(0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0x0c),
      Uint8Array.of(0x02, 0x01, 0x61),
    ];
    for (const message of malformed) await expectRefused(PUT, message, GRPC.internal, /unmarshal/);
  });

  test('a message that is cut off, compressed without a word, or missing', async () => {
    const whole = putRequest('framed', 'x');
    const framed = Buffer.concat([Uint8Array.of(0, 0, 0, 0, whole.length), whole]);
    const cut = await channel.exchange(PUT, framed.subarray(0, framed.length - 2));
    const compressed = await channel.exchange(PUT, Buffer.concat([Uint8Array.of(1), framed.subarray(1)]));
    const missing = await channel.exchange(PUT, new Uint8Array(0));
    for (const answer of [cut, compressed, missing])
      assert.notEqual(answer.status, GRPC.ok, `${answer.status} ${answer.text}`);
    assert.deepEqual((await range(channel, { key: 'framed' })).values, []);
    await bystander.expectUnharmed();
  });
});

describe('bytes that are no protocol', () => {
  const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const EMPTY_SETTINGS = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0);
  const frame = (type: number, flags: number, streamId: number, payload: Uint8Array): Uint8Array =>
    Buffer.concat([
      Uint8Array.of(0, payload.length >> 8, payload.length & 255, type, flags, 0, 0, 0, streamId),
      payload,
    ]);

  const random = Buffer.from(
    Array.from({ length: 4096 }, (_, at) => (at * 7919 + (at >> 3) * 104_729) & 255),
  );
  const garbage: Readonly<Record<string, Uint8Array>> = {
    'random bytes': random,
    zeros: Buffer.alloc(64 * 1024),
    'a TLS hello': Buffer.concat([
      Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3),
      random.subarray(0, 501),
    ]),
    'half a preface, then nonsense': Buffer.concat([PREFACE.subarray(0, 12), random]),
    'a preface, then nonsense': Buffer.concat([PREFACE, random]),
    'SETTINGS of a wrong length': Buffer.concat([PREFACE, frame(4, 0, 0, new Uint8Array(5))]),
    'SETTINGS on a stream': Buffer.concat([PREFACE, frame(4, 0, 1, new Uint8Array(0))]),
    'DATA on stream 0': Buffer.concat([PREFACE, EMPTY_SETTINGS, frame(0, 0, 0, new Uint8Array(4))]),
    'HEADERS that do not decode': Buffer.concat([
      PREFACE,
      EMPTY_SETTINGS,
      frame(1, 5, 1, new Uint8Array(16).fill(255)),
    ]),
    'a frame over the size limit': Buffer.concat([
      PREFACE,
      EMPTY_SETTINGS,
      Uint8Array.of(255, 255, 255, 0, 0, 0, 0, 0, 1),
      random,
    ]),
  };

  for (const [name, bytes] of Object.entries(garbage)) {
    test(`${name}, on the client port and on the peer port of every member`, async () => {
      const sockets = await Promise.all(
        cluster().members.flatMap(({ options }) =>
          [options.clientPort, options.peerPort].map((port) => send(port, bytes)),
        ),
      );
      // The sender closes as well: what matters is that each member is done with it and nobody else felt it.
      await Promise.all(sockets.map(ended));
      await bystander.expectUnharmed();
      for (const member of cluster().members) assert.ok(await member.isHealthy(), member.name);
    });
  }

  /** Sends everything and half-closes. */
  function send(port: number, bytes: Uint8Array): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connectSocket(port, '127.0.0.1', () => {
        socket.end(bytes);
        socket.resume();
        resolve(socket);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
      });
    });
  }

  async function ended(socket: Socket): Promise<void> {
    if (socket.closed) return;
    const late = sleep(CLOSE_TIMEOUT_MS, 'late' as const, { ref: false });
    // Not `once`: it would take the reset, which is one way to be refused, for a failure.
    const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')));
    const outcome = await Promise.race([closed, late]);
    assert.equal(outcome, 'closed', `the member holds on to the connection to port ${socket.remotePort}`);
  }
});

describe('a peer of another cluster', () => {
  let stranger: MemberProcess;
  before(async () => {
    const [clientPort, peerPort] = (await freePorts(2)) as [number, number];
    const own = { name: 'stranger', clientPort, peerPort };
    const known = cluster()
      .members.slice(0, 2)
      .map(({ options }) => options);
    stranger = new MemberProcess({
      ...cluster().members[0]!.options,
      ...own,
      dataDir: `${cluster().directory}/stranger`,
      logFile: `${cluster().directory}/stranger.log`,
      initialMembers: [...known, own],
      clusterToken: 'another-cluster',
    });
  });
  after(() => stranger?.kill());

  test('is turned away, says why, and disturbs nobody', async () => {
    const before = await cluster().status();
    stranger.spawn();
    const deadline = performance.now() + 15_000;
    const logs = (): string => [stranger, ...cluster().members].map((member) => member.log()).join('\n');
    while (!target.refusal.foreignPeer.test(logs())) {
      assert.ok(
        performance.now() < deadline,
        `nobody says that the cluster is another one:\n${stranger.logTail()}`,
      );
      await sleep(100);
    }
    // Three election timeouts in which it must not become part of anything.
    await sleep(3_000);
    assert.equal(await stranger.isHealthy(), false);
    assert.equal((await stranger.kill()).code === 0, false);
    const after = await cluster().status();
    assert.deepEqual(
      after.map((status) => status.leaderId),
      before.map((status) => status.leaderId),
    );
    const { stdout } = await etcdctl(cluster().members, ['member', 'list']);
    assert.equal(stdout.trimEnd().split('\n').length, 3);
    await bystander.expectUnharmed();
  });
});
