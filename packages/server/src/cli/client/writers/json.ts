/** `-w json`: an answer a line, with the names, the order and the omissions of etcdctl's, which are those of Go's structs. */
import { responseHeader } from '../../../client/messages/answer.ts';
import { event } from '../../../client/messages/watch.ts';
import { RPC } from '../../../client/rpc.ts';
import type { Field, MessageTable } from '../../../protocols/etcd/protobuf/message-table.ts';
import { goDuration } from './go-formats.ts';
import { type HeaderOnly, utf8, type WholeWriter } from './results.ts';

const headerOnly = (response: HeaderOnly): string => message(RPC.compact.response, response);

export const jsonWriter: WholeWriter = mapped({
  range: ({ response }) => message(RPC.range.response, response),
  put: (response) => message(RPC.put.response, response),
  deleteRange: (response) => message(RPC.deleteRange.response, response),
  transaction: ({ header, succeeded, responses }) => {
    const rest = responses.map(
      ({ response_range, response_put, response_delete_range }) =>
        `{"Response":{${join([
          response_range && `"ResponseRange":${message(RPC.range.response, response_range)}`,
          response_put && `"ResponsePut":${message(RPC.put.response, response_put)}`,
          response_delete_range &&
            `"ResponseDeleteRange":${message(RPC.deleteRange.response, response_delete_range)}`,
        ])}}}`,
    );
    return `{${join([
      header && `"header":${message(responseHeader, header)}`,
      succeeded && '"succeeded":true',
      rest.length > 0 && `"responses":[${rest.join(',')}]`,
    ])}}`;
  },
  watch: ({ header, events, compact_revision, canceled, created }) => {
    const list = events.length === 0 ? 'null' : `[${events.map((one) => message(event, one)).join(',')}]`;
    return `{${join([
      `"Header":${header === undefined ? '{}' : message(responseHeader, header)}`,
      `"Events":${list}`,
      `"CompactRevision":${compact_revision}`,
      `"Canceled":${canceled}`,
      `"Created":${created}`,
    ])}}`;
  },
  leaseGrant: ({ header, ID, TTL, error }) =>
    `{${join([inlineHeader({ header }), `"ID":${signed(ID)}`, `"TTL":${TTL}`, `"Error":${string(error)}`])}}`,
  leaseRevoke: ({ response }) => headerOnly(response),
  leaseKeepAlive: ({ header, ID, TTL }) =>
    `{${join([inlineHeader({ header }), `"ID":${signed(ID)}`, `"TTL":${TTL}`])}}`,
  leaseTimeToLive: ({ response: { header, ID, TTL, grantedTTL, keys } }) =>
    `{${join([
      inlineHeader({ header }),
      `"id":${signed(ID)}`,
      `"ttl":${TTL}`,
      `"granted-ttl":${grantedTTL}`,
      `"keys":${keys.length === 0 ? 'null' : `[${keys.map((key) => base64(key)).join(',')}]`}`,
    ])}}`,
  leases: ({ header, leases }) =>
    `{${join([
      inlineHeader({ header }),
      `"leases":[${leases.map(({ ID }) => `{"id":${signed(ID)}}`).join(',')}]`,
    ])}}`,
  memberList: (response) => message(RPC.memberList.response, response),
  memberAdd: ({ response }) => message(RPC.memberAdd.response, response),
  memberChange: ({ response }) => message(RPC.memberList.response, response),
  endpointHealth: (rows) =>
    `[${rows
      .map(
        ({ endpoint, tookMs, error }) =>
          `{${join([
            `"endpoint":${string(endpoint)}`,
            `"health":${error === ''}`,
            `"took":${string(goDuration(tookMs))}`,
            error !== '' && `"error":${string(error)}`,
          ])}}`,
      )
      .join(',')}]`,
  endpointStatus: (rows) =>
    `[${rows
      .map(
        ({ endpoint, response }) =>
          `{"Endpoint":${string(endpoint)},"Status":${message(RPC.status.response, response)}}`,
      )
      .join(',')}]`,
  endpointHash: (rows) =>
    `[${rows
      .map(
        ({ endpoint, response }) =>
          `{"Endpoint":${string(endpoint)},"HashKV":${message(RPC.hashRevision.response, response)}}`,
      )
      .join(',')}]`,
  alarm: (response) => message(RPC.alarm.response, response),
  moveLeader: ({ response }) => headerOnly(response),
  snapshotStatus: ({ hash, revision, totalKey, totalSize }) =>
    JSON.stringify({ hash, revision, totalKey, totalSize }),
  authStatus: (response) => message(RPC.authStatus.response, response),
  roleGet: ({ response }) => message(RPC.roleGet.response, response),
  roleList: (response) => message(RPC.roleList.response, response),
  userGet: ({ response }) => message(RPC.userGet.response, response),
  userList: (response) => message(RPC.userList.response, response),
  done: ({ response }) => headerOnly(response),
});

/** Every answer is a line of UTF-8. */
function mapped(writer: WholeWriter): WholeWriter {
  const entries = Object.entries(writer) as [string, (result: never, options: never) => string][];
  return Object.fromEntries(
    entries.map(([kind, write]) => [
      kind,
      (result: never, options: never) => utf8(`${write(result, options)}\n`),
    ]),
  ) as unknown as WholeWriter;
}

function join(parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part) => part).join(',');
}

/** A message by its table: fields at their default are left out. */
function message<Message>(table: MessageTable<Message>, given: Message): string {
  const values = given as Readonly<Record<string, unknown>>;
  const parts: string[] = [];
  for (const [name, field] of Object.entries(table.fields)) {
    const value = values[name];
    if (field.repeated) {
      const list = value as readonly unknown[];
      if (list.length > 0) parts.push(`"${name}":[${list.map((one) => element(field, one)).join(',')}]`);
    } else if (!isDefault(value)) parts.push(`"${name}":${element(field, value)}`);
  }
  return `{${parts.join(',')}}`;
}

function isDefault(value: unknown): boolean {
  if (value === undefined || value === 0 || value === false || value === '') return true;
  return typeof value === 'string' && /^0{16}$/.test(value);
}

function element(field: Field, value: unknown): string {
  switch (field.kind) {
    case 'message':
      return message(field.of, value);
    case 'int64':
    case 'enum':
    case 'bool':
      return String(value);
    case 'id':
      return BigInt(`0x${value as string}`).toString();
    case 'leaseId':
      return signed(value as string);
    case 'text':
      return string(value as string);
    case 'latin1':
      return base64(value as string);
    case 'bytes':
      return base64(Buffer.from(value as Uint8Array).toString('latin1'));
  }
}

function inlineHeader({ header }: HeaderOnly): string {
  return header === undefined ? '' : message(responseHeader, header).slice(1, -1);
}

/** A lease's id is signed on the wire. */
function signed(id: string): string {
  return id === '' ? '0' : BigInt.asIntN(64, BigInt(`0x${id}`)).toString();
}

function base64(latin1: string): string {
  return `"${Buffer.from(latin1, 'latin1').toString('base64')}"`;
}

/** As Go does, so that it may stand in a web page. */
function string(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
