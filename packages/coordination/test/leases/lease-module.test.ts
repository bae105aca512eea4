/** The replicated half of leases: every command's effect and refusals, and what survives a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LeaseModule } from '../../src/leases/lease-module.ts';
import { LEASE_TTL_SECONDS_MAX } from '../../src/leases/limits.ts';
import type { LeaseChange } from '../../src/machine/machine-api.ts';
import { key, leaseId, NO_LEASE } from '../../src/machine/values.ts';
import { RowsInMemory } from './rows-in-memory.ts';

const A = leaseId('000000000000000a');
const B = leaseId('fedcba9876543210');

function openModule(): { module: LeaseModule; rows: RowsInMemory; changes: LeaseChange[] } {
  const rows = new RowsInMemory();
  const changes: LeaseChange[] = [];
  const module = new LeaseModule(rows, (change) => changes.push(change));
  module.load();
  return { module, rows, changes };
}

test('a lease is granted once, up to the longest TTL', () => {
  const { module, changes } = openModule();
  assert.equal(module.grant(A, LEASE_TTL_SECONDS_MAX), undefined);
  assert.deepEqual(module.grant(A, 5), { code: 'leaseExists', id: A });
  assert.deepEqual(module.grant(B, LEASE_TTL_SECONDS_MAX + 1), {
    code: 'leaseTtlTooLarge',
    ttlSeconds: LEASE_TTL_SECONDS_MAX + 1,
  });
  assert.deepEqual(module.grant(NO_LEASE, 5), { code: 'leaseNotFound', id: NO_LEASE });
  assert.deepEqual(module.list(), [
    { id: A, ttlSeconds: LEASE_TTL_SECONDS_MAX, remainingSeconds: 0, grantNumber: 1 },
  ]);
  assert.deepEqual(changes, [{ kind: 'granted', id: A, ttlSeconds: LEASE_TTL_SECONDS_MAX, grantNumber: 1 }]);
});

test('C20 a revocation names every attached key, and no other', () => {
  const { module, changes } = openModule();
  module.grant(A, 5);
  module.grant(B, 5);
  for (const name of ['b', '\xff', 'a', '\x00', 'ab']) module.attach(A, key(name));
  module.attach(B, key('other'));
  module.attach(A, key('left'));
  module.detach(A, key('left'));
  changes.length = 0;
  assert.deepEqual(module.revoke(A), { kind: 'revoked', keys: ['b', '\xff', 'a', '\x00', 'ab'] });
  assert.deepEqual(changes, [{ kind: 'ended', id: A }]);
  assert.deepEqual(module.revoke(A), { kind: 'refused', reason: { code: 'leaseNotFound', id: A } });
  assert.deepEqual(module.keysOf(B), ['other']);
  module.detach(A, key('a'));
  assert.equal(module.has(A), false);
});

test('C19 what an earlier leader’s clock still says is void, after a restart too', () => {
  const { module, rows, changes } = openModule();
  module.grant(A, 500);
  module.checkpoint({ epoch: 7, word: 0, lastGrantNumber: 9, remaining: [] });
  changes.length = 0;
  module.checkpoint({ epoch: 6, word: 9, lastGrantNumber: 9, remaining: [{ id: A, remainingSeconds: 1 }] });
  assert.equal(module.expire(A, 6, 1).kind, 'refused');
  const reopened = new LeaseModule(rows, () => undefined);
  reopened.load();
  assert.equal(reopened.expire(A, 6, 1).kind, 'refused');
  assert.deepEqual(changes, []);
  assert.deepEqual(module.facts(A), { id: A, ttlSeconds: 500, remainingSeconds: 0, grantNumber: 1 });
  assert.equal(module.expire(A, 7, 1).kind, 'revoked');
});

test('C19 an expiry that comes twice does not end the lease that was granted in between under the same id', () => {
  const { module } = openModule();
  module.grant(A, 5);
  assert.equal(module.expire(A, 1, 1).kind, 'revoked');
  module.grant(A, 5);
  assert.equal(module.expire(A, 1, 1).kind, 'refused');
  assert.equal(module.expire(A, 1, 2).kind, 'revoked');
});

test('C19 a checkpoint that a later one overtook is void', () => {
  const { module } = openModule();
  module.grant(A, 500);
  module.checkpoint({ epoch: 1, word: 2, lastGrantNumber: 9, remaining: [{ id: A, remainingSeconds: 0 }] });
  module.checkpoint({ epoch: 1, word: 1, lastGrantNumber: 9, remaining: [{ id: A, remainingSeconds: 3 }] });
  assert.equal(module.facts(A)?.remainingSeconds, 0);
  module.checkpoint({ epoch: 2, word: 1, lastGrantNumber: 9, remaining: [{ id: A, remainingSeconds: 3 }] });
  assert.equal(module.facts(A)?.remainingSeconds, 3);
});

test('C19 a checkpoint does not shorten the lease that was granted after it was said', () => {
  const { module } = openModule();
  module.grant(A, 500);
  module.revoke(A);
  module.grant(A, 500);
  module.checkpoint({ epoch: 1, word: 1, lastGrantNumber: 1, remaining: [{ id: A, remainingSeconds: 3 }] });
  assert.equal(module.facts(A)?.remainingSeconds, 0);
});

test('a checkpoint passes over leases that are gone', () => {
  const { module, changes } = openModule();
  module.grant(A, 500);
  changes.length = 0;
  const remaining = [
    { id: B, remainingSeconds: 3 },
    { id: A, remainingSeconds: 400 },
  ];
  module.checkpoint({ epoch: 1, word: 1, lastGrantNumber: 9, remaining });
  assert.deepEqual(changes, [{ kind: 'checkpointed', id: A, remainingSeconds: 400, epoch: 1, word: 1 }]);
  assert.deepEqual(module.facts(A), { id: A, ttlSeconds: 500, remainingSeconds: 400, grantNumber: 1 });
  assert.equal(module.facts(B), undefined);
});

test('S8 whatever was done, the rows alone bring it back', () => {
  const ids = [A, B, leaseId('0000000000000001')];
  const id = fc.constantFrom(...ids);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('grant' as const), id, ttl: fc.nat({ max: 9_000_000_001 }) }),
    fc.record({ kind: fc.constant('revoke' as const), id }),
    fc.record({ kind: fc.constant('expire' as const), id, epoch: fc.nat(3), grantNumber: fc.nat(6) }),
    fc.record({
      kind: fc.constant('checkpoint' as const),
      id,
      epoch: fc.nat(3),
      left: fc.nat(100),
      word: fc.nat(4),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { module, rows } = openModule();
      for (const s of steps) {
        if (s.kind === 'grant') module.grant(s.id, s.ttl);
        else if (s.kind === 'revoke') module.revoke(s.id);
        else if (s.kind === 'expire') module.expire(s.id, s.epoch, s.grantNumber);
        else {
          const remaining = [{ id: s.id, remainingSeconds: s.left }];
          module.checkpoint({ epoch: s.epoch, word: s.word, lastGrantNumber: 9, remaining });
        }
      }
      const reopened = new LeaseModule(rows, () => undefined);
      reopened.load();
      assert.deepEqual(reopened.list(), module.list());
      for (const each of ids) {
        const grantNumber = module.facts(each)?.grantNumber ?? 0;
        for (let epoch = 0; epoch < 4; epoch++)
          assert.deepEqual(
            reopened.expire(each, epoch, grantNumber),
            module.expire(each, epoch, grantNumber),
          );
        reopened.grant(each, 9);
        module.grant(each, 9);
        assert.deepEqual(reopened.facts(each), module.facts(each));
      }
    }),
    { seed: 1, numRuns: 200 },
  );
});
