/** Every output format, exactly. What etcdctl 3.4 printed for the same answers is the expectation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaseId } from '@synod/coordination';
import { fieldsWriter } from '../../../src/cli/client/writers/fields.ts';
import { jsonWriter } from '../../../src/cli/client/writers/json.ts';
import type { Results, Writer } from '../../../src/cli/client/writers/results.ts';
import { simpleWriter } from '../../../src/cli/client/writers/simple.ts';
import { tableWriter } from '../../../src/cli/client/writers/table.ts';

const header = {
  cluster_id: 'babc9795b64f03e3',
  member_id: '0628170c800dbcee',
  revision: 7,
  raft_term: 2,
};
const JSON_HEADER =
  '{"cluster_id":13455796455940752355,"member_id":443629905751424238,"revision":7,"raft_term":2}';
const FIELD_HEADER =
  '"ClusterID" : 13455796455940752355\n"MemberID" : 443629905751424238\n"Revision" : 7\n"RaftTerm" : 2\n';
const lease = leaseId('3ceea2073d5d8431');
const noLease = leaseId('');
const record = { key: 'a', create_revision: 6, mod_revision: 7, version: 2, value: '2', lease: noLease };
const member = {
  ID: '0628170c800dbcee',
  name: 'm1',
  peerURLs: ['http://127.0.0.1:32380'],
  clientURLs: ['http://127.0.0.1:32379'],
  isLearner: false,
};

type Expected = {
  readonly simple?: string;
  readonly json?: string;
  readonly fields?: string;
  readonly table?: string;
};

function shows<Kind extends keyof Results>(kind: Kind, result: Results[Kind], expected: Expected): void {
  const writers: Readonly<Record<keyof Expected, Writer>> = {
    simple: simpleWriter,
    json: jsonWriter,
    fields: fieldsWriter,
    table: tableWriter,
  };
  for (const [format, text] of Object.entries(expected) as [keyof Expected, string][])
    assert.equal(writers[format][kind]?.(result, { isHex: false }), text, `${kind} as ${format}`);
}

test('ranges', () => {
  const response = { header, kvs: [record], more: true, count: 9 };
  shows(
    'range',
    { response, form: 'whole' },
    {
      simple: 'a\n2\n',
      json: `{"header":${JSON_HEADER},"kvs":[{"key":"YQ==","create_revision":6,"mod_revision":7,"version":2,"value":"Mg=="}],"more":true,"count":9}\n`,
      fields: `${FIELD_HEADER}"Key" : "a"\n"CreateRevision" : 6\n"ModRevision" : 7\n"Version" : 2\n"Value" : "2"\n"Lease" : 0\n"More" : true\n"Count" : 9\n`,
    },
  );
  shows('range', { response, form: 'values' }, { simple: '2\n' });
  shows('range', { response, form: 'count' }, { simple: '9\n' });
  assert.equal(simpleWriter.range({ response, form: 'whole' }, { isHex: true }), '\\x61\n\\x32\n');
});

test('puts and deletes', () => {
  shows(
    'put',
    { header, prev_kv: undefined },
    { simple: 'OK\n', json: `{"header":${JSON_HEADER}}\n`, fields: FIELD_HEADER },
  );
  shows(
    'put',
    { header, prev_kv: { ...record, lease } },
    {
      simple: 'OK\na\n2\n',
      json: `{"header":${JSON_HEADER},"prev_kv":{"key":"YQ==","create_revision":6,"mod_revision":7,"version":2,"value":"Mg==","lease":4390624838710821937}}\n`,
      fields: `${FIELD_HEADER}"PrevKey" : "a"\n"PrevCreateRevision" : 6\n"PrevModRevision" : 7\n"PrevVersion" : 2\n"PrevValue" : "2"\n"PrevLease" : 4390624838710821937\n`,
    },
  );
  shows(
    'deleteRange',
    { header, deleted: 1, prev_kvs: [record] },
    {
      simple: '1\na\n2\n',
      json: `{"header":${JSON_HEADER},"deleted":1,"prev_kvs":[{"key":"YQ==","create_revision":6,"mod_revision":7,"version":2,"value":"Mg=="}]}\n`,
    },
  );
});

test('transactions', () => {
  const inner = { cluster_id: '0000000000000000', member_id: '0000000000000000', revision: 7, raft_term: 0 };
  const none = { response_range: undefined, response_put: undefined, response_delete_range: undefined };
  const response = {
    header,
    succeeded: true,
    responses: [
      { ...none, response_put: { header: inner, prev_kv: undefined } },
      { ...none, response_range: { header: inner, kvs: [record], more: false, count: 1 } },
      { ...none, response_delete_range: { header: inner, deleted: 0, prev_kvs: [] } },
    ],
  };
  shows('transaction', response, {
    simple: 'SUCCESS\n\nOK\n\na\n2\n\n0\n',
    json: `{"header":${JSON_HEADER},"succeeded":true,"responses":[{"Response":{"ResponsePut":{"header":{"revision":7}}}},{"Response":{"ResponseRange":{"header":{"revision":7},"kvs":[{"key":"YQ==","create_revision":6,"mod_revision":7,"version":2,"value":"Mg=="}],"count":1}}},{"Response":{"ResponseDeleteRange":{"header":{"revision":7}}}}]}\n`,
  });
  shows(
    'transaction',
    { header, succeeded: false, responses: [] },
    {
      simple: 'FAILURE\n',
      json: `{"header":${JSON_HEADER}}\n`,
    },
  );
});

test('watch answers', () => {
  const answer = {
    header,
    watch_id: 0,
    created: false,
    canceled: false,
    compact_revision: 0,
    cancel_reason: '',
    fragment: false,
  };
  const gone = { ...record, create_revision: 0, version: 0, value: '' };
  const events = [
    { type: 0, kv: record, prev_kv: undefined },
    { type: 1, kv: gone, prev_kv: record },
  ];
  shows(
    'watch',
    { ...answer, events },
    {
      simple: 'PUT\na\n2\nDELETE\na\n2\na\n\n',
      json: `{"Header":${JSON_HEADER},"Events":[{"kv":{"key":"YQ==","create_revision":6,"mod_revision":7,"version":2,"value":"Mg=="}},{"type":1,"kv":{"key":"YQ==","mod_revision":7},"prev_kv":{"key":"YQ==","create_revision":6,"mod_revision":7,"version":2,"value":"Mg=="}}],"CompactRevision":0,"Canceled":false,"Created":false}\n`,
    },
  );
  shows(
    'watch',
    { ...answer, events: [] },
    {
      simple: '',
      json: `{"Header":${JSON_HEADER},"Events":null,"CompactRevision":0,"Canceled":false,"Created":false}\n`,
    },
  );
});

test('leases', () => {
  const inline = JSON_HEADER.slice(1, -1);
  shows(
    'leaseGrant',
    { header, ID: lease, TTL: 100, error: '' },
    {
      simple: 'lease 3ceea2073d5d8431 granted with TTL(100s)\n',
      json: `{${inline},"ID":4390624838710821937,"TTL":100,"Error":""}\n`,
      fields: `${FIELD_HEADER}"ID" : 4390624838710821937\n"TTL" : 100\n`,
    },
  );
  shows(
    'leaseKeepAlive',
    { header, ID: lease, TTL: 100 },
    {
      simple: 'lease 3ceea2073d5d8431 keepalived with TTL(100)\n',
      json: `{${inline},"ID":4390624838710821937,"TTL":100}\n`,
    },
  );
  const response = { header, ID: lease, TTL: 99, grantedTTL: 100, keys: ['a', 'b'] };
  shows(
    'leaseTimeToLive',
    { response, withKeys: true },
    {
      simple: 'lease 3ceea2073d5d8431 granted with TTL(100s), remaining(99s), attached keys([a b])\n',
      json: `{${inline},"id":4390624838710821937,"ttl":99,"granted-ttl":100,"keys":["YQ==","Yg=="]}\n`,
    },
  );
  shows(
    'leaseTimeToLive',
    { response: { ...response, TTL: -1, grantedTTL: 0, keys: [] }, withKeys: true },
    {
      simple: 'lease 3ceea2073d5d8431 already expired\n',
      json: `{${inline},"id":4390624838710821937,"ttl":-1,"granted-ttl":0,"keys":null}\n`,
    },
  );
  shows(
    'leases',
    { header, leases: [{ ID: lease }] },
    {
      simple: 'found 1 leases\n3ceea2073d5d8431\n',
      json: `{${inline},"leases":[{"id":4390624838710821937}]}\n`,
    },
  );
  shows(
    'leaseRevoke',
    { lease, response: { header } },
    {
      simple: 'lease 3ceea2073d5d8431 revoked\n',
      json: `{"header":${JSON_HEADER}}\n`,
    },
  );
});

test('members', () => {
  shows(
    'memberList',
    { header, members: [member, { ...member, name: '', clientURLs: [], isLearner: true }] },
    {
      simple:
        '628170c800dbcee, started, m1, http://127.0.0.1:32380, http://127.0.0.1:32379, false\n628170c800dbcee, unstarted, , http://127.0.0.1:32380, , true\n',
      table: `+-----------------+-----------+------+------------------------+------------------------+------------+
|       ID        |  STATUS   | NAME |       PEER ADDRS       |      CLIENT ADDRS      | IS LEARNER |
+-----------------+-----------+------+------------------------+------------------------+------------+
| 628170c800dbcee |   started |   m1 | http://127.0.0.1:32380 | http://127.0.0.1:32379 |      false |
| 628170c800dbcee | unstarted |      | http://127.0.0.1:32380 |                        |       true |
+-----------------+-----------+------+------------------------+------------------------+------------+
`,
    },
  );
  shows(
    'memberList',
    { header, members: [member] },
    {
      json: `{"header":${JSON_HEADER},"members":[{"ID":443629905751424238,"name":"m1","peerURLs":["http://127.0.0.1:32380"],"clientURLs":["http://127.0.0.1:32379"]}]}\n`,
      fields: `${FIELD_HEADER}"ID" : 443629905751424238\n"Name" : "m1"\n"PeerURL" : "http://127.0.0.1:32380"\n"ClientURL" : "http://127.0.0.1:32379"\n"IsLearner" : false\n\n`,
    },
  );
  shows(
    'memberAdd',
    { response: { header, member, members: [member] }, member },
    {
      simple: 'Member  628170c800dbcee added to cluster babc9795b64f03e3\n',
    },
  );
  shows(
    'memberChange',
    { verb: 'removed from', member: member.ID, response: { header, members: [] } },
    {
      simple: 'Member  628170c800dbcee removed from cluster babc9795b64f03e3\n',
    },
  );
});

test('endpoints', () => {
  const endpoint = '127.0.0.1:32379';
  const response = {
    header,
    version: '3.7.0',
    dbSize: 24_576,
    leader: header.member_id,
    raftIndex: 41,
    raftTerm: 2,
    raftAppliedIndex: 41,
    errors: [],
    dbSizeInUse: 8_000,
    isLearner: false,
    storageVersion: '3.7.0',
    dbSizeQuota: 2_147_483_648,
    downgradeInfo: { enabled: true, targetVersion: '3.6.0' },
  };
  shows('endpointStatus', [{ endpoint, response }], {
    simple:
      '127.0.0.1:32379, 628170c800dbcee, 3.7.0, 3.7.0, 25 kB, 8.0 kB, 68%, 2.1 GB, true, false, 2, 41, 41, , 3.6.0, true\n',
    json: `[{"Endpoint":"127.0.0.1:32379","Status":{"header":${JSON_HEADER},"version":"3.7.0","dbSize":24576,"leader":443629905751424238,"raftIndex":41,"raftTerm":2,"raftAppliedIndex":41,"dbSizeInUse":8000,"storageVersion":"3.7.0","dbSizeQuota":2147483648,"downgradeInfo":{"enabled":true,"targetVersion":"3.6.0"}}}]\n`,
    fields: `${FIELD_HEADER}"Version" : "3.7.0"\n"StorageVersion" : "3.7.0"\n"DBSize" : 24576\n"DBSizeInUse" : 8000\n"DBSizeQuota" : 2147483648\n"Leader" : 443629905751424238\n"IsLearner" : false\n"RaftIndex" : 41\n"RaftTerm" : 2\n"RaftAppliedIndex" : 41\n"Errors" : []\n"Endpoint" : "127.0.0.1:32379"\n"DowngradeTargetVersion" : "3.6.0"\n"DowngradeEnabled" : true\n\n`,
  });
  // A server before 3.6 says nothing of downgrades, and one before 3.4 not what of its store is in use.
  const older = {
    ...response,
    dbSize: 0,
    dbSizeInUse: 0,
    dbSizeQuota: 0,
    storageVersion: '',
    downgradeInfo: undefined,
  };
  shows('endpointStatus', [{ endpoint, response: older }], {
    simple:
      '127.0.0.1:32379, 628170c800dbcee, 3.7.0, , 0 B, 0 B, 0%, 0 B, true, false, 2, 41, 41, , , false\n',
  });
  shows(
    'endpointHealth',
    [
      { endpoint, tookMs: 1.25171, error: '' },
      { endpoint, tookMs: 5, error: 'a <b>' },
    ],
    {
      json: '[{"endpoint":"127.0.0.1:32379","health":true,"took":"1.25171ms"},{"endpoint":"127.0.0.1:32379","health":false,"took":"5ms","error":"a \\u003cb\\u003e"}]\n',
      fields:
        '"Endpoint" : "127.0.0.1:32379"\n"Health" : true\n"Took" : 1.25171ms\n"Error" : \n\n"Endpoint" : "127.0.0.1:32379"\n"Health" : false\n"Took" : 5ms\n"Error" : a <b>\n\n',
    },
  );
  const hash = { header, hash: 2_467_173_544, compact_revision: -1, hash_revision: 0 };
  shows('endpointHash', [{ endpoint, response: hash }], {
    simple: '127.0.0.1:32379, 2467173544\n',
    json: `[{"Endpoint":"127.0.0.1:32379","HashKV":{"header":${JSON_HEADER},"hash":2467173544,"compact_revision":-1}}]\n`,
  });
});

test('alarms, users and roles', () => {
  shows(
    'alarm',
    { header, alarms: [{ memberID: header.member_id, alarm: 1 }] },
    {
      simple: 'memberID:443629905751424238 alarm:NOSPACE \n',
      json: `{"header":${JSON_HEADER},"alarms":[{"memberID":443629905751424238,"alarm":1}]}\n`,
    },
  );
  shows(
    'userGet',
    { user: 'a', response: { header, roles: ['r', 's'] } },
    { simple: 'User: a\nRoles: r s\n' },
  );
  shows(
    'userList',
    { header, users: ['a', 'b'] },
    { simple: 'a\nb\n', json: `{"header":${JSON_HEADER},"users":["a","b"]}\n` },
  );
  const perm = [
    { permType: 0, key: 'k1', range_end: '' },
    { permType: 1, key: 'k2', range_end: 'k3' },
    { permType: 2, key: 'p', range_end: 'q' },
    { permType: 0, key: 'q', range_end: '\0' },
  ];
  shows(
    'roleGet',
    { role: 'r', response: { header, perm } },
    {
      simple:
        'Role r\nKV Read:\n\tk1\n\t[p, q) (prefix p)\n\t[q, <open ended>\nKV Write:\n\t[k2, k3) (prefix k2)\n\t[p, q) (prefix p)\n',
      json: `{"header":${JSON_HEADER},"perm":[{"key":"azE="},{"permType":1,"key":"azI=","range_end":"azM="},{"permType":2,"key":"cA==","range_end":"cQ=="},{"key":"cQ==","range_end":"AA=="}]}\n`,
      fields: `${FIELD_HEADER}"PermType" :  READ\n"Key" : "k1"\n"RangeEnd" : ""\n"PermType" :  WRITE\n"Key" : "k2"\n"RangeEnd" : "k3"\n"PermType" :  READWRITE\n"Key" : "p"\n"RangeEnd" : "q"\n"PermType" :  READ\n"Key" : "q"\n"RangeEnd" : "\\x00"\n`,
    },
  );
});
