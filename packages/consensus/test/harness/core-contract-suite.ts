/**
 * What every caller of a consensus core may count on, whatever its protocol (src/core/core.ts): one suite, run on each of
 * them. What a protocol decides and why is shown by its own tests.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionFailure } from '../../src/core/assert.ts';
import type { ConsensusCore } from '../../src/core/core.ts';
import type { Effect } from '../../src/core/effects.ts';
import type { Input } from '../../src/core/inputs.ts';
import { epoch, logIndex, type MemberId, ticket } from '../../src/core/numbers.ts';
import type { ClusterOptions, CoreCluster } from './core-cluster.ts';
import { idOf } from './member-names.ts';
import { seededRandom } from './seeded-random.ts';

/** Limits that both protocols know by the same name. */
export interface ContractLimits {
  readonly uncommittedBytesMax?: number;
  readonly applyBytesMax?: number;
}

export type NewCluster = (
  options: ClusterOptions & { readonly limits: ContractLimits },
) => CoreCluster<ConsensusCore>;

const ELECTION_TIMEOUT_TICKS = 10;

type EffectOf<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

/** A cluster, and everything that its cores asked for. */
class Recorded {
  readonly cluster: CoreCluster<ConsensusCore>;
  private effects: { readonly id: MemberId; readonly effect: Effect }[] = [];

  constructor(newCluster: NewCluster, options: Partial<ClusterOptions> & { limits?: ContractLimits }) {
    this.cluster = newCluster({
      voters: [1, 2, 3],
      random: seededRandom(7),
      electionTimeoutTicks: ELECTION_TIMEOUT_TICKS,
      limits: {},
      ...options,
      onEffect: (id, effect) => this.effects.push({ id, effect }),
    });
  }

  of<Kind extends Effect['kind']>(id: MemberId, kind: Kind): EffectOf<Kind>[] {
    return this.effects.flatMap((seen) =>
      seen.id === id && seen.effect.kind === kind ? [seen.effect as EffectOf<Kind>] : [],
    );
  }

  /** What a step led to at the member itself, before anything else happens. */
  step(id: MemberId, input: Input): readonly Effect[] {
    const before = this.effects.length;
    this.cluster.step(id, input);
    return this.effects.slice(before).map(({ effect }) => effect);
  }

  tick(times: number): void {
    for (let i = 0; i < times; i++)
      for (const id of this.cluster.members.keys()) {
        this.cluster.step(id, { kind: 'tick' });
        this.cluster.settle();
      }
  }

  /** Somebody leads, and everybody knows. */
  elect(): MemberId {
    for (let i = 0; i < 10 * ELECTION_TIMEOUT_TICKS; i++) {
      this.tick(1);
      const leader = this.cluster.leader();
      if (leader === undefined) continue;
      this.tick(2);
      return leader;
    }
    return assert.fail('nobody leads');
  }

  status(id: MemberId) {
    return this.cluster.member(id).core.status();
  }

  /** The commands that a member was told to apply, as text. */
  applied(id: MemberId): string[] {
    return this.of(id, 'apply').flatMap(({ entries }) =>
      entries.flatMap(({ kind, payload }) => (kind === 'command' ? [new TextDecoder().decode(payload)] : [])),
    );
  }
}

const commands = (...texts: string[]): Input => ({
  kind: 'propose',
  payloads: texts.map((text) => new TextEncoder().encode(text)),
});

