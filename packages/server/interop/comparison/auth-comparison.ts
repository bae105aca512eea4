/**
 * The same random requests about users and roles, and by users of all kinds, to a cluster and to a real etcd beside it:
 * status, error text and every field of every answer must be equal (ids, terms and tokens aside).
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { GrpcAnswer } from '../grpc-channel.ts';
import { type ComparedPath, plainAnswer } from '../message-shapes.ts';
import { bytesField, decodeFields, encodeFields } from '../protobuf-fields.ts';
import { type RandomAuthRequest, RandomAuthRequests } from '../random-auth-requests.ts';
import type { CallChannel } from './call-channel.ts';

/** What both clusters are to be started with. The least there is: the passwords are not what is compared. */
export const AUTH_FLAGS: readonly string[] = ['--bcrypt-cost=4'];
/** What a client does with this answer: it asks again. A member that lags gives it, and one etcd alone cannot. */
const OLD_REVISION = 'etcdserver: revision of auth store is old';
const TRIES_MAX = 20;
/** So many requests come to every kind of answer. */
const COUNT_MEETING_ALL = 1_000;

/** One of the two, with the tokens that its users have. */
class Side {
  readonly channels: readonly CallChannel[];
  private readonly tokens = new Map<string, string>();
  private turn = 0;

  constructor(channels: readonly CallChannel[]) {
    this.channels = channels;
  }

  async ask(request: RandomAuthRequest): Promise<GrpcAnswer> {
    const token = request.user === undefined ? undefined : this.tokens.get(request.user);
    const channel = this.channels[this.turn++ % this.channels.length]!;
    for (let tries = 1; ; tries++) {
      const answer = await channel.unary(request.path, request.message, 30_000, token);
      if (answer.text === OLD_REVISION && tries < TRIES_MAX) continue;
      if (request.path === '/etcdserverpb.Auth/Authenticate' && answer.status === 0)
        this.tokens.set(
          bytesField(decodeFields(request.message as Buffer), 1).toString(),
          bytesField(decodeFields(answer.message!), 2).toString(),
        );
      // Where auth is disabled, 3.4 still looks at tokens, and 3.7 does not.
      if (request.path === '/etcdserverpb.Auth/AuthDisable' && answer.status === 0) this.tokens.clear();
      return answer;
    }
  }

  hasToken(user: string | undefined): boolean {
    return user !== undefined && this.tokens.has(user);
  }

  /** Every member has applied what was answered so far: a question about users comes after a round with the others. */
  async catchUp(): Promise<void> {
    for (const channel of this.channels)
      await channel.unary('/etcdserverpb.Auth/Authenticate', encodeFields([[1, 'none']]));
  }
}

function outcome(path: ComparedPath, { status, text, message }: GrpcAnswer) {
  return { status, text, answer: message === undefined ? undefined : plainAnswer(path, message) };
}

const SETUP: readonly (readonly [string, readonly (readonly [number, string])[]])[] = [
  [
    'UserAdd',
    [
      [1, 'root'],
      [2, 'p1'],
    ],
  ],
  [
    'UserGrantRole',
    [
      [1, 'root'],
      [2, 'root'],
    ],
  ],
];

/** From clusters without users; leaves auth enabled. */
export async function compareAuth(
  context: TestContext,
  {
    etcd,
    members,
    seed,
    count,
  }: {
    readonly etcd: CallChannel;
    readonly members: readonly CallChannel[];
    readonly seed: number;
    readonly count: number;
  },
): Promise<void> {
  const ours = new Side(members);
  const theirs = new Side([etcd]);
  const requests = new RandomAuthRequests(seed);
  const texts = new Map<string, number>();
  for (const side of [ours, theirs])
    for (const [name, fields] of SETUP)
      await side.channels[0]!.unary(`/etcdserverpb.Auth/${name}`, encodeFields(fields));
  for (let at = 0; at < count; at++) {
    const request = requests.next();
    // Leases are for users in 3.7; in 3.4 they are for everybody.
    if (request.path.startsWith('/etcdserverpb.Lease/') && !theirs.hasToken(request.user)) continue;
    if (request.mayLag) await ours.catchUp();
    const [answer, expected] = await Promise.all([ours.ask(request), theirs.ask(request)]);
    assert.notEqual(expected.status, -1, `request ${at} ended the real etcd: ${request.description}`);
    assert.deepEqual(
      outcome(request.path, answer),
      outcome(request.path, expected),
      `request ${at}: ${request.description}`,
    );
    if (request.path.startsWith('/etcdserverpb.Auth/')) await ours.catchUp();
    const key = expected.status === 0 ? 'OK' : expected.text;
    texts.set(key, (texts.get(key) ?? 0) + 1);
  }
  for (const [text, count] of texts) context.diagnostic(`${count} × ${text}`);
  if (count < COUNT_MEETING_ALL) return;
  // Otherwise the requests met too little.
  for (const text of ['OK', 'permission denied', 'user name is empty', 'invalid auth token'])
    assert.ok((texts.get(text) ?? texts.get(`etcdserver: ${text}`) ?? 0) > count / 200, text);
}
