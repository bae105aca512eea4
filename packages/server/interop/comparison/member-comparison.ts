/**
 * The same random requests about members, alarms and upkeep to a member and to a real etcd beside it: status, error text and
 * what is compared of every answer must be equal (ids are compared by whose they are).
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type TableMessage, tableDecode, tableEncode } from '../../test/protocols/etcd/wire/table-codec.ts';
import { WIRE_RPCS } from '../../test/protocols/etcd/wire/wire-tables.ts';
import { Cluster } from '../cluster/cluster.ts';
import { targetNamed } from '../cluster/target.ts';
import {
  CLEARING,
  type ComparedRequest,
  IdOf,
  type MemberName,
  OWN_URL,
  RandomMemberRequests,
  type RandomMessage,
  ROWS,
  withIds,
} from '../random-member-requests.ts';
import type { CallChannel, OpenChannel } from './call-channel.ts';

/** What etcd's own table has a code for, and its server sends as unknown. */
const WITHOUT_CODE = 'etcdserver: re-configuration failed due to not enough started members';
const NOBODY = 0x0123456789abcdefn;

/** One of the two clusters, each of one member, and the ids that it gave. */
class Side {
  private readonly cluster: Cluster;
  private readonly channel: CallChannel;
  private readonly ids = new Map<MemberName, bigint>([
    ['learner', NOBODY],
    ['former', NOBODY],
    ['nobody', NOBODY],
  ]);

  private constructor(cluster: Cluster, channel: CallChannel) {
    this.cluster = cluster;
    this.channel = channel;
  }

  static async start(target: 'etcd' | undefined, open: OpenChannel): Promise<Side> {
    const cluster = await Cluster.start({
      memberCount: 1,
      ...(target === undefined ? {} : { target: targetNamed(target) }),
    });
    const side = new Side(cluster, open(cluster.members[0]!, target === undefined ? 'ours' : 'theirs'));
    try {
      const [self] = (await side.ask('Cluster/MemberList', {}))['members'] as readonly TableMessage[];
      side.ids.set('self', self!['ID'] as bigint);
      return side;
    } catch (error) {
      await side.stop();
      throw error;
    }
  }

  /** The answer's message, with the status and its text. */
  async ask(call: string, message: RandomMessage): Promise<Record<string, unknown>> {
    const path = `/etcdserverpb.${call}`;
    const types = WIRE_RPCS.find((rpc) => rpc.path === path)!;
    const request = withIds(message, (whose) => this.ids.get(whose)!);
    const answer = await this.channel.unary(path, tableEncode(types.request, request));
    const decoded = answer.message === undefined ? {} : tableDecode(types.response, answer.message);
    this.learn(call, decoded, answer.status === 0);
    return { ...decoded, status: answer.status, text: answer.text };
  }

  /** What both must say alike: by names instead of ids, without the addresses of the one that runs. */
  plain(answer: Record<string, unknown>, compared: readonly string[]): unknown {
    const text = answer['text'];
    const status = text === WITHOUT_CODE ? 'any' : answer['status'];
    const fields = Object.fromEntries(compared.map((field) => [field, this.named(answer[field])]));
    return { status, text, ...fields };
  }

  private learn(call: string, answer: TableMessage, isDone: boolean): void {
    if (!isDone) return;
    if (call === 'Cluster/MemberAdd')
      this.ids.set('learner', (answer['member'] as TableMessage)['ID'] as bigint);
    const learner = this.ids.get('learner')!;
    const members = answer['members'] as readonly TableMessage[] | undefined;
    if (call !== 'Cluster/MemberRemove' || members?.some(({ ID }) => ID === learner) === true) return;
    this.ids.set('former', learner);
    this.ids.set('learner', NOBODY);
  }

  private named(value: unknown): unknown {
    if (typeof value === 'bigint') return this.nameOf(value);
    if (Array.isArray(value)) return value.map((one) => this.named(one)).sort(byText);
    if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
    const { ID } = value as TableMessage;
    if (ID === this.ids.get('self')) return 'self';
    return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, this.named(inner)]));
  }

  private nameOf(id: bigint): string {
    for (const [name, known] of this.ids) if (known === id && known !== NOBODY) return name;
    return id === NOBODY ? 'nobody' : String(id);
  }

  async snapshot(): Promise<bigint> {
    let remaining = -1n;
    for await (const message of this.channel.stream('/etcdserverpb.Maintenance/Snapshot', Buffer.alloc(0)))
      remaining = (tableDecode('etcdserverpb.SnapshotResponse', message)['remaining_bytes'] ?? 0n) as bigint;
    return remaining;
  }

  async stop(): Promise<void> {
    this.channel.close();
    await this.cluster.destroy();
  }
}

const byText = (left: unknown, right: unknown): number => (textOf(left) < textOf(right) ? -1 : 1);
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner));

/** Starts both, each of one member. `left`: calls that are left out, as `Service/Method`. */
export async function compareMembers(
  t: TestContext,
  {
    open,
    seed,
    count,
    left = [],
  }: {
    readonly open: OpenChannel;
    readonly seed: number;
    readonly count: number;
    readonly left?: readonly string[];
  },
): Promise<void> {
  const [ours, theirs] = await Promise.all([Side.start(undefined, open), Side.start('etcd', open)]);
  t.after(() => Promise.all([ours.stop(), theirs.stop()]));
  const answered = new Map<string, number>();
  const same = async (what: string, { call, message, compared }: ComparedRequest) => {
    const [answer, expected] = await Promise.all([ours.ask(call, message), theirs.ask(call, message)]);
    const description = `${what} of seed ${seed}: ${call} ${textOf(message)}`;
    assert.notEqual(expected['status'], -1, `the real etcd ended by ${description}`);
    assert.deepEqual(ours.plain(answer, compared), theirs.plain(expected, compared), description);
    const key = `${call}: ${expected['status'] === 0 ? 'OK' : expected['text']}`;
    answered.set(key, (answered.get(key) ?? 0) + 1);
  };
  const moved = { ID: new IdOf('self'), peerURLs: [OWN_URL] };
  await same('the first', { call: 'Cluster/MemberUpdate', message: moved, compared: ['members'] });
  for (const [round, kind] of (['NOSPACE', 'CORRUPT'] as const).entries()) {
    const requests = new RandomMemberRequests(seed + round, kind, left);
    for (let at = 0; at < count / 2; at++) await same(`request ${at} with ${kind}`, requests.next());
    for (const message of CLEARING)
      await same('a clearing', { call: 'Maintenance/Alarm', message, compared: [] });
  }
  for (const [key, count] of [...answered].sort()) t.diagnostic(`${count} × ${key}`);
  // Otherwise the requests met too little.
  for (const { call } of ROWS.filter((row) => !left.includes(row.call)))
    assert.ok(
      [...answered.keys()].some((key) => key.startsWith(call)),
      call,
    );
  assert.deepEqual([await ours.snapshot(), await theirs.snapshot()], [0n, 0n]);
}
