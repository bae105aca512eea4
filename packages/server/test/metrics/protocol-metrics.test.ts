/** What the protocol tells of itself, driven by its own calls: watches, probes, promotions. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { key, NO_LEASE, revision, type WatchEvent } from '@synod/coordination';
import { etcdWatchersHandler } from '../../src/protocols/etcd/http1.ts';
import { call, open, setUp } from '../protocols/etcd/fake-calls.ts';
import { FakeService } from '../protocols/etcd/fake-service.ts';
import { connectedMetrics, metricWorld, scrape } from './metric-world.ts';

const AT = revision(9);

function events(count: number): readonly WatchEvent[] {
  const record = {
    key: key('k'),
    value: new Uint8Array(10),
    createRevision: AT,
    modRevision: AT,
    version: 1,
    lease: NO_LEASE,
  };
  return Array.from({ length: count }, () => ({ kind: 'put', record }) as const);
}

function watching() {
  const metrics = connectedMetrics(metricWorld());
  const setup = setUp({ observer: metrics.protocol });
  const stream = open(setup, 'Watch/Watch');
  const shown = async (name: string): Promise<number | undefined> =>
    (await scrape(metrics)).get(`etcd_debugging_${name}`);
  return { metrics, setup, stream, shown };
}

const LOOP = 'server_watch_send_loop';

test('events sent to watchers, each response once, and answers to what a client asked for', async () => {
  const { setup, stream, shown } = watching();
  stream.say(['etcdserverpb.WatchRequest', { create_request: { key: Buffer.from('k') } }]);
  assert.equal(await shown(`${LOOP}_control_stream_duration_seconds_count`), 1);
  const sink = setup.service.streams.at(-1)!.sink;
  sink.events(0, AT, events(1));
  sink.events(0, AT, events(20));
  assert.equal(await shown('mvcc_events_total'), 21);
  assert.equal(await shown('mvcc_pending_events_total'), 0);
  assert.equal(await shown(`${LOOP}_watch_stream_duration_seconds_count`), 2);
  assert.equal(await shown(`${LOOP}_watch_stream_duration_per_event_seconds_count`), 2);
  stream.say(['etcdserverpb.WatchRequest', { cancel_request: { watch_id: 0n } }]);
  assert.equal(await shown(`${LOOP}_control_stream_duration_seconds_count`), 2);
});

test('events that a client has no room for are pending until it has, and then count', async () => {
  const { setup, stream, shown } = watching();
  stream.say(['etcdserverpb.WatchRequest', { create_request: { key: Buffer.from('k') } }]);
  const sink = setup.service.streams.at(-1)!.sink;
  stream.call.flowing = false;
  sink.events(0, AT, events(3));
  assert.equal(await shown('mvcc_pending_events_total'), 3);
  assert.equal(await shown('mvcc_events_total'), 0);
  const waitedFromMs = performance.now();
  while (performance.now() < waitedFromMs + 2);
  stream.call.flowing = true;
  stream.listener.onDrain();
  assert.equal(await shown('mvcc_pending_events_total'), 0);
  assert.equal(await shown('mvcc_events_total'), 3);
  const heldSeconds = await shown(`${LOOP}_watch_stream_duration_seconds_sum`);
  assert.ok(heldSeconds! >= 0.002, 'the response took until there was room');
  stream.call.flowing = false;
  sink.events(0, AT, events(2));
  stream.listener.onCancel();
  assert.equal(await shown('mvcc_pending_events_total'), 0, 'nothing is pending for a client that went');
});

test('rounds of bookmarks', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const metrics = connectedMetrics(metricWorld());
  const setup = setUp({ observer: metrics.protocol, progressIntervalMs: 1_000 });
  const stream = open(setup, 'Watch/Watch');
  stream.say([
    'etcdserverpb.WatchRequest',
    { create_request: { key: Buffer.from('k'), progress_notify: true } },
  ]);
  t.mock.timers.tick(2_000);
  const name = `etcd_debugging_${LOOP}_progress_duration_seconds_count`;
  assert.equal((await scrape(metrics)).get(name), 2);
  setup.protocol.stop();
});

test('promotions of learners, and the words of those that were refused', async () => {
  const metrics = connectedMetrics(metricWorld());
  const setup = setUp({ observer: metrics.protocol });
  const promote = () =>
    call(setup, 'Cluster/MemberPromote', ['etcdserverpb.MemberPromoteRequest', { ID: 5n }]);
  promote();
  setup.service.memberChanges
    .at(-1)!
    .completion.complete({ kind: 'membersChanged', members: [], revision: AT });
  promote();
  setup.service.memberChanges
    .at(-1)!
    .completion.complete({ kind: 'serviceFailure', code: 'learnerNotReady' });
  const values = await scrape(metrics);
  assert.equal(values.get('etcd_server_learner_promote_successes'), 1);
  const reason = 'etcdserver: can only promote a learner member which is in sync with leader';
  assert.equal(values.get(`etcd_server_learner_promote_failures{Reason="${reason}"}`), 1);
});

test('probes: health by what it says, checks by type, name and what they found', async (t) => {
  const metrics = connectedMetrics(metricWorld());
  const service = new FakeService();
  const handler = etcdWatchersHandler(service, { metrics: metrics.registry, etcdObserver: metrics.protocol });
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const ask = async (path: string): Promise<void> => {
    const { port } = server.address() as AddressInfo;
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  };
  service.isLearner = true;
  service.hasLeader = false;
  await ask('/health');
  await ask('/readyz/non_learner');
  service.isLearner = false;
  await ask('/readyz/non_learner');
  await ask('/readyz/data_corruption');
  const values = await scrape(metrics);
  assert.equal(values.get('etcd_server_health_failures'), 1);
  assert.equal(values.get('etcd_server_health_success'), 0);
  assert.equal(values.get('etcd_server_healthcheck{type="readyz",name="non_learner"}'), 1);
  const total = (status: string) =>
    values.get(`etcd_server_healthchecks_total{type="readyz",name="non_learner",status="${status}"}`);
  assert.deepEqual([total('success'), total('error')], [1, 1]);
  assert.equal(values.get('etcd_server_healthcheck{type="readyz",name="data_corruption"}'), 1);
});

test('a range is one request, however many pieces it is read in', async () => {
  const metrics = connectedMetrics(metricWorld());
  const setup = setUp({ observer: metrics.protocol });
  const ask = (range_end: string): void => {
    const request = { key: Buffer.from('a'), range_end: Buffer.from(range_end), serializable: true };
    call(setup, 'KV/Range', ['etcdserverpb.RangeRequest', request]);
  };
  const counts = async () => {
    const values = await scrape(metrics);
    const count = (success: boolean) =>
      values.get(`etcd_server_request_duration_seconds_count{type="Range",success="${success}"}`) ?? 0;
    return [count(true), count(false)];
  };
  const { pages, ranges } = setup.service;
  const page = { kind: 'page', revision: AT, records: [], next: undefined } as const;
  ask('z');
  assert.deepEqual(await counts(), [0, 0], 'nothing is answered yet');
  pages.at(-1)!.completion.complete({ ...page, next: key('m') });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(pages.length, 2);
  pages.at(-1)!.completion.complete(page);
  assert.deepEqual(await counts(), [1, 0]);
  ask('z');
  pages.at(-1)!.completion.complete({ kind: 'serviceFailure', code: 'corrupt' });
  assert.deepEqual(await counts(), [1, 1]);
  ask('');
  ranges.at(-1)!.completion.complete({ kind: 'range', revision: AT, records: [], more: false, count: 0 });
  assert.deepEqual(await counts(), [2, 1]);
});
