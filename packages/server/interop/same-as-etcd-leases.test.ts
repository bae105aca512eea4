/**
 * The same random steps around leases to a member and to a real etcd beside it, with streams of renewals that stay open
 * over many of them: status, error text and every field of every answer must be equal (seconds that remain aside).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unreachable } from '@synod/consensus';
import { Cluster } from './cluster/cluster.ts';
import { targetNamed } from './cluster/target.ts';
import { GrpcChannel } from './grpc-channel.ts';
import type { GrpcStream } from './grpc-stream.ts';
import {
  type ComparedPath,
  type Plain,
  plainAnswer,
  plainLeases,
  plainTimeToLive,
} from './message-shapes.ts';
import { encodeFields, type Fields } from './protobuf-fields.ts';
import { type LeaseStep, LONG_TTL_SECONDS, RandomLeaseSteps } from './random-lease-steps.ts';
import { sharedCluster } from './shared-cluster.ts';

const SEED = Number(process.env['SYNOD_INTEROP_SEED'] ?? 20_240_229);
const STEPS = Number(process.env['SYNOD_INTEROP_LEASE_STEPS'] ?? 3_000);
/** Granted for less than the least there is, and let go. */
const SHORT_LEASES = [21, 22, 23];
const SHORT_TTL_SECONDS = [1, 0, 2];
const EXPIRY_TIMEOUT_MS = 20_000;
/** More than passes between a grant and the end of the test. */
const ELAPSED_SECONDS_MAX = 1_000;
const KEEP_ALIVE = '/etcdserverpb.Lease/LeaseKeepAlive';
const TIME_TO_LIVE = '/etcdserverpb.Lease/LeaseTimeToLive';

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

/** One of the two, asked at one member, with the streams that are open there. */
class Side {
  private readonly channel: GrpcChannel;
  private readonly streams = new Map<number, GrpcStream>();

  constructor(member: { readonly clientUrl: string }) {
    this.channel = new GrpcChannel(member);
  }

  async take(step: LeaseStep): Promise<unknown> {
    switch (step.kind) {
      case 'call':
        return this.call(step.path, step.fields);
      case 'own id':
        return this.withOwnId(step.ttlSeconds);
      case 'open stream':
        this.streams.set(step.stream, this.channel.open(KEEP_ALIVE));
        return undefined;
      case 'renew':
        return this.renew(this.streams.get(step.stream)!, step.ids);
      case 'end stream': {
        const stream = this.streams.get(step.stream)!;
        this.streams.delete(step.stream);
        for (const id of step.ids) stream.send(renewal(id));
        stream.halfClose();
        const answers = await this.answers(stream, step.ids.length);
        assert.equal(await stream.next(), undefined, 'more answers than renewals');
        return { answers, end: await stream.ended };
      }
      case 'drop stream':
        this.streams.get(step.stream)!.cancel();
        this.streams.delete(step.stream);
        return undefined;
      default:
        return unreachable(step);
    }
  }

  async call(path: ComparedPath, fields: Fields): Promise<{ status: number; text: string; answer: unknown }> {
    const { status, text, message } = await this.channel.unary(path, encodeFields(fields));
    return { status, text, answer: message === undefined ? undefined : plain(path, message) };
  }

  /** Whether all have no time to live any more. */
  async areGone(ids: readonly number[]): Promise<boolean> {
    const answers = await Promise.all(ids.map((id) => this.call(TIME_TO_LIVE, [[1, id]])));
    return answers.every(({ answer }) => (answer as { grantedTtl?: number }).grantedTtl === undefined);
  }

  private async renew(stream: GrpcStream, ids: readonly number[]): Promise<Plain[]> {
    for (const id of ids) stream.send(renewal(id));
    return this.answers(stream, ids.length);
  }

  /** In the order of ids: of renewals that are sent at once, ours answers each as it completes. */
  private async answers(stream: GrpcStream, count: number): Promise<Plain[]> {
    const answers: Plain[] = [];
    while (answers.length < count) {
      const message = await stream.next();
      if (message === undefined) assert.fail(`the stream ended: ${JSON.stringify(await stream.ended)}`);
      answers.push(plainAnswer(KEEP_ALIVE, message));
    }
    return answers.sort((left, right) => Number(left['id'] ?? 0) - Number(right['id'] ?? 0));
  }

  private async withOwnId(ttlSeconds: number): Promise<unknown[]> {
    const { message } = await this.channel.unary(
      '/etcdserverpb.Lease/LeaseGrant',
      encodeFields([[1, ttlSeconds]]),
    );
    const granted = plainAnswer('/etcdserverpb.Lease/LeaseGrant', message!) as Record<string, unknown>;
    // An id of 63 bits: read again as it stands on the wire, and sent so.
    const id = { bytes: idBytes(message!) };
    const stream = this.channel.open(KEEP_ALIVE);
    stream.send(id.bytes);
    stream.halfClose();
    const renewed = plainAnswer(KEEP_ALIVE, (await stream.next())!);
    const looked = plainTimeToLive((await this.channel.unary(TIME_TO_LIVE, id.bytes)).message!);
    const revoked = await this.channel.unary('/etcdserverpb.Lease/LeaseRevoke', id.bytes);
    const gone = plainTimeToLive((await this.channel.unary(TIME_TO_LIVE, id.bytes)).message!);
    return [granted, renewed, coarse(looked), { status: revoked.status }, gone].map((one) => ({
      ...one,
      id: 'its own',
    }));
  }

