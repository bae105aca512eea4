/**
 * Random requests about users and roles, and of KV and Lease by users of all kinds, from a seed: few names, so that they
 * meet. Left out is where etcd 3.4 answers otherwise than 3.7 does: what it lets anybody do (docs/protocols/etcd.md).
 */
import type { ComparedPath } from './message-shapes.ts';
import { encodeFields, type FieldValue } from './protobuf-fields.ts';

type PlainFields = readonly (readonly [number: number, value: FieldValue])[];

export interface RandomAuthRequest {
  readonly path: ComparedPath;
  readonly message: Buffer;
  readonly description: string;
  /** A member may answer it from what it has, without asking the others. */
  readonly mayLag: boolean;
  /** Whose token is shown; undefined: none. */
  readonly user: string | undefined;
}

const USERS = ['root', 'u1', 'u2', 'u3'];
const ROLES = ['r1', 'r2', 'r3', 'root'];
/** Mostly the first, so that most who sign in may. */
const PASSWORDS = ['p1', 'p1', 'p1', 'p1', 'p1', 'p2'];
const KEYS = ['a', 'b', 'c', 'd', 'aa', 'ab'];
/** Of each first key one span: of two with one first key, 3.4 forgets which it has. */
const SPANS: readonly (readonly [from: string, to: string])[] = [
  ['a', 'c'],
  ['aa', ''],
  ['ab', 'ac'],
  ['b', ''],
  ['c', '\0'],
  ['d', 'e'],
  ['\0', 'b'],
];
/** The field of a range request. */
const SERIALIZABLE = 7;
const LEASES = [11, 12];
const LEASE_TTL_SECONDS = 6_000;

export class RandomAuthRequests {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  next(): RandomAuthRequest {
    const kind = this.random();
    if (kind < 0.1)
      return this.request(
        'Auth/Authenticate',
        [
          [1, this.pick(USERS)],
          [2, this.pick(PASSWORDS)],
        ],
        undefined,
      );
    return kind < 0.5 ? this.auth() : this.keyspace();
  }

  private auth(): RandomAuthRequest {
    const user = this.random() < 0.75 ? 'root' : this.caller();
    const name = this.pick(USERS);
    const role = this.pick(ROLES);
    const [from, to] = this.pick(SPANS);
    const choices: readonly (() => [string, PlainFields])[] = [
      () => (this.random() < 0.15 ? ['Auth/AuthDisable', []] : ['Auth/AuthEnable', []]),
      () => ['Auth/AuthEnable', []],
      () => [
        'Auth/UserAdd',
        [
          [1, this.random() < 0.05 ? '' : name],
          [2, 'p1'],
        ],
      ],
      () => [
        'Auth/UserAdd',
        [
          [1, name],
          [2, this.pick(PASSWORDS)],
        ],
      ],
      () => ['Auth/UserGet', [[1, name]]],
      () => ['Auth/UserList', []],
      // Root is to stay, or nothing would be left to compare.
      () => [
        'Auth/UserDelete',
        [[1, this.pick(['u3', 'u3', 'u3', 'u1', 'u2', 'nobody', 'nobody', 'nobody'])]],
      ],
      () => [
        'Auth/UserChangePassword',
        name === 'root'
          ? [
              [1, 'root'],
              [2, 'p1'],
            ]
          : [
              [1, name],
              [2, this.pick(PASSWORDS)],
            ],
      ],
      () => [
        'Auth/UserGrantRole',
        [
          [1, name],
          [2, role === 'root' ? 'r1' : role],
        ],
      ],
      () => [
        'Auth/UserGrantRole',
        [
          [1, name],
          [2, this.random() < 0.1 ? 'none' : this.pick(ROLES)],
        ],
      ],
      () => [
        'Auth/UserRevokeRole',
        [
          [1, this.pick(['u1', 'u2', 'u3'])],
          [2, role],
        ],
      ],
      () => ['Auth/RoleAdd', [[1, this.random() < 0.05 ? '' : role]]],
      // What root may is shown by 3.7 alone.
      () => ['Auth/RoleGet', [[1, role === 'root' ? 'none' : role]]],
      () => ['Auth/RoleList', []],
      () => ['Auth/RoleDelete', [[1, this.pick(['r3', 'r3', 'r1', 'r2', 'none', 'none'])]]],
      () => [
        'Auth/RoleGrantPermission',
        [
          [1, role],
          [2, permission(this.pick([0, 1, 2]), from, to)],
        ],
      ],
      () => [
        'Auth/RoleGrantPermission',
        [
          [1, this.pick(['r1', 'r2'])],
          [2, permission(2, from, to)],
        ],
      ],
      () => ['Auth/RoleRevokePermission', spanFields([[1, role]], from, to)],
    ];
    const [path, fields] = this.pick(choices)();
    return this.request(path, fields, user);
  }

