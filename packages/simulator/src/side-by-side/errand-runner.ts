/**
 * Carries one client's errand out, whatever happens: asks again, at any member, until it knows that a step took effect.
 * Each write carries a guard, a key whose version counts the steps done, so that a step takes effect once however often
 * it was asked for; this is what a careful user of etcd does. Knows nothing of protocols.
 */
import {
  type Command,
  type CommandResult,
  type Comparison,
  type Failure,
  type LeaseId,
  leaseId,
  NO_LEASE,
  type RangeQuery,
  type RangeResult,
  type TransactionCommand,
  type TransactionOperation,
} from '@synod/coordination';
import type { ServiceFailure } from '@synod/coordination/service/service-api.ts';
import type { ClientOperations } from '../checkers/client-operations.ts';
import { require } from '../checkers/rule-broken.ts';
import type { ReferenceKeyspace } from '../model/reference-keyspace.ts';
import type { SeededRandom } from '../random/seeded-random.ts';
import { isOldNews } from '../workload/client.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { SimulatedMember } from '../world/simulated-member.ts';
import { type Account, describeForAccount, describeRecordForAccount } from './account.ts';
import { type Errand, type ErrandStep, guardKey, type OwnKey, ownKey, ownSpan, TALLY } from './errand.ts';
import { comparisonOf, operationOf, putOf, queryOf, readOf } from './errand-commands.ts';
import { ErrandWatch } from './errand-watch.ts';

export interface ErrandParts {
  readonly queue: EventQueue;
  /** Which member to ask: nothing that the account tells follows from it. */
  readonly random: SeededRandom;
  readonly members: readonly SimulatedMember[];
  /** Who leads, by its own word. */
  readonly leaderPlace: () => number | undefined;
  readonly operations: ClientOperations;
  readonly keyspace: ReferenceKeyspace;
}

/** One try that is under way; it ends once. */
interface Try {
  readonly lost: () => void;
}

const RETRY_MAX_MS = 300;
const WANDER = 0.2;
/** Names of leases that no other client takes. */
const LEASES_FROM = 0xe_0000_0000;
const TRIES_A_CLIENT_MAX = 0x10_0000;

export class ErrandRunner {
  readonly watch: ErrandWatch;
  private readonly errand: Errand;
  private readonly parts: ErrandParts;
  private readonly answers: (string | undefined)[] = [];
  /** The version that the guard has: steps that took effect. */
  private guardVersion = 0;
  /** By number, the name under which the client knows that it was granted. */
  private readonly leases: LeaseId[] = [];
  private leaseNames = 0;
  private place: number;
  private current: Try | undefined;
  private isHurried = false;
  /** Undefined: it was not asked for, or is not yet there. */
  private end: readonly string[] | undefined;

  constructor(errand: Errand, parts: ErrandParts) {
    this.errand = errand;
    this.parts = parts;
    this.watch = new ErrandWatch(errand.client, parts.keyspace);
    this.place = parts.random.below(parts.members.length);
  }

  start(): void {
    this.goOn();
  }

  /** Every step is done, as far as the client knows. */
  get isDone(): boolean {
    return this.answers.length === this.errand.steps.length;
  }

  /** Reads what is there in the end; `account` is whole when `isConcluded`. */
  conclude(): void {
    this.readEnd();
  }

  get isConcluded(): boolean {
    return this.end !== undefined;
  }

  get account(): Account {
    return {
      client: this.errand.client,
      answers: this.answers,
      told: this.watch.describe(this.leaseName),
      atTheEnd: this.end ?? [],
    };
  }

  memberEnded(place: number): void {
    if (place === this.place) this.current?.lost();
  }

  /** All is well: it waits no longer between steps, and asks the leader, as members that were removed cannot answer. */
  hurry(): void {
    this.isHurried = true;
  }

  private reconnect(): void {
    const { random, members, leaderPlace } = this.parts;
    const anywhere = random.below(members.length);
    this.place = this.isHurried ? (leaderPlace() ?? anywhere) : anywhere;
  }

