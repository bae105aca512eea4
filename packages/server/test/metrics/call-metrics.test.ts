/** Calls by method, by status and by the client's version; streams whose client cannot be understood. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIENT_VERSION_LENGTH_MAX, CLIENT_VERSIONS_MAX } from '../../src/metrics/limits.ts';
import { CALLS } from '../../src/protocols/etcd/schema/calls.ts';
import { aCall, connectedMetrics, metricWorld, scrape } from './metric-world.ts';

const labelsOf = (type: string, service: string, method: string): string =>
  `grpc_type="${type}",grpc_service="${service}",grpc_method="${method}"`;

test('calls by method and status', async () => {
  const metrics = connectedMetrics(metricWorld());
  metrics.calls.callStarted(aCall('/etcdserverpb.KV/Put'), undefined);
  metrics.calls.callStarted(aCall('/etcdserverpb.KV/Put'), undefined);
  metrics.calls.callEnded(aCall('/etcdserverpb.KV/Put'), 0);
  metrics.calls.callEnded(aCall('/etcdserverpb.KV/Put'), 8);
  const values = await scrape(metrics);
  const put = labelsOf('unary', 'etcdserverpb.KV', 'Put');
  assert.equal(values.get(`grpc_server_started_total{${put}}`), 2);
  assert.equal(values.get(`grpc_server_handled_total{${put},grpc_code="OK"}`), 1);
  assert.equal(values.get(`grpc_server_handled_total{${put},grpc_code="ResourceExhausted"}`), 1);
});

test('how long calls take, where that is asked for', async () => {
  const world = metricWorld();
  const metrics = connectedMetrics(world);
  const [put, slowPut] = [aCall('/etcdserverpb.KV/Put'), aCall('/etcdserverpb.KV/Put')];
  metrics.calls.callStarted(slowPut, undefined);
  world.nowMs = 300;
  metrics.calls.callStarted(put, undefined);
  world.nowMs = 304;
  metrics.calls.callEnded(put, 0);
  metrics.calls.callEnded(slowPut, 14);
  const values = await scrape(metrics);
  const labels = labelsOf('unary', 'etcdserverpb.KV', 'Put');
  const upTo = (le: string): number | undefined =>
    values.get(`grpc_server_handling_seconds_bucket{le="${le}",${labels}}`);
  assert.deepEqual(['0.005', '0.25', '0.5', '+Inf'].map(upTo), [1, 1, 2, 2]);
  assert.equal(values.get(`grpc_server_handling_seconds_sum{${labels}}`), 0.308);

  const basic = connectedMetrics(metricWorld(), false);
  basic.calls.callStarted(put, undefined);
  basic.calls.callEnded(put, 0);
  assert.doesNotMatch(await basic.registry.metrics(), /handling_seconds/);
});

test('every call of etcd’s is counted with the type that it has', async () => {
  const types = { unary: 'unary', serverStream: 'server_stream', bothStream: 'bidi_stream' };
  const metrics = connectedMetrics(metricWorld());
  for (const { service, method } of CALLS)
    metrics.calls.callStarted(aCall(`/${service}/${method}`), undefined);
  const values = await scrape(metrics);
  for (const { service, method, kind } of CALLS)
    assert.equal(
      values.get(`grpc_server_started_total{${labelsOf(types[kind], service, method)}}`),
      1,
      `${service}/${method} is ${kind}`,
    );
});

test('requests by the client’s version, of which there may be only so many', async () => {
  const metrics = connectedMetrics(metricWorld());
  const { calls } = metrics;
  calls.callStarted(aCall('/etcdserverpb.KV/Put'), '3.7.0');
  calls.callStarted(aCall('/etcdserverpb.KV/Range'), '3.7.0');
  calls.callStarted(aCall('/etcdserverpb.KV/Range'), undefined);
  calls.callStarted(aCall('/etcdserverpb.Watch/Watch'), '3.6.1');
  const counted = (type: string, version: string) => async () =>
    (await scrape(metrics)).get(
      `etcd_server_client_requests_total{type="${type}",client_api_version="${version}"}`,
    );
  assert.equal(await counted('unary', '3.7.0')(), 2);
  assert.equal(await counted('unary', 'unknown')(), 1);
  assert.equal(await counted('stream', '3.6.1')(), 1);
  for (let i = 0; i < CLIENT_VERSIONS_MAX + 5; i++)
    calls.callStarted(aCall('/etcdserverpb.KV/Put'), `made up ${i}`);
  assert.equal(await counted('unary', 'other')(), 6);
  calls.callStarted(aCall('/etcdserverpb.KV/Put'), '3.7.0');
  assert.equal(await counted('unary', '3.7.0')(), 3, 'one that is known counts on');
  calls.callStarted(aCall('/etcdserverpb.Watch/Watch'), 'v'.repeat(10_000));
  assert.equal(await counted('stream', 'v'.repeat(CLIENT_VERSION_LENGTH_MAX))(), 1);
});

test('streams of watches and keep-alives that ended because of what their client said', async () => {
  const metrics = connectedMetrics(metricWorld());
  const { calls } = metrics;
  const internal = 13;
  calls.callEnded(aCall('/etcdserverpb.Watch/Watch'), internal);
  calls.callEnded(aCall('/etcdserverpb.Lease/LeaseKeepAlive'), internal);
  calls.callEnded(aCall('/etcdserverpb.Lease/LeaseKeepAlive'), internal);
  // Whoever goes, or is told that there is no leader, said nothing wrong.
  for (const code of [0, 1, 14]) calls.callEnded(aCall('/etcdserverpb.Watch/Watch'), code);
  calls.callEnded(aCall('/etcdserverpb.KV/Put'), internal);
  const values = await scrape(metrics);
  const name = 'etcd_network_server_stream_failures_total';
  assert.deepEqual(
    [...values].filter(([key]) => key.startsWith(name)),
    [
      [`${name}{Type="receive",API="watch"}`, 1],
      [`${name}{Type="receive",API="lease-keepalive"}`, 2],
    ],
  );
});