  private keyspace(): RandomAuthRequest {
    const user = this.caller();
    const key = this.pick(KEYS);
    const to = this.pick(['', '', '\0', `${key}\0`, 'e', 'f']);
    const choices: readonly (() => [string, PlainFields])[] = [
      () => ['KV/Range', spanFields([[1, key]], '', to)],
      () => ['KV/Range', [...spanFields([[1, key]], '', to), [SERIALIZABLE, 1]]],
      () => ['KV/Put', this.put(key, true)],
      () => ['KV/Put', this.put(key, true)],
      () => ['KV/DeleteRange', [...spanFields([[1, key]], '', to), [3, this.pick([0, 1])]]],
      () => ['KV/Txn', this.transaction(key)],
      () => ['KV/Txn', this.transaction(key)],
      () => [
        'Lease/LeaseGrant',
        [
          [1, LEASE_TTL_SECONDS],
          [2, this.pick(LEASES)],
        ],
      ],
      () => ['Lease/LeaseRevoke', [[1, this.pick(LEASES)]]],
    ];
    const [path, fields] = this.pick(choices)();
    return this.request(path, fields, user);
  }

  /** What it reads beside is checked in a transaction by 3.7 alone. */
  private put(key: string, alone: boolean): PlainFields {
    const fields: [number, FieldValue][] = [
      [1, key],
      [2, this.pick(['v', 'w'])],
    ];
    if (alone && this.random() < 0.3) fields.push([3, this.pick(LEASES)]);
    if (alone && this.random() < 0.3) fields.push([4, 1]);
    return fields;
  }

  private transaction(key: string): PlainFields {
    const other = this.pick(KEYS);
    const compare = encodeFields([
      [1, 0],
      [2, 0],
      [3, this.pick(KEYS)],
      [4, this.pick([0, 1])],
    ]);
    const operation = (name: string): Buffer =>
      this.pick([
        () => encodeFields([[1, encodeFields([[1, name]])]]),
        () => encodeFields([[2, encodeFields(this.put(name, false))]]),
        () =>
          encodeFields([
            [
              3,
              encodeFields([
                [1, name],
                [3, this.pick([0, 1])],
              ]),
            ],
          ]),
      ])();
    return [
      [1, compare],
      [2, operation(key)],
      [3, operation(other)],
    ];
  }

  private caller(): string | undefined {
    return this.pick([undefined, 'root', 'u1', 'u1', 'u1', 'u2', 'u2', 'u2', 'u3']);
  }

  private request(call: string, fields: PlainFields, user: string | undefined): RandomAuthRequest {
    const said = fields.map(
      ([number, value]) =>
        `${number}=${typeof value === 'number' ? value : JSON.stringify(value.toString())}`,
    );
    return {
      path: `/etcdserverpb.${call}` as ComparedPath,
      message: encodeFields(fields),
      description: `${call} ${said.join(' ')} as ${user ?? 'nobody'}`,
      mayLag: call === 'KV/Range' && fields.some(([number]) => number === SERIALIZABLE),
      user,
    };
  }

  private pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[Math.floor(this.random() * choices.length)]!;
  }

  /** Mulberry32: small, good enough, and the same everywhere. */
  private random(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}

function permission(type: number, from: string, to: string): Buffer {
  return encodeFields(spanFields([[1, type]], from, to));
}

/** Appends a first key, unless it is there already, and an end behind what comes before. */
function spanFields(before: PlainFields, from: string, to: string): PlainFields {
  const fields = [...before];
  const next = before.length + 1;
  if (from !== '') fields.push([next, from]);
  if (to !== '') fields.push([from === '' ? next : next + 1, to]);
  return fields;
}
