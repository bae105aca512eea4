/**
 * etcdctl's txn: compares, both branches, the answers as etcdctl prints them. (A compare on a lease makes etcdctl 3.4
 * itself panic; `etcd3.test.ts` has that one.)
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { etcdctl, etcdctlAnyExit } from './etcdctl.ts';
import { headerRevision } from './etcdctl-json.ts';
import { sharedCluster } from './shared-cluster.ts';

const cluster = sharedCluster();

const output = async (...args: string[]): Promise<string> => (await etcdctl(cluster().members, args)).stdout;

interface Transaction {
  readonly compares?: readonly string[];
  readonly success?: readonly string[];
  readonly failure?: readonly string[];
}

/** The text that etcdctl reads: three blocks, an empty line after each. */
function script({ compares = [], success = [], failure = [] }: Transaction): string {
  return [compares, success, failure]
    .map((block) => `${block.map((line) => `${line}\n`).join('')}\n`)
    .join('');
}

const txn = async (transaction: Transaction, ...flags: string[]): Promise<string> =>
  (await etcdctl(cluster().members, ['txn', ...flags], script(transaction))).stdout;

async function refusal(transaction: Transaction): Promise<string> {
  const { code, stderr } = await etcdctlAnyExit(cluster().members, ['txn'], script(transaction));
  assert.notEqual(code, 0);
  return /^Error: (.*)$/m.exec(stderr)?.[1] ?? stderr;
}

const holds = async (compare: string): Promise<boolean> =>
  (await txn({ compares: [compare] })).startsWith('SUCCESS');

describe('compares', () => {
  let createRevision = 0;
  let modRevision = 0;

  before(async () => {
    createRevision = headerRevision(await output('put', 'cmp', 'm', '-w', 'json'));
    modRevision = headerRevision(await output('put', 'cmp', 'm', '-w', 'json'));
  });

  /** target → the number or word that is equal to it, and one above it. */
  const targets: Readonly<Record<string, () => readonly [equal: string, above: string]>> = {
    version: () => ['2', '3'],
    create: () => [`${createRevision}`, `${createRevision + 1}`],
    mod: () => [`${modRevision}`, `${modRevision + 1}`],
    value: () => ['m', 'n'],
  };
  for (const [name, values] of Object.entries(targets)) {
    test(`on ${name}: equal, less and greater`, async () => {
      const [equal, above] = values();
      const short = { version: 'ver', create: 'create', mod: 'mod', value: 'val' }[name] ?? name;
      for (const spelling of [name, short]) {
        assert.equal(await holds(`${spelling}("cmp") = "${equal}"`), true);
        assert.equal(await holds(`${spelling}("cmp") = "${above}"`), false);
      }
      assert.equal(await holds(`${name}("cmp") < "${above}"`), true);
      assert.equal(await holds(`${name}("cmp") < "${equal}"`), false);
      assert.equal(await holds(`${name}("cmp") > "${equal}"`), false);
      assert.equal(await holds(`${name}("cmp") > "0"`), true);
    });
  }

  test('on a key that is not there: zero everywhere, and no value at all', async () => {
    assert.equal(await holds('version("none") = "0"'), true);
    assert.equal(await holds('create("none") = "0"'), true);
    assert.equal(await holds('mod("none") = "0"'), true);
    assert.equal(await holds('value("none") = ""'), false);
  });

  test('all must hold', async () => {
    const both = { compares: ['version("cmp") = "2"', 'value("cmp") = "other"'] };
    assert.equal(await txn(both), 'FAILURE\n');
    assert.equal(await txn({}), 'SUCCESS\n');
  });
});