  close(): void {
    this.channel.close();
  }
}

const renewal = (id: number): Buffer => encodeFields(id === 0 ? [] : [[1, id]]);

/** The `ID` of a LeaseGrantResponse, field 2, as field 1 of a message of its own. */
function idBytes(message: Buffer): Buffer {
  const head = 2 + message[1]!;
  const rest = message.subarray(head);
  assert.equal(rest[0], 0x10, 'an id behind the header');
  const end = rest.findIndex((byte, at) => at > 0 && byte < 0x80);
  return Buffer.from([0x08, ...rest.subarray(1, end + 1)]);
}

function plain(path: ComparedPath, message: Buffer): Plain {
  if (path === TIME_TO_LIVE) return coarse(plainTimeToLive(message));
  return path === '/etcdserverpb.Lease/LeaseLeases' ? plainLeases(message) : plainAnswer(path, message);
}

/** Of a lease that lives, whether about as much of its time remains as can be; of others the answer as it is. */
function coarse(answer: Plain): Plain {
  const { ttl, grantedTtl } = answer as { ttl?: number; grantedTtl?: number };
  if (grantedTtl === undefined || ttl === undefined) return answer;
  const isFresh = ttl <= grantedTtl && ttl >= grantedTtl - ELAPSED_SECONDS_MAX;
  return { ...answer, ttl: isFresh ? 'about all of it' : ttl };
}

async function same(sides: readonly Side[], what: string, step: LeaseStep): Promise<unknown> {
  const description = `${what} of seed ${SEED}: ${JSON.stringify(step)}`;
  const [ours, theirs] = await Promise.all(sides.map((side) => side.take(step)));
  assert.deepEqual(ours, theirs, description);
  return theirs;
}

test(`${STEPS} steps around leases, of seed ${SEED}`, async (t) => {
  const etcd = new Side(reference.members[0]!);
  const members = cluster().members.map((member) => new Side(member));
  t.after(() => [etcd, ...members].map((side) => side.close()));
  await expireShortLeases([members[0]!, etcd]);
  const seen = new Map<string, number>();
  for (const [at, member] of members.entries()) {
    const sides = [member, etcd];
    const steps = new RandomLeaseSteps(SEED + at, SHORT_LEASES);
    // It has applied what was answered by the one before it.
    await same(sides, 'catching up', { kind: 'call', path: '/etcdserverpb.KV/Put', fields: [[1, 'a']] });
    for (let step = 0; step < STEPS / members.length; step++) {
      const taken = steps.next();
      const answer = await same(sides, `step ${step} at member ${at}`, taken);
      count(seen, taken, answer);
    }
  }
  for (const [what, times] of [...seen].sort()) t.diagnostic(`${times} × ${what}`);
  // Otherwise the steps met too little.
  for (const what of ['renewed', 'gone', 'end stream', 'drop stream', 'own id'])
    assert.ok((seen.get(what) ?? 0) >= STEPS / 100, `${what}: ${seen.get(what)}`);
});

/** Leases that nobody renews end by themselves, with their keys, on both. */
async function expireShortLeases(sides: readonly Side[]): Promise<void> {
  for (const [at, id] of SHORT_LEASES.entries()) {
    const fields: Fields = [
      [1, SHORT_TTL_SECONDS[at]!],
      [2, id],
    ];
    await same(sides, 'a short lease', { kind: 'call', path: '/etcdserverpb.Lease/LeaseGrant', fields });
    const put: Fields = [
      [1, `short/${id}`],
      [3, id],
    ];
    await same(sides, 'its key', { kind: 'call', path: '/etcdserverpb.KV/Put', fields: put });
  }
  const deadline = performance.now() + EXPIRY_TIMEOUT_MS;
  for (const side of sides)
    while (!(await side.areGone(SHORT_LEASES)))
      if (performance.now() > deadline) assert.fail('short leases live on');
  const range: Fields = [
    [1, 'short/'],
    [2, 'short0'],
  ];
  await same(sides, 'their keys', { kind: 'call', path: '/etcdserverpb.KV/Range', fields: range });
  for (const id of SHORT_LEASES)
    await same(sides, 'what is left', { kind: 'call', path: TIME_TO_LIVE, fields: [[1, id]] });
}

function count(seen: Map<string, number>, { kind }: LeaseStep, answer: unknown): void {
  const one = (what: string): unknown => seen.set(what, (seen.get(what) ?? 0) + 1);
  one(kind);
  if (kind !== 'renew') return;
  for (const { ttl } of answer as readonly { readonly ttl?: number }[])
    one((ttl ?? 0) >= LONG_TTL_SECONDS ? 'renewed' : 'gone');
}
