/**
 * Random requests of Cluster and Maintenance from a seed, as a table by call: how one is made, and what of its answer is
 * compared. Members are named, not numbered, as each cluster gives them ids of its own: `self`, `learner`, `former`, `nobody`.
 */
import type { TableMessage, TableValue } from '../test/protocols/etcd/wire/table-codec.ts';

/** One at a time: of two that are active, etcd acts on the one that was raised last. */
export type AlarmKind = 'NOSPACE' | 'CORRUPT';

export type MemberName = 'self' | 'learner' | 'former' | 'nobody';

/** Stands in a request for whatever id the member has on either side. */
export class IdOf {
  readonly name: MemberName;

  constructor(name: MemberName) {
    this.name = name;
  }
}

export type RandomMessage = Readonly<Record<string, TableValue | IdOf>>;

export interface ComparedRequest {
  /** `Service/Method` of etcdserverpb. */
  readonly call: string;
  readonly message: RandomMessage;
  /** Fields of the answer. */
  readonly compared: readonly string[];
}

interface Row {
  readonly call: string;
  /** How often, against the others. */
  readonly weight: number;
  readonly make: (random: Random, kind: AlarmKind) => RandomMessage;
  /**
   * Fields of the answer that are compared, beside the status and its text. Headers are not: what 3.4 says in those of
   * Cluster and Maintenance is not what 3.7 does. Those of KV are compared in same-as-etcd.test.ts.
   */
  readonly compared: readonly string[];
}

export interface Random {
  below(end: number): number;
  chance(share: number): boolean;
  pick<Choice>(choices: readonly Choice[]): Choice;
  /** Another number each time. */
  count(): number;
}

/** What the one member that runs is said to be at. */
export const OWN_URL = 'http://127.0.0.1:9';
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const KEYS = ['a', 'b', 'c'].map(bytes);
const GET = 0n;
const RAISE = 1n;
const CLEAR = 2n;
const ANY = 0n;
const NOSPACE = 1n;
const CORRUPT = 2n;

const anybody = (random: Random): IdOf => new IdOf(random.pick(['self', 'learner', 'former', 'nobody']));
/**
 * Mostly one that nobody had: etcd makes an id of the address and the second, so that the same one within a second comes
 * to another refusal. Nobody listens there: the learner that is added never starts.
 */
const urls = (random: Random): string[] => {
  if (random.chance(0.1)) return [];
  if (random.chance(0.1)) return ['ftp://a:1'];
  return [random.chance(0.2) ? OWN_URL : `http://127.0.0.1:${10_000 + random.count()}`];
};

function alarm(random: Random, kind: AlarmKind): RandomMessage {
  // A member that is itself named by CORRUPT serves nobody here; etcd's goes on.
  if (kind === 'CORRUPT') return { memberID: new IdOf('nobody'), alarm: CORRUPT };
  return { memberID: new IdOf(random.pick(['self', 'nobody'])), alarm: NOSPACE };
}

/** Clears whatever either kind left. */
export const CLEARING: readonly RandomMessage[] = [
  { action: CLEAR, memberID: new IdOf('self'), alarm: NOSPACE },
  { action: CLEAR, memberID: new IdOf('nobody'), alarm: NOSPACE },
  { action: CLEAR, memberID: new IdOf('nobody'), alarm: CORRUPT },
];