export function testCoreContract(protocol: 'raft' | 'paxos', newCluster: NewCluster): void {
  const record = (options: Partial<ClusterOptions> & { limits?: ContractLimits } = {}): Recorded =>
    new Recorded(newCluster, options);
  const rule = (title: string, body: () => void): void => {
    test(`core contract, ${protocol}: ${title}`, body);
  };

  rule(
    'one of any number of voters leads, the others follow it, and whoever has no vote is a learner',
    () => {
      for (const count of [1, 2, 3, 5]) {
        const voters = Array.from({ length: count }, (_, i) => i + 1);
        const run = record({ voters, learners: [8] });
        const leader = run.elect();
        for (const id of run.cluster.members.keys()) {
          const { role, leader: followed, epoch: now } = run.status(id);
          assert.equal(followed, leader);
          assert.equal(now, run.status(leader).epoch);
          assert.equal(role, id === leader ? 'leader' : id === idOf(8) ? 'learner' : 'follower');
        }
      }
    },
  );

  rule('what is proposed is applied everywhere, once and in order, as the very bytes', () => {
    const run = record({ learners: [8], limits: { applyBytesMax: 40 } });
    const leader = run.elect();
    run.cluster.step(leader, commands('a', 'b', 'c'));
    run.cluster.step(leader, commands('d'));
    run.tick(3);
    for (const id of run.cluster.members.keys()) assert.deepEqual(run.applied(id), ['a', 'b', 'c', 'd']);
  });

  rule('tickets rise by one, a write stands before what waits for it, and effects are drained once', () => {
    const run = record();
    const leader = run.elect();
    run.cluster.step(leader, commands('a'));
    run.tick(3);
    for (const { id, core } of run.cluster.members.values()) {
      assert.deepEqual(core.drain(), []);
      const tickets = run.of(id, 'write').map((write) => write.ticket);
      assert.deepEqual(
        tickets,
        tickets.map((_, i) => i + 1),
      );
    }
    const effects = run.step(leader, commands('b'));
    const written = effects.findIndex(({ kind }) => kind === 'write');
    assert.ok(written >= 0, 'a proposal is written');
    for (const effect of effects.slice(0, written))
      assert.ok(effect.kind !== 'send' || effect.after === 0, 'nothing waits for a write that comes later');
  });

  rule('S8 in a group of one nothing is applied before it is durable', () => {
    const run = record({ voters: [1] });
    const leader = run.elect();
    run.cluster.step(leader, commands('a'));
    assert.deepEqual(run.applied(leader), []);
    run.cluster.durable(leader);
    assert.deepEqual(run.applied(leader), ['a']);
  });

  rule('who does not lead refuses proposals whole, and says who does', () => {
    const run = record();
    const leader = run.elect();
    const follower = [1, 2, 3].map(idOf).find((id) => id !== leader)!;
    const input = commands('a', 'b');
    assert.ok(input.kind === 'propose');
    assert.deepEqual(run.step(follower, input), [
      { kind: 'rejected', payloads: input.payloads, reason: 'notLeader', leader },
    ]);
  });

  rule(
    'R19 a leader refuses what is too much, one batch excepted, and nothing of what it refused is applied',
    () => {
      const run = record({ limits: { uncommittedBytesMax: 60 } });
      const leader = run.elect();
      run.cluster.step(leader, commands('x'.repeat(200)));
      const rejected = run.step(leader, commands('y'));
      assert.deepEqual(
        rejected.map((effect) => effect.kind === 'rejected' && effect.reason),
        ['tooManyUncommitted'],
      );
      run.tick(2);
      run.cluster.step(leader, commands('z'));
      run.tick(2);
      assert.deepEqual(run.applied(leader), ['x'.repeat(200), 'z']);
    },
  );

  rule('R12 P15 a read is answered at any replica, at or above what was committed when it was asked', () => {
    const run = record({ learners: [8] });
    const leader = run.elect();
    run.cluster.step(leader, commands('a'));
    run.tick(2);
    const { commitIndex } = run.status(leader);
    for (const id of run.cluster.members.keys()) {
      const token = run.cluster.read(id);
      run.tick(2);
      const [answer] = run.of(id, 'readable').filter(({ tokens }) => tokens.includes(token));
      assert.ok(answer !== undefined && answer.index >= commitIndex, `${id} may answer`);
    }
  });

  rule('a read fails where no leader is known, and with the leadership that it was asked of', () => {
    const run = record();
    const early = run.cluster.read(idOf(1));
    const failed = (token: number) => [{ kind: 'readFailed', tokens: [token], reason: 'noLeader' }];
    assert.deepEqual(run.of(idOf(1), 'readFailed'), failed(early));
    const leader = run.elect();
    const late = run.cluster.read(leader);
    const effects = run.step(leader, { kind: 'stalled' });
    assert.deepEqual(
      effects.filter(({ kind }) => kind === 'readFailed'),
      failed(late),
    );
    assert.notEqual(run.status(leader).role, 'leader', 'who stalled leads no more');
  });

  rule('the role is told when it, the epoch or the leader changes, and at no other time', () => {
    const run = record();
    const leader = run.elect();
    run.cluster.step(leader, { kind: 'stalled' });
    run.tick(6 * ELECTION_TIMEOUT_TICKS);
    for (const id of run.cluster.members.keys()) {
      const told = run.of(id, 'role').map((effect) => [effect.role, effect.epoch, effect.leader]);
      for (let i = 1; i < told.length; i++) assert.notDeepEqual(told[i], told[i - 1]);
      const { role, epoch: now, leader: followed } = run.status(id);
      assert.deepEqual(told.at(-1), [role, now, followed]);
    }
  });

  rule('inputs that say nothing new lead to nothing', () => {
    const run = record();
    const leader = run.elect();
    const { appliedIndex } = run.status(leader);
    const follower = [1, 2, 3].map(idOf).find((id) => id !== leader)!;
    const idle: readonly (readonly [MemberId, Input])[] = [
      [leader, { kind: 'durable', ticket: ticket(1) }],
      [leader, { kind: 'applied', index: appliedIndex }],
      [leader, { kind: 'trim', index: logIndex(0) }],
      [leader, { kind: 'unreachable', peer: idOf(77) }],
      [leader, { kind: 'snapshotSent', to: follower, index: logIndex(0) }],
      [leader, { kind: 'propose', payloads: [] }],
      [follower, { kind: 'propose', payloads: [] }],
      [leader, { kind: 'transferLeadership', to: leader }],
      [follower, { kind: 'transferLeadership', to: follower }],
    ];
    for (const [id, input] of idle) assert.deepEqual(run.step(id, input), [], input.kind);
  });

  rule('to say that a write is durable which was never asked for is a bug', () => {
    const run = record();
    assert.throws(
      () => run.cluster.step(idOf(1), { kind: 'durable', ticket: ticket(1_000_000) }),
      AssertionFailure,
    );
  });

  rule('a change of membership is told everywhere; one that cannot be is refused with a reason', () => {
    const run = record({ spares: [4] });
    const leader = run.elect();
    const voters = [1, 2, 3].map(idOf);
    const refusal = (id: MemberId, change: { voters: MemberId[]; learners: MemberId[] }) =>
      run.step(id, { kind: 'changeMembership', change });
    const follower = voters.find((id) => id !== leader)!;
    assert.deepEqual(refusal(follower, { voters, learners: [] }), [
      { kind: 'changeRejected', reason: 'notLeader' },
    ]);
    assert.deepEqual(refusal(leader, { voters: [], learners: [] }), [
      { kind: 'changeRejected', reason: 'noVoters' },
    ]);
    assert.deepEqual(refusal(leader, { voters, learners: [] }), [
      { kind: 'changeRejected', reason: 'unchanged' },
    ]);
    const target = { voters: [...voters, idOf(4)], learners: [] };
    run.cluster.step(leader, { kind: 'changeMembership', change: target });
    run.tick(2 * ELECTION_TIMEOUT_TICKS);
    for (const id of run.cluster.members.keys()) {
      assert.deepEqual(run.of(id, 'membership').at(-1)?.membership.voters, target.voters);
      assert.deepEqual(run.status(id).membership.voters, target.voters);
    }
  });

  rule('leadership moves to the member that is named', () => {
    const run = record();
    const leader = run.elect();
    const heir = [1, 2, 3].map(idOf).find((id) => id !== leader)!;
    run.cluster.step(leader, { kind: 'transferLeadership', to: heir });
    assert.equal(run.status(leader).transferring, true);
    assert.deepEqual(
      run.step(leader, commands('late')).map((effect) => effect.kind === 'rejected' && effect.reason),
      ['transferring'],
    );
    run.cluster.settle();
    run.tick(3);
    assert.equal(run.cluster.leader(), heir);
  });

  rule('a trim gives bytes back, and a snapshot can be described at and above it', () => {
    const run = record();
    const leader = run.elect();
    run.cluster.step(leader, commands('x'.repeat(1000), 'y'.repeat(1000)));
    run.tick(2);
    const { core } = run.cluster.member(leader);
    const { appliedIndex, membership, epoch: now } = core.status();
    const before = core.logBytes();
    run.cluster.trim(leader, appliedIndex);
    assert.equal(core.status().trimmedIndex, appliedIndex);
    assert.ok(core.logBytes() <= before - 2000);
    const meta = core.snapshotMeta(appliedIndex);
    assert.deepEqual(meta, { index: appliedIndex, epoch: now, membership });
  });

  rule('who lags behind the trim is brought a snapshot, restores it, and goes on from there', () => {
    const run = record();
    const leader = run.elect();
    const lagging = [1, 2, 3].map(idOf).find((id) => id !== leader)!;
    run.cluster.crash(lagging);
    run.cluster.step(leader, commands('a', 'b'));
    run.tick(1);
    for (const id of run.cluster.members.keys()) run.cluster.trim(id, run.status(leader).appliedIndex);
    run.cluster.restart(lagging);
    run.tick(6 * ELECTION_TIMEOUT_TICKS);
    assert.ok(run.of(lagging, 'restore').length > 0, 'a snapshot was restored');
    const current = run.cluster.leader()!;
    run.cluster.step(current, commands('c'));
    run.tick(2);
    assert.equal(run.applied(lagging).at(-1), 'c');
    assert.equal(run.status(lagging).appliedIndex, run.status(current).appliedIndex);
  });

  rule('R3 P4 a restart finds everything in the journal: no epoch is lower, and all is applied again', () => {
    const run = record();
    const leader = run.elect();
    run.cluster.step(leader, commands('a', 'b'));
    run.tick(2);
    const epochs = new Map([...run.cluster.members.keys()].map((id) => [id, run.status(id).epoch]));
    for (const id of run.cluster.members.keys()) run.cluster.crash(id);
    for (const id of run.cluster.members.keys()) run.cluster.restart(id);
    for (const id of run.cluster.members.keys())
      assert.ok(run.status(id).epoch >= (epochs.get(id) ?? epoch(0)), `${id} remembers its epoch`);
    run.elect();
    for (const id of run.cluster.members.keys())
      assert.deepEqual(run.applied(id), ['a', 'b', 'a', 'b'], 'once in each life');
  });

  rule('every message is carried by the codec as it is', () => {
    const run = record({ learners: [8], encoded: true });
    const leader = run.elect();
    run.cluster.step(leader, commands('a', ''));
    run.cluster.read(idOf(8));
    run.tick(2);
    let carried = 0;
    for (const { id, core } of run.cluster.members.values())
      for (const { message } of run.of(id, 'send')) {
        assert.deepEqual(core.codec.decode(core.codec.encode(message).slice()), message);
        carried++;
      }
    assert.ok(carried > 10, 'messages were sent');
  });
}