  private goOn(): void {
    const at = this.answers.length;
    const step = this.errand.steps[at];
    if (step === undefined) return;
    this.parts.queue.after(this.isHurried ? 1 : this.errand.gapsMs[at]!, () => this.perform(step));
  }

  private finish(answer: string | undefined): void {
    this.answers.push(answer);
    this.goOn();
  }

  private describe(results: readonly (CommandResult | RangeResult)[]): string {
    return describeForAccount(results, this.leaseName);
  }

  private readonly leaseName = (id: LeaseId): string => {
    const number = this.leases.indexOf(id);
    return number < 0 ? id : `lease ${number}`;
  };

  private perform(step: ErrandStep): void {
    const { client } = this.errand;
    switch (step.kind) {
      case 'write':
        this.write(step, step.conditions.length > 0);
        return;
      case 'swap':
        this.swap(step.key, step.value);
        return;
      case 'read':
        this.read(readOf(client, step), (result) => this.finish(this.describe([result])));
        return;
      case 'grant':
        this.grant(step.ttlSeconds);
        return;
      case 'revoke':
        this.revoke(this.leases[step.lease]!, false);
        return;
    }
  }

  /** One transaction cannot hold the guard and a choice; so first the one branch, and then, if it was not to be, the other. */
  private write(step: Extract<ErrandStep, { kind: 'write' }>, isFirstOfTwo: boolean): void {
    const isSecond = !isFirstOfTwo && step.conditions.length > 0;
    const { client } = this.errand;
    const conditions = isFirstOfTwo
      ? step.conditions.map((condition) => comparisonOf(client, condition))
      : [];
    const changes = (isSecond ? step.otherwise : step.changes).map((change) =>
      operationOf(client, change, this.leases),
    );
    this.guarded(
      conditions,
      changes,
      () => this.write(step, isFirstOfTwo),
      () => {
        require(isFirstOfTwo, 'C2', () => `a step of errand ${this.errand.client} was refused for no reason`);
        this.write(step, false);
      },
    );
  }

  private swap(number: OwnKey, value: string): void {
    const span = { from: ownKey(this.errand.client, number), to: undefined };
    this.read(queryOf(span), (read) => {
      const modRevision = read.records[0]?.modRevision ?? 0;
      const put = putOf(span.from, value, NO_LEASE);
      this.guarded(
        [{ span, result: 'equal', target: 'modRevision', number: modRevision }],
        [put],
        () => this.swap(number, value),
        () =>
          require(false, 'C2', () =>
            `key ${span.from} changed, and only errand ${this.errand.client} does that`),
      );
    });
  }

  /** Ends the step where the changes took effect, now or at an earlier try. `refused`: a condition does not hold. */
  private guarded(
    conditions: readonly Comparison[],
    changes: readonly TransactionOperation[],
    again: () => void,
    refused: () => void,
  ): void {
    const guard = guardKey(this.errand.client);
    const span = { from: guard, to: undefined };
    const isNext: Comparison = { span, result: 'equal', target: 'version', number: this.guardVersion };
    const command: TransactionCommand = {
      module: 'keyspace',
      kind: 'transaction',
      compares: [isNext, ...conditions],
      success: [...changes, putOf(guard, 'done', NO_LEASE)],
      failure: [{ module: 'keyspace', kind: 'range', query: queryOf(span) }],
    };
    this.submit(command, (result) => {
      if (result === undefined) again();
      else if (result.kind !== 'transaction') this.finish(this.describe([result]));
      else if (result.succeeded) {
        this.guardVersion++;
        this.finish(this.describe([{ ...result, results: result.results.slice(0, -1) }]));
      } else {
        const [found] = result.results;
        const version = found?.kind === 'range' ? (found.records[0]?.version ?? 0) : -1;
        if (version === this.guardVersion) refused();
        else {
          require(version === this.guardVersion + 1, 'C2', () =>
            `the guard of errand ${this.errand.client} is at ${version} after ${this.guardVersion} steps`);
          this.guardVersion++;
          this.finish(undefined);
        }
      }
    });
  }

