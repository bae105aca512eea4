/** `-w fields`: one `"Name" : value` a line, with every field though it be at its default. */
import { PERMISSION_NAMES } from '../../../client/messages/auth.ts';
import type { Member } from '../../../client/messages/cluster.ts';
import type { KeyValue } from '../../../client/messages/key-value.ts';
import { ALARM_NAMES } from '../../../client/messages/maintenance.ts';
import { EVENT_DELETE } from '../../../client/messages/watch.ts';
import { goDuration, goQuote } from './go-formats.ts';
import { type HeaderOnly, NO_HEADER, type Results, utf8, type Writer } from './results.ts';

/** A blank line closes each block of those that come in several. */
export const fieldsWriter: Writer = mapped({
  range: ({ response }) => range(response),
  put: (response) => [
    ...header(response),
    ...(response.prev_kv === undefined ? [] : record('Prev', response.prev_kv)),
  ],
  deleteRange,
  transaction: (response) => [
    ...header(response),
    `"Succeeded" : ${response.succeeded}`,
    ...response.responses.flatMap(({ response_range, response_put, response_delete_range }) => [
      ...(response_range === undefined ? [] : range(response_range)),
      ...(response_put === undefined
        ? []
        : [
            ...header(response_put),
            ...(response_put.prev_kv === undefined ? [] : record('Prev', response_put.prev_kv)),
          ]),
      ...(response_delete_range === undefined ? [] : deleteRange(response_delete_range)),
    ]),
  ],
  watch: (response) => [
    ...header(response),
    ...response.events.flatMap(({ type, kv, prev_kv }) => [
      `"Type" : ${type === EVENT_DELETE ? 'DELETE' : 'PUT'}`,
      ...(prev_kv === undefined ? [] : record('Prev', prev_kv)),
      ...(kv === undefined ? [] : record('', kv)),
    ]),
  ],
  leaseGrant: (response) => [...header(response), `"ID" : ${signed(response.ID)}`, `"TTL" : ${response.TTL}`],
  snapshotStatus: ({ hash, revision, totalKey, totalSize }) => [
    `"Hash" : ${hash}`,
    `"Revision" : ${revision}`,
    `"Keys" : ${totalKey}`,
    `"Size" : ${totalSize}`,
  ],
  leaseRevoke: ({ response }) => header(response),
  leaseKeepAlive: (response) => [
    ...header(response),
    `"ID" : ${signed(response.ID)}`,
    `"TTL" : ${response.TTL}`,
  ],
  leaseTimeToLive: ({ response }) => [
    ...header(response),
    `"ID" : ${signed(response.ID)}`,
    `"TTL" : ${response.TTL}`,
    `"GrantedTTL" : ${response.grantedTTL}`,
    ...response.keys.map((key) => `"Key" : ${goQuote(key)}`),
  ],
  leases: (response) => [...header(response), ...response.leases.map(({ ID }) => `"ID" : ${signed(ID)}`)],
  memberList: (response) => [...header(response), ...response.members.flatMap((one) => [...member(one), ''])],
  memberAdd: ({ response, member: added }) => [...header(response), ...member(added)],
  memberChange: ({ response }) => header(response),
  endpointHealth: (rows) =>
    rows.flatMap(({ endpoint, tookMs, error }) => [
      `"Endpoint" : ${quoted(endpoint)}`,
      `"Health" : ${error === ''}`,
      `"Took" : ${goDuration(tookMs)}`,
      `"Error" : ${error}`,
      '',
    ]),
  endpointStatus: (rows) =>
    rows.flatMap(({ endpoint, response }) => [
      ...header(response),
      `"Version" : ${quoted(response.version)}`,
      `"StorageVersion" : ${quoted(response.storageVersion)}`,
      `"DBSize" : ${response.dbSize}`,
      `"DBSizeInUse" : ${response.dbSizeInUse}`,
      `"DBSizeQuota" : ${response.dbSizeQuota}`,
      `"Leader" : ${unsigned(response.leader)}`,
      `"IsLearner" : ${response.isLearner}`,
      `"RaftIndex" : ${response.raftIndex}`,
      `"RaftTerm" : ${response.raftTerm}`,
      `"RaftAppliedIndex" : ${response.raftAppliedIndex}`,
      `"Errors" : [${response.errors.map(quoted).join(' ')}]`,
      `"Endpoint" : ${quoted(endpoint)}`,
      `"DowngradeTargetVersion" : ${quoted(response.downgradeInfo?.targetVersion ?? '')}`,
      `"DowngradeEnabled" : ${response.downgradeInfo?.enabled ?? false}`,
      '',
    ]),
  endpointHash: (rows) =>
    rows.flatMap(({ endpoint, response }) => [
      ...header(response),
      `"Endpoint" : ${quoted(endpoint)}`,
      `"Hash" : ${response.hash}`,
      '',
    ]),
  alarm: (response) => [
    ...header(response),
    ...response.alarms.flatMap(({ memberID, alarm }) => [
      `"MemberID" : ${unsigned(memberID)}`,
      `"AlarmType" : ${ALARM_NAMES[alarm] ?? alarm}`,
      '',
    ]),
  ],
  roleGet: ({ response }) => [
    ...header(response),
    ...response.perm.flatMap(({ permType, key, range_end }) => [
      `"PermType" :  ${PERMISSION_NAMES[permType] ?? permType}`,
      `"Key" : ${goQuote(key)}`,
      `"RangeEnd" : ${goQuote(range_end)}`,
    ]),
  ],
  done: ({ response }) => header(response),
});