export const ROWS: readonly Row[] = [
  {
    call: 'Cluster/MemberAdd',
    weight: 3,
    // A voter that never starts would cost etcd its quorum.
    make: (random) => ({ peerURLs: urls(random), isLearner: true }),
    compared: ['member', 'members'],
  },
  {
    call: 'Cluster/MemberRemove',
    weight: 2,
    make: (random) => ({ ID: anybody(random) }),
    compared: ['members'],
  },
  {
    call: 'Cluster/MemberUpdate',
    weight: 2,
    // Of a member that there is, etcd takes anything for an address; and a learner it makes a voter in its list.
    make: (random) =>
      random.chance(0.6)
        ? { ID: new IdOf('self'), peerURLs: [OWN_URL] }
        : { ID: new IdOf(random.pick(['former', 'nobody'])), peerURLs: urls(random) },
    compared: ['members'],
  },
  {
    call: 'Cluster/MemberPromote',
    weight: 2,
    make: (random) => ({ ID: anybody(random) }),
    compared: ['members'],
  },
  { call: 'Cluster/MemberList', weight: 2, make: () => ({}), compared: ['members'] },
  {
    call: 'Maintenance/Alarm',
    weight: 4,
    // No alarm at all is raised by 3.4, and not by 3.7.
    make: (random, kind) =>
      random.chance(0.3)
        ? { action: GET, alarm: random.pick([ANY, NOSPACE, CORRUPT]) }
        : { action: random.pick([RAISE, CLEAR, CLEAR]), ...alarm(random, kind) },
    compared: ['alarms'],
  },
  { call: 'Maintenance/Status', weight: 1, make: () => ({}), compared: ['leader', 'isLearner'] },
  { call: 'Maintenance/Defragment', weight: 1, make: () => ({}), compared: [] },
  { call: 'Maintenance/Hash', weight: 1, make: () => ({}), compared: [] },
  {
    call: 'Maintenance/HashKV',
    weight: 1,
    // At the compacted revision itself 3.4 says that it is gone, and 3.7 does not.
    make: (random) => ({ revision: random.pick([0n, 0n, 3n, 12n, 30n, 1_000_000n]) }),
    compared: ['compact_revision'],
  },
  {
    call: 'KV/Compact',
    weight: 1,
    make: (random) => ({ revision: random.pick([1n, 5n, 10n, 20n, 1_000_000n]) }),
    compared: [],
  },
  {
    call: 'Maintenance/MoveLeader',
    weight: 1,
    make: (random) => ({ targetID: new IdOf(random.pick(['former', 'nobody', 'self'])) }),
    compared: [],
  },
  // What the alarms stop, and what they let through.
  {
    call: 'KV/Put',
    weight: 3,
    make: (random) => ({ key: random.pick(KEYS), value: bytes('v') }),
    compared: [],
  },
  {
    call: 'KV/DeleteRange',
    weight: 2,
    make: (random) => ({ key: random.pick(KEYS) }),
    compared: ['deleted'],
  },
  { call: 'KV/Range', weight: 2, make: (random) => ({ key: random.pick(KEYS) }), compared: ['kvs', 'count'] },
];

export class RandomMemberRequests {
  private state: number;
  private counted = 0;
  private readonly kind: AlarmKind;
  private readonly drawn: readonly Row[];

  /** `left`: calls that are left out. */
  constructor(seed: number, kind: AlarmKind, left: readonly string[]) {
    this.state = seed;
    this.kind = kind;
    this.drawn = ROWS.filter(({ call }) => !left.includes(call)).flatMap((row) =>
      Array.from({ length: row.weight }, () => row),
    );
  }

  next(): ComparedRequest {
    const { call, make, compared } = this.pick(this.drawn);
    return { call, compared, message: make(this, this.kind) };
  }

  below(end: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    let mixed = this.state ^ (this.state >>> 16);
    mixed = Math.imul(mixed, 0x45d9f3b) >>> 0;
    return ((mixed ^ (mixed >>> 16)) >>> 0) % end;
  }

  count(): number {
    return ++this.counted;
  }

  chance(share: number): boolean {
    return this.below(1_000) < share * 1_000;
  }

  pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.below(choices.length)]!;
  }
}

/** The message for one side, with its ids. */
export function withIds(message: RandomMessage, idOf: (name: MemberName) => bigint): TableMessage {
  return Object.fromEntries(
    Object.entries(message).map(([field, value]) => [
      field,
      value instanceof IdOf ? idOf(value.name) : value,
    ]),
  );
}
