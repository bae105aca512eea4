/**
 * Two protocols on one seed: clients cannot tell them apart, and where one of them is made to do something else to what
 * clients ask, the comparison says so even if nothing inside that world can.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command, TransactionOperation } from '@synod/coordination';
import { NO_LEASE } from '@synod/coordination';
import { paxosUnderTest } from '../../src/checkers/paxos/paxos-under-test.ts';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import type { Mutant } from '../../src/mutants/mutant.ts';
import { runSeed } from '../../src/run/run-seed.ts';
import { runSideBySide, SAME_TO_CLIENTS } from '../../src/side-by-side/run-side-by-side.ts';

const PROTOCOLS = [raftUnderTest, paxosUnderTest];
const SEEDS = 20;
const SEEDS_TO_FIND_MAX = 40;

test('clients cannot tell Raft from Multi-Paxos by answers, watches or what is there at the end', () => {
  let compared = 0;
  let lost = 0;
  let told = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = runSideBySide(seed, PROTOCOLS, {});
    assert.equal(report.failure, undefined, `npm run sim -- --protocol both --seed ${seed} fails`);
    compared += report.answersCompared;
    const accounts = report.reports.flatMap((each) => each.accounts);
    for (const account of accounts) {
      lost += account.answers.filter((answer) => answer === undefined).length;
      told += account.told.flat().length;
    }
  }
  assert.ok(compared > 20 * SEEDS, `answers were compared: ${compared}`);
  assert.ok(told > 20 * SEEDS, `changes were told: ${told}`);
  assert.ok(lost > 0, 'some answers were lost, and their steps done all the same');
});

/** Changes what clients ask for before it reaches the log: the log, its replay and every replica then agree on it. */
function onTheWayIn(name: string, change: (operation: TransactionOperation) => TransactionOperation): Mutant {
  const changed = (command: Command): Command => {
    if (command.module !== 'keyspace' || command.kind === 'compact') return command;
    const operation = deep(command);
    return operation.kind === 'range' ? command : operation;
  };
  const deep = (operation: TransactionOperation): TransactionOperation =>
    operation.kind !== 'transaction'
      ? change(operation)
      : change({
          ...operation,
          success: operation.success.map(deep),
          failure: operation.failure.map(deep),
        });
  return {
    name,
    of: SAME_TO_CLIENTS,
    what: name,
    life: ({ service }) => {
      const submit = service.submit.bind(service);
      service.submit = (command, completion) => submit(changed(command), completion);
    },
  };
}

const UNSEEN_INSIDE: readonly Mutant[] = [
  onTheWayIn('a put loses its lease', (operation) =>
    operation.kind === 'put' ? { ...operation, lease: NO_LEASE } : operation,
  ),
  onTheWayIn('a put forgets that it should keep the value', (operation) =>
    operation.kind === 'put' ? { ...operation, keepValue: false } : operation,
  ),
  onTheWayIn('the last condition of a transaction is dropped', (operation) =>
    operation.kind === 'transaction' && operation.compares.length > 1
      ? { ...operation, compares: operation.compares.slice(0, -1) }
      : operation,
  ),
  onTheWayIn('a deletion takes the whole rest with it', (operation) =>
    operation.kind === 'deleteRange' && operation.span.from.startsWith('errand/')
      ? { ...operation, span: { ...operation.span, to: `${operation.span.from.slice(0, -1)}9` as never } }
      : operation,
  ),
];

for (const mutant of UNSEEN_INSIDE)
  test(`where on one protocol ${mutant.name}, a client can tell, and says what`, () => {
    for (let seed = 1; seed <= SEEDS_TO_FIND_MAX; seed++) {
      const { failure } = runSideBySide(seed, PROTOCOLS, { mutant });
      if (failure === undefined) continue;
      assert.equal(failure.rule, SAME_TO_CLIENTS, failure.stack);
      assert.match(failure.message, /^client \d can tell: .*\n {2}raft: .*\n {2}paxos: /);
      const alone = runSeed(seed, { protocol: paxosUnderTest, mutant, errands: true });
      assert.equal(alone.failure, undefined, 'by itself that world looks right');
      return;
    }
    assert.fail('no seed tells');
  });
