/** What follows from the options of `synod dev`: ports, directories, flags; and when a dead member is started again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberSpecs, startFlags } from '../../src/cli/dev-options.ts';
import { RestartDelays } from '../../src/cli/restart-delays.ts';
import { accepted } from '../config/read.ts';

const OPTIONS = { members: 3, basePort: 2379, dataDir: '.synod', restart: true };

test('member i serves clients on BASE + 10 i, and peers on the port after', () => {
  assert.deepEqual(memberSpecs(OPTIONS), [
    {
      name: 'm1',
      clientUrl: 'http://127.0.0.1:2379',
      peerUrl: 'http://127.0.0.1:2380',
      dataDirectory: '.synod/m1',
    },
    {
      name: 'm2',
      clientUrl: 'http://127.0.0.1:2389',
      peerUrl: 'http://127.0.0.1:2390',
      dataDirectory: '.synod/m2',
    },
    {
      name: 'm3',
      clientUrl: 'http://127.0.0.1:2399',
      peerUrl: 'http://127.0.0.1:2400',
      dataDirectory: '.synod/m3',
    },
  ]);
});

test('the flags of the members are a cluster to synod start', () => {
  const specs = memberSpecs(OPTIONS);
  const configs = specs.map((spec) => accepted(startFlags(spec, specs, false)));
  assert.equal(new Set(configs.map(({ clusterId }) => clusterId)).size, 1);
  assert.equal(new Set(configs.map(({ memberId }) => memberId)).size, 3);
  assert.deepEqual(
    configs.map(({ name, log, dataDirectory }) => [name, log.level, dataDirectory]),
    ['m1', 'm2', 'm3'].map((name) => [name, 'warn', `/home/me/.synod/${name}`]),
  );
  assert.equal(accepted(startFlags(specs[0]!, specs, true)).log.level, 'info');
});

test('a dead member waits a second; longer if it dies again before it served; never over half a minute', () => {
  const delays = new RestartDelays();
  assert.deepEqual([delays.next(), delays.next(), delays.next()], [1_000, 2_000, 4_000]);
  for (let i = 0; i < 10; i++) delays.next();
  assert.equal(delays.next(), 30_000);
  delays.served();
  assert.equal(delays.next(), 1_000);
});
