/** `-w simple`, the default: lines for people, and for the scripts that have read them for years. */
import { PERMISSION_NAMES, type Permission } from '../../../client/messages/auth.ts';
import type { KeyValue } from '../../../client/messages/key-value.ts';
import { ALARM_NAMES } from '../../../client/messages/maintenance.ts';
import { EVENT_DELETE } from '../../../client/messages/watch.ts';
import { prefixEnd } from '../key-range.ts';
import { goDuration, shownBytes } from './go-formats.ts';
import { hexId, NO_HEADER, type Results, utf8, type WholeWriter, type WriterOptions } from './results.ts';
import { memberRows, snapshotRow, statusRows } from './rows.ts';

export const simpleWriter: WholeWriter = {
  range,
  put,
  deleteRange,
  transaction,
  watch,
  leaseGrant: ({ ID, TTL }) => `lease ${ID} granted with TTL(${TTL}s)\n`,
  leaseRevoke: ({ lease }) => `lease ${lease} revoked\n`,
  leaseKeepAlive: ({ ID, TTL }) => `lease ${ID} keepalived with TTL(${TTL})\n`,
  leaseTimeToLive,
  leases: ({ leases }) => `found ${leases.length} leases\n${leases.map(({ ID }) => `${ID}\n`).join('')}`,
  memberList: ({ members }) => lines(memberRows(members).map((row) => row.join(', '))),
  memberAdd: ({ response, member }) =>
    `Member ${padded(member.ID)} added${member.isLearner ? ' as learner ' : ' '}to cluster ${clusterOf(response)}\n`,
  memberChange: ({ member, verb, response }) =>
    `Member ${padded(member)} ${verb} cluster ${clusterOf(response)}\n`,
  endpointHealth: (rows) =>
    lines(
      rows.map(
        ({ endpoint, tookMs }) =>
          `${endpoint} is healthy: successfully committed proposal: took = ${goDuration(tookMs)}`,
      ),
    ),
  endpointStatus: (rows) => lines(statusRows(rows).map((row) => row.join(', '))),
  endpointHash: (rows) => lines(rows.map(({ endpoint, response }) => `${endpoint}, ${response.hash}`)),
  alarm: ({ alarms }) =>
    lines(
      alarms.map(
        ({ memberID, alarm }) => `memberID:${BigInt(`0x${memberID}`)} alarm:${ALARM_NAMES[alarm] ?? alarm} `,
      ),
    ),
  moveLeader: ({ from, to }) => `Leadership transferred from ${hexId(from)} to ${hexId(to)}\n`,
  snapshotStatus: (facts) => lines([snapshotRow(facts).join(', ')]),
  authStatus: ({ enabled, authRevision }) =>
    `Authentication Status: ${enabled}\nAuthRevision: ${authRevision}\n`,
  roleGet,
  roleList: ({ roles }) => lines(roles),
  userGet: ({ user, response }) => lines([`User: ${user}`, ['Roles:', ...response.roles].join(' ')]),
  userList: ({ users }) => lines(users),
  done: ({ text }) => lines([text]),
};

function lines(texts: readonly string[]): string {
  return utf8(texts.map((text) => `${text}\n`).join(''));
}

function padded(id: string): string {
  return hexId(id).padStart(16);
}

function clusterOf({ header }: { readonly header: typeof NO_HEADER | undefined }): string {
  return padded((header ?? NO_HEADER).cluster_id);
}

function pair({ key, value }: KeyValue, { isHex }: WriterOptions): string {
  return `${shownBytes(key, isHex)}\n${shownBytes(value, isHex)}\n`;
}

function range({ response, form }: Results['range'], options: WriterOptions): string {
  if (form === 'count') return `${response.count}\n`;
  if (form !== 'values') return response.kvs.map((record) => pair(record, options)).join('');
  return response.kvs.map(({ value }) => `${shownBytes(value, options.isHex)}\n`).join('');
}

function put({ prev_kv }: Results['put'], options: WriterOptions): string {
  return `OK\n${prev_kv === undefined ? '' : pair(prev_kv, options)}`;
}

function deleteRange({ deleted, prev_kvs }: Results['deleteRange'], options: WriterOptions): string {
  return `${deleted}\n${prev_kvs.map((record) => pair(record, options)).join('')}`;
}

function transaction({ succeeded, responses }: Results['transaction'], options: WriterOptions): string {
  let text = succeeded ? 'SUCCESS\n' : 'FAILURE\n';
  for (const { response_range, response_put, response_delete_range } of responses) {
    text += '\n';
    if (response_put !== undefined) text += put(response_put, options);
    else if (response_delete_range !== undefined) text += deleteRange(response_delete_range, options);
    else if (response_range !== undefined)
      text += range({ response: response_range, form: 'whole' }, options);
  }
  return text;
}

function watch({ events }: Results['watch'], options: WriterOptions): string {
  let text = '';
  for (const { type, kv, prev_kv } of events) {
    text += type === EVENT_DELETE ? 'DELETE\n' : 'PUT\n';
    if (prev_kv !== undefined) text += pair(prev_kv, options);
    if (kv !== undefined) text += pair(kv, options);
  }
  return text;
}

function leaseTimeToLive({ response, withKeys }: Results['leaseTimeToLive']): string {
  const { ID, TTL, grantedTTL, keys } = response;
  if (grantedTTL === 0 && TTL === -1) return `lease ${ID} already expired\n`;
  const text = `lease ${ID} granted with TTL(${grantedTTL}s), remaining(${TTL}s)`;
  return `${text}${withKeys ? `, attached keys([${keys.join(' ')}])` : ''}\n`;
}

const READ_WRITE = PERMISSION_NAMES.indexOf('READWRITE');

function roleGet({ role, response }: Results['roleGet']): string {
  const kind = (name: string): string =>
    response.perm
      .filter(({ permType }) => permType === READ_WRITE || PERMISSION_NAMES[permType] === name)
      .map((permission) => `\t${permissionText(permission)}\n`)
      .join('');
  return `${utf8(`Role ${role}`)}\nKV Read:\n${kind('READ')}KV Write:\n${kind('WRITE')}`;
}

function permissionText({ key, range_end }: Permission): string {
  if (range_end === '') return key;
  if (range_end === '\0') return `[${key}, <open ended>`;
  const prefix = prefixEnd(key) === range_end ? ` (prefix ${key})` : '';
  return `[${key}, ${range_end})${prefix}`;
}
