/**
 * The same random requests of Lock and Election to a member and to a real etcd beside it: status, text and answer must be
 * equal field by field. Only those that need not wait, so that one follows the other.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type ComparedPath, plainAnswer } from '../message-shapes.ts';
import { encodeFields, type Fields } from '../protobuf-fields.ts';
import type { CallChannel } from './call-channel.ts';

const LEASES = [11, 12, 13];
const NAMES = ['a', 'b/c', ''];
const VALUES = ['', 'v', 'w'];

/** Both clusters' answers to one request after the other. */
export class LockPair {
  readonly ours: CallChannel;
  readonly theirs: CallChannel;
  readonly statuses = new Map<string, number>();

  constructor(ours: CallChannel, theirs: CallChannel) {
    this.ours = ours;
    this.theirs = theirs;
  }

  /** @returns the answer that both gave. */
  async same(path: ComparedPath, fields: Fields): Promise<Record<string, unknown> | undefined> {
    const message = encodeFields(fields);
    const [ours, theirs] = await Promise.all([
      this.ours.unary(path, message),
      this.theirs.unary(path, message),
    ]);
    const plain = ({ status, text, message: bytes }: typeof ours) => ({
      status,
      text,
      answer: bytes === undefined ? undefined : (plainAnswer(path, bytes) as Record<string, unknown>),
    });
    assert.deepEqual(plain(ours), plain(theirs), `${path} ${JSON.stringify(fields)}`);
    const key = `${path} ${theirs.status} ${theirs.text}`;
    this.statuses.set(key, (this.statuses.get(key) ?? 0) + 1);
    return plain(theirs).answer;
  }

  close(): void {
    this.ours.close();
    this.theirs.close();
  }
}

export async function compareLocks(
  context: TestContext,
  pair: LockPair,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<void> {
  const below = randomFrom(seed);
  const pick = <Choice>(choices: readonly Choice[]): Choice => choices[below(choices.length)]!;
  for (let at = 0; at < count; at++) {
    const name = pick(NAMES);
    const lease = pick(LEASES);
    const ownKey = `${name}/${lease.toString(16)}`;
    const owner = await ownerOf(pair, name);
    const free = owner === undefined || owner === ownKey;
    const leader = encodeFields([
      [1, name],
      [2, below(8) === 0 ? '' : (owner ?? ownKey)],
      [3, below(3) === 0 ? 5 : await createRevisionOf(pair, owner)],
      [4, lease],
    ]);
    switch (below(9)) {
      case 0:
        await pair.same('/etcdserverpb.Lease/LeaseGrant', [
          [1, 6000],
          [2, lease],
        ]);
        break;
      case 1:
        if (below(3) === 0) await pair.same('/etcdserverpb.Lease/LeaseRevoke', [[1, lease]]);
        break;
      case 2:
        if (free)
          await pair.same('/v3lockpb.Lock/Lock', [
            [1, name],
            [2, lease],
          ]);
        break;
      case 3:
        await pair.same('/v3lockpb.Lock/Unlock', [[1, below(9) === 0 ? '' : (owner ?? ownKey)]]);
        break;
      case 4:
        if (free)
          await pair.same('/v3electionpb.Election/Campaign', [
            [1, name],
            [2, lease],
            [3, pick(VALUES)],
          ]);
        break;
      case 5:
        await pair.same('/v3electionpb.Election/Proclaim', [
          [1, leader],
          [2, pick(VALUES)],
        ]);
        break;
      case 6:
        await pair.same('/v3electionpb.Election/Leader', [[1, name]]);
        break;
      case 7:
        await pair.same('/v3electionpb.Election/Resign', [[1, leader]]);
        break;
      default:
        await pair.same(pick(['/v3electionpb.Election/Resign', '/v3electionpb.Election/Proclaim']), []);
    }
  }
  for (const [what, count] of pair.statuses) context.diagnostic(`${count} × ${what}`);
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x45d9f3b) >>> 0;
    return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
  };
}

/** The key that owns the name, if any; looked up in both. */
async function ownerOf(pair: LockPair, name: string): Promise<string | undefined> {
  const answer = await pair.same('/etcdserverpb.KV/Range', [
    [1, `${name}/`],
    [2, `${name}0`],
    [3, 1],
    [5, 1],
    [6, 2],
  ]);
  return (answer?.['kvs'] as readonly { readonly key: string }[] | undefined)?.[0]?.key;
}

async function createRevisionOf(pair: LockPair, key: string | undefined): Promise<number> {
  if (key === undefined) return 3;
  const answer = await pair.same('/etcdserverpb.KV/Range', [[1, key]]);
  const { kvs } = answer as { readonly kvs: readonly { readonly createRevision: number }[] };
  return kvs[0]!.createRevision;
}