type Lines = {
  readonly [Kind in keyof Results]?: (result: Results[Kind]) => readonly string[];
};

function mapped(writer: Lines): Writer {
  const entries = Object.entries(writer) as [string, (result: never) => readonly string[]][];
  return Object.fromEntries(
    entries.map(([kind, write]) => [
      kind,
      (result: never) =>
        utf8(
          write(result)
            .map((line) => `${line}\n`)
            .join(''),
        ),
    ]),
  ) as Writer;
}

function header(response: HeaderOnly): string[] {
  const { cluster_id, member_id, revision, raft_term } = response.header ?? NO_HEADER;
  return [
    `"ClusterID" : ${unsigned(cluster_id)}`,
    `"MemberID" : ${unsigned(member_id)}`,
    `"Revision" : ${revision}`,
    `"RaftTerm" : ${raft_term}`,
  ];
}

function record(prefix: '' | 'Prev', given: KeyValue): string[] {
  return [
    `"${prefix}Key" : ${goQuote(given.key)}`,
    `"${prefix}CreateRevision" : ${given.create_revision}`,
    `"${prefix}ModRevision" : ${given.mod_revision}`,
    `"${prefix}Version" : ${given.version}`,
    `"${prefix}Value" : ${goQuote(given.value)}`,
    `"${prefix}Lease" : ${signed(given.lease)}`,
  ];
}

function range(response: Results['range']['response']): string[] {
  return [
    ...header(response),
    ...response.kvs.flatMap((one) => record('', one)),
    `"More" : ${response.more}`,
    `"Count" : ${response.count}`,
  ];
}

function deleteRange(response: Results['deleteRange']): string[] {
  return [
    ...header(response),
    `"Deleted" : ${response.deleted}`,
    ...response.prev_kvs.flatMap((one) => record('Prev', one)),
  ];
}

function member({ ID, name, peerURLs, clientURLs, isLearner }: Member): string[] {
  return [
    `"ID" : ${unsigned(ID)}`,
    `"Name" : ${quoted(name)}`,
    ...peerURLs.map((url) => `"PeerURL" : ${quoted(url)}`),
    ...clientURLs.map((url) => `"ClientURL" : ${quoted(url)}`),
    `"IsLearner" : ${isLearner}`,
  ];
}

function quoted(text: string): string {
  return goQuote(utf8(text));
}

function unsigned(id: string): string {
  return BigInt(`0x${id}`).toString();
}

function signed(id: string): string {
  return id === '' ? '0' : BigInt.asIntN(64, BigInt(`0x${id}`)).toString();
}