  /** Each try has a name of its own, so that one which comes late grants nothing that the client uses. */
  private grant(ttlSeconds: number): void {
    this.leaseNames++;
    const number = LEASES_FROM + this.errand.client * TRIES_A_CLIENT_MAX + this.leaseNames;
    const id = leaseId(number.toString(16).padStart(16, '0'));
    this.submit({ module: 'leases', kind: 'grant', id, ttlSeconds }, (result) => {
      if (result === undefined) {
        this.grant(ttlSeconds);
        return;
      }
      this.leases.push(id);
      this.finish(this.describe([result]));
    });
  }

  private revoke(id: LeaseId, wasTried: boolean): void {
    this.submit({ module: 'leases', kind: 'revoke', id, cause: 'asked' }, (result) => {
      if (result === undefined) this.revoke(id, true);
      // Whether it is gone because of an earlier try, the client cannot tell.
      else this.finish(wasTried ? undefined : this.describe([result]));
    });
  }

  private readEnd(): void {
    this.read(queryOf(ownSpan(this.errand.client)), (own) =>
      this.read(queryOf({ from: TALLY, to: undefined }), (tally) => {
        const { machine } = this.parts.members[this.place]!.life!;
        const places = this.describe([own]);
        const records = own.records.map((record) => describeRecordForAccount(record, this.leaseName));
        const counted = tally.records.map(({ key, version }) => `${key} at version ${version}`);
        const leases = this.leases.map((id) => {
          const facts = machine.lease(id);
          if (facts === undefined) return `${this.leaseName(id)} is gone`;
          return `${this.leaseName(id)} of ${facts.ttlSeconds} s with ${machine.leaseKeys(id).join(', ')}`;
        });
        this.end = [...records, places, ...counted, ...leases];
      }),
    );
  }

  private submit(command: Command, ended: (result: CommandResult | undefined) => void): void {
    this.ask((member, end) => {
      const { operations } = this.parts;
      const { floor } = operations;
      const life = member.life!;
      let sequence = 0;
      const complete = (result: CommandResult | ServiceFailure): void => {
        if (result.kind === 'serviceFailure' || isOldNews(result)) {
          end(() => ended(undefined), true);
          return;
        }
        end(() => {
          operations.answered({ member: member.id, incarnation: life.life, sequence }, floor, [result]);
          ended(result);
        }, false);
      };
      life.service.submit(command, { complete });
      sequence = life.proposals.lastSequence;
    }, ended);
  }

  /** Asks until it is answered: reading again does no harm. */
  private read(query: RangeQuery, ended: (result: RangeResult) => void): void {
    const again = (): void => this.read(query, ended);
    this.ask((member, end) => {
      const { operations } = this.parts;
      const { floor } = operations;
      const { service, machine } = member.life!;
      const complete = (result: RangeResult | Failure | ServiceFailure): void => {
        if (result.kind === 'serviceFailure') {
          end(again, true);
          return;
        }
        end(() => {
          // It is told in the turn in which it was read.
          operations.read(query, result, machine.appliedIndex, floor);
          if (result.kind === 'range') ended(result);
          else this.refusedRead(result);
        }, false);
      };
      service.range(query, true, { complete });
    }, again);
  }

  private refusedRead({ reason }: Failure): never {
    throw new Error(`a read of the newest revision failed: ${reason.code}`);
  }

  /** One try at the member that the client is connected to. `end` counts once, and nothing does after the member's end. */
  private ask(
    begin: (member: SimulatedMember, end: (then: () => void, isBad: boolean) => void) => void,
    unknown: (result: undefined) => void,
  ): void {
    const { random, members, queue } = this.parts;
    if (this.isHurried || random.chance(WANDER)) this.reconnect();
    const member = members[this.place]!;
    this.watch.keepOpen(member);
    const later = (then: () => void): void => {
      this.reconnect();
      queue.after(1 + RETRY_MAX_MS * random.next(), then);
    };
    if (member.life === undefined) {
      later(() => this.ask(begin, unknown));
      return;
    }
    const current: Try = {
      lost: () => {
        this.current = undefined;
        later(() => unknown(undefined));
      },
    };
    this.current = current;
    begin(member, (then, isBad) => {
      if (this.current !== current) return;
      this.current = undefined;
      if (isBad) later(then);
      else then();
    });
  }
}