describe('branches', () => {
  test('success: put, get and del in order, each seeing the one before', async () => {
    await output('put', 'br/there', 'old');
    const text = await txn({
      compares: ['value("br/there") = "old"'],
      success: ['put br/new 1', 'get br/new', 'del br/there', 'get br/there', 'get --prefix br/'],
      failure: ['put br/failed 1'],
    });
    assert.equal(text, 'SUCCESS\n\nOK\n\nbr/new\n1\n\n1\n\n\nbr/new\n1\n');
    assert.equal(await output('get', 'br/failed'), '');
  });

  test('failure: the other branch only', async () => {
    await output('put', 'bf/there', 'old');
    await output('put', 'bf/other', 'else');
    const text = await txn({
      compares: ['value("bf/there") = "new"'],
      success: ['put bf/succeeded 1'],
      failure: ['get bf/there', 'put --prev-kv bf/there newer', 'del --prev-kv bf/other'],
    });
    assert.equal(text, 'FAILURE\n\nbf/there\nold\n\nOK\nbf/there\nold\n\n1\nbf/other\nelse\n');
    assert.equal(await output('get', '--prefix', 'bf/'), 'bf/there\nnewer\n');
  });

  test('one transaction is one revision, whatever it writes', async () => {
    const first = headerRevision(await output('put', 'one/a', '0', '-w', 'json'));
    const text = await txn(
      { success: ['put one/a 1', 'put one/b 1', 'del one/none', 'put one/c 1'] },
      '-w',
      'json',
    );
    assert.equal(headerRevision(text), first + 1);
    for (const key of ['one/a', 'one/b', 'one/c'])
      assert.match(await output('get', key, '-w', 'fields'), new RegExp(`"ModRevision" : ${first + 1}\n`));
  });

  test('a transaction that only reads makes no revision', async () => {
    const before = headerRevision(await output('put', 'ro', '0', '-w', 'json'));
    assert.equal(headerRevision(await txn({ success: ['get ro', 'del ro/none'] }, '-w', 'json')), before);
  });

  test('interactive mode asks for each block', async () => {
    const text = await txn({ compares: ['mod("never") = "0"'], success: ['put inter 1'] }, '-i');
    assert.equal(
      text,
      'compares:\nsuccess requests (get, put, del):\nfailure requests (get, put, del):\nSUCCESS\n\nOK\n',
    );
  });

  test('a linearizable get after a transaction at another member sees all of it', async () => {
    const [first, second] = [cluster().members[0]!, cluster().members[1]!];
    await etcdctl(first, ['txn'], script({ success: ['put vis/a 1', 'put vis/b 1'] }));
    assert.equal((await etcdctl(second, ['get', '--prefix', 'vis/'])).stdout, 'vis/a\n1\nvis/b\n1\n');
  });
});

describe('refusals', () => {
  test('a key written twice', async () => {
    assert.equal(
      await refusal({ success: ['put dup 1', 'put dup 2'] }),
      'etcdserver: duplicate key given in txn request',
    );
    assert.equal(
      await refusal({ failure: ['put dup 1', 'del --prefix du'] }),
      'etcdserver: duplicate key given in txn request',
    );
    assert.equal(await output('get', 'dup'), '');
  });

  test('129 operations in a branch; 128 pass', async () => {
    const puts = (count: number): string[] => Array.from({ length: count }, (_, at) => `put many/${at} x`);
    assert.equal(await refusal({ success: puts(129) }), 'etcdserver: too many operations in txn request');
    assert.equal(await refusal({ failure: puts(129) }), 'etcdserver: too many operations in txn request');
    assert.equal(await output('get', '--prefix', '--keys-only', 'many/'), '');
    assert.match(await txn({ success: puts(128) }), /^SUCCESS/);
  });

  test('129 compares', async () => {
    const compares = Array.from({ length: 129 }, (_, at) => `mod("c/${at}") = "0"`);
    assert.equal(await refusal({ compares }), 'etcdserver: too many operations in txn request');
  });

  test('an empty key in a branch', async () => {
    assert.equal(await refusal({ success: ['put "" x'] }), 'etcdserver: key is not provided');
  });

  test('a lease that is not there fails the whole transaction', async () => {
    const message = await refusal({ success: ['put whole/a 1', 'put --lease=77777 whole/b 1'] });
    assert.equal(message, 'etcdserver: requested lease not found');
    assert.equal(await output('get', '--prefix', 'whole/'), '');
  });
});
