/** The founders: who they are, which ids they have (those that etcd gives them), and what cannot be a cluster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foundedClusterId, founderId } from '../../src/config/cluster-identity.ts';
import { accepted, refused } from './read.ts';

const THREE = 'm1=http://127.0.0.1:2380,m2=http://127.0.0.1:2390,m3=http://127.0.0.1:2400';

/** What etcd's log said of itself, started with these flags: the cluster above, and a member alone with no flag at all. */
const ETCD_MEMBER_IDS = ['b71f75320dc06a6c', '75fb7df1dacfc315', '0b8427a9848e55a7'];
const ETCD_CLUSTER_ID = '9eee07baa42fa51b';
const ETCD_ALONE = { member: '8e9e05c52164694d', cluster: 'cdf818194e3a8c32' };

function memberOfThree(name: string, port: number): string {
  return `--name ${name} --initial-cluster ${THREE} --initial-advertise-peer-urls http://127.0.0.1:${port}`;
}

test('ids are those that etcd 3.4.23 had with the same flags', () => {
  const first = accepted(memberOfThree('m1', 2380));
  assert.deepEqual(
    first.founders.map(({ id }) => id),
    ETCD_MEMBER_IDS,
  );
  assert.equal(first.clusterId, ETCD_CLUSTER_ID);
  assert.equal(first.memberId, ETCD_MEMBER_IDS[0]);
  const alone = accepted('');
  assert.equal(alone.memberId, ETCD_ALONE.member);
  assert.equal(alone.clusterId, ETCD_ALONE.cluster);
});

test('every member derives the same cluster, whatever the order of the list', () => {
  const second = accepted(memberOfThree('m2', 2390));
  const reversed = THREE.split(',').reverse().join(',');
  const third = accepted(
    `--name m3 --initial-cluster ${reversed} --initial-advertise-peer-urls http://127.0.0.1:2400`,
  );
  assert.equal(second.clusterId, third.clusterId);
  assert.equal(second.founders.find(({ name }) => name === 'm3')!.id, third.memberId);
});

test('another token makes other ids', () => {
  const one = accepted(memberOfThree('m1', 2380));
  const other = accepted(`${memberOfThree('m1', 2380)} --initial-cluster-token other`);
  assert.notEqual(one.clusterId, other.clusterId);
  assert.notEqual(one.memberId, other.memberId);
});

test('a member with several peer URLs has its name several times, in any order', () => {
  const urls = 'http://127.0.0.1:2,http://127.0.0.1:1';
  const config = accepted(
    `--name a --initial-cluster a=http://127.0.0.1:1,a=http://127.0.0.1:2 --initial-advertise-peer-urls ${urls}`,
  );
  assert.deepEqual(config.founders, [
    { id: config.memberId, name: 'a', peerUrls: ['http://127.0.0.1:1', 'http://127.0.0.1:2'] },
  ]);
});

test('a member that says nothing of a cluster founds one alone, where it says it can be reached', () => {
  for (const name of ['default', 'a']) {
    const config = accepted(`--name ${name} --initial-advertise-peer-urls http://127.0.0.1:7`);
    assert.deepEqual(
      config.founders.map((founder) => [founder.name, ...founder.peerUrls]),
      [[name, 'http://127.0.0.1:7']],
    );
  }
});

test('what cannot be a cluster', () => {
  const cases: readonly (readonly [line: string, words: RegExp])[] = [
    [`--name m9 --initial-cluster ${THREE}`, /couldn't find local name "m9" .*Give --name one of its names/],
    [
      `--name m1 --initial-cluster ${THREE}`,
      /has m1 at .*2380, but --initial-advertise-peer-urls is .*localhost/,
    ],
    [
      '--name a --initial-cluster a=http://127.0.0.1:1,b=http://127.0.0.1:1',
      /duplicate url http:\/\/127.0.0.1:1/,
    ],
    ['--name a --initial-cluster a', /"a" must be name=peer-url/],
    ['--name a --initial-cluster =http://127.0.0.1:1', /must be name=peer-url/],
    ['--name a --initial-cluster a=127.0.0.1:1', /URL scheme must be/],
    ['--name a --initial-cluster a=http://127.0.0.1:1,', /"" must be name=peer-url/],
  ];
  for (const [line, words] of cases) assert.match(refused(line).message, words);
});

test('property: ids are 16 hex digits and do not depend on order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.webUrl(), { minLength: 1, maxLength: 5 }), fc.string(), (urls, token) => {
      const id = founderId(urls, token);
      assert.match(id, /^[0-9a-f]{16}$/);
      assert.equal(founderId([...urls].reverse(), token), id);
      const ids = urls.map((url) => founderId([url], token));
      assert.equal(foundedClusterId([...ids].reverse()), foundedClusterId(ids));
    }),
    { seed: 1, numRuns: 100 },
  );
});
