/**
 * Command lists as bytes: what the body of a log entry is. Part of every log and journal, so a tag once given keeps its
 * meaning, and a reader refuses what it does not know. Values are views on the entry's bytes.
 */
import { ByteReader, ByteWriter, MalformedBytes, readHexId, unreachable, writeHexId } from '@synod/consensus';
import { type Caller, readCaller, writeCaller } from '../auth/caller.ts';
import { readAlarmCommand, writeAlarmCommand } from './alarm-command-codec.ts';
import { readAuthCommand, writeAuthCommand } from './auth-command-codec.ts';
import type {
  Command,
  Comparison,
  ComparisonResult,
  LeaseCommand,
  PutCommand,
  RangeQuery,
  SortTarget,
  TransactionOperation,
} from './commands.ts';
import { TRANSACTION_DEPTH_MAX } from './limits.ts';
import { MEMBER_TAG, readMemberCommand, writeMemberCommand } from './member-command-codec.ts';
import { type Key, type KeySpan, key, type LeaseId, leaseId, NO_LEASE, revision } from './values.ts';

/** First byte of every list: one that nobody stands behind, or one that names its caller. */
const FORMAT_VERSION = 1;
const FORMAT_WITH_CALLER = 2;

const TAG = {
  put: 1,
  deleteRange: 2,
  transaction: 3,
  compact: 4,
  range: 5,
  grant: 16,
  revoke: 17,
  checkpoint: 18,
  ...MEMBER_TAG,
  alarm: 48,
  auth: 64,
} as const;

const PUT_PREVIOUS = 1;
const PUT_KEEP_VALUE = 2;
const PUT_KEEP_LEASE = 4;
const PUT_HAS_LEASE = 8;

const RESULTS: readonly ComparisonResult[] = ['equal', 'greater', 'less', 'notEqual'];
const TARGETS: readonly Comparison['target'][] = [
  'version',
  'createRevision',
  'modRevision',
  'value',
  'lease',
];
const SORT_TARGETS: readonly SortTarget[] = ['key', 'version', 'createRevision', 'modRevision', 'value'];

/** `caller`: who stands behind the commands; needed only where auth is enabled. */
export function encodeCommands(commands: readonly Command[], caller?: Caller): Uint8Array {
  const writer = new ByteWriter(firstCapacity(commands));
  writer.u8(caller === undefined ? FORMAT_VERSION : FORMAT_WITH_CALLER);
  if (caller !== undefined) writeCaller(writer, caller);
  writer.varint(commands.length);
  for (const command of commands) writeCommand(writer, command);
  return writer.finish();
}

/** @throws MalformedBytes when the bytes are not a list of commands that this version knows. */
export function decodeCommands(bytes: Uint8Array): Command[] {
  const reader = new ByteReader(bytes);
  skipCaller(reader);
  const count = reader.varint();
  const commands: Command[] = [];
  for (let i = 0; i < count; i++) commands.push(readCommand(reader));
  reader.end();
  return commands;
}

/** Who stands behind a list that `decodeCommands` takes; `undefined`: nobody. @throws MalformedBytes */
export function decodeCaller(bytes: Uint8Array): Caller | undefined {
  return skipCaller(new ByteReader(bytes));
}

function skipCaller(reader: ByteReader): Caller | undefined {
  const version = reader.u8();
  if (version === FORMAT_VERSION) return undefined;
  if (version === FORMAT_WITH_CALLER) return readCaller(reader);
  throw new MalformedBytes(`a command list of version ${version}`);
}

/** Room for the commonest list, one put, in one allocation. */
function firstCapacity(commands: readonly Command[]): number {
  const first = commands[0];
  return first?.kind === 'put' && commands.length === 1 ? first.key.length + first.value.length + 32 : 256;
}

function writeCommand(writer: ByteWriter, command: Command): void {
  switch (command.module) {
    case 'keyspace':
      if (command.kind === 'compact') {
        writer.u8(TAG.compact);
        writer.varint(command.revision);
      } else writeOperation(writer, command);
      return;
    case 'leases':
      writeLeaseCommand(writer, command);
      return;
    case 'members':
      writeMemberCommand(writer, command);
      return;
    case 'auth':
      writer.u8(TAG.auth);
      writeAuthCommand(writer, command);
      return;
    case 'alarms':
      writer.u8(TAG.alarm);
      writeAlarmCommand(writer, command);
      return;
    default:
      unreachable(command);
  }
}

function readCommand(reader: ByteReader): Command {
  const tag = reader.u8();
  switch (tag) {
    case TAG.put:
      return readPut(reader);
    case TAG.deleteRange:
    case TAG.transaction: {
      const operation = readOperation(reader, tag, 0);
      if (operation.kind === 'range') throw new MalformedBytes('a range is no command');
      return operation;
    }
    case TAG.compact:
      return { module: 'keyspace', kind: 'compact', revision: revision(reader.varint()) };
    case TAG.publish:
    case TAG.add:
    case TAG.remove:
    case TAG.update:
    case TAG.promote:
    case TAG.retire:
      return readMemberCommand(reader, tag);
    case TAG.auth:
      return readAuthCommand(reader);
    case TAG.alarm:
      return readAlarmCommand(reader);
    default:
      return readLeaseCommand(reader, tag);
  }
}

function writeLeaseCommand(writer: ByteWriter, command: LeaseCommand): void {
  switch (command.kind) {
    case 'grant':
      writer.u8(TAG.grant);
      writeHexId(writer, command.id);
      writer.varint(command.ttlSeconds);
      return;
    case 'revoke':
      writer.u8(TAG.revoke);
      writeHexId(writer, command.id);
      writer.u8(command.cause === 'expired' ? 1 : 0);
      if (command.cause === 'asked') return;
      writer.varint(command.epoch);
      writer.varint(command.grantNumber);
      return;
    case 'checkpoint':
      writer.u8(TAG.checkpoint);
      writer.varint(command.epoch);
      writer.varint(command.word);
      writer.varint(command.lastGrantNumber);
      writer.varint(command.remaining.length);
      for (const { id, remainingSeconds } of command.remaining) {
        writeHexId(writer, id);
        writer.varint(remainingSeconds);
      }
      return;
    default:
      unreachable(command);
  }
}

function readLeaseCommand(reader: ByteReader, tag: number): LeaseCommand {
  switch (tag) {
    case TAG.grant:
      return { module: 'leases', kind: 'grant', id: leaseId(readHexId(reader)), ttlSeconds: reader.varint() };
    case TAG.revoke: {
      const id = leaseId(readHexId(reader));
      if (reader.u8() === 0) return { module: 'leases', kind: 'revoke', id, cause: 'asked' };
      const epoch = reader.varint();
      return { module: 'leases', kind: 'revoke', id, cause: 'expired', epoch, grantNumber: reader.varint() };
    }
    case TAG.checkpoint: {
      const epoch = reader.varint();
      const word = reader.varint();
      const lastGrantNumber = reader.varint();
      const count = reader.varint();
      const remaining: { id: LeaseId; remainingSeconds: number }[] = [];
      for (let i = 0; i < count; i++)
        remaining.push({ id: leaseId(readHexId(reader)), remainingSeconds: reader.varint() });
      return { module: 'leases', kind: 'checkpoint', epoch, word, lastGrantNumber, remaining };
    }
    default:
      throw new MalformedBytes(`a command numbered ${tag}`);
  }
}

function writeOperation(writer: ByteWriter, operation: TransactionOperation): void {
  switch (operation.kind) {
    case 'put':
      writePut(writer, operation);
      return;
    case 'deleteRange':
      writer.u8(TAG.deleteRange);
      writeSpan(writer, operation.span);
      writer.u8(operation.previous ? 1 : 0);
      return;
    case 'range':
      writer.u8(TAG.range);
      writeQuery(writer, operation.query);
      return;
    case 'transaction':
      writer.u8(TAG.transaction);
      writer.varint(operation.compares.length);
      for (const comparison of operation.compares) writeComparison(writer, comparison);
      for (const branch of [operation.success, operation.failure]) {
        writer.varint(branch.length);
        for (const inner of branch) writeOperation(writer, inner);
      }
      return;
    default:
      unreachable(operation);
  }
}

function readOperation(reader: ByteReader, tag: number, depth: number): TransactionOperation {
  switch (tag) {
    case TAG.put:
      return readPut(reader);
    case TAG.deleteRange:
      return { module: 'keyspace', kind: 'deleteRange', span: readSpan(reader), previous: reader.u8() === 1 };
    case TAG.range:
      return { module: 'keyspace', kind: 'range', query: readQuery(reader) };
    case TAG.transaction: {
      if (depth >= TRANSACTION_DEPTH_MAX) throw new MalformedBytes('transactions nested too deeply');
      const compares: Comparison[] = [];
      for (let count = reader.varint(); count > 0; count--) compares.push(readComparison(reader));
      const success = readBranch(reader, depth);
      const failure = readBranch(reader, depth);
      return { module: 'keyspace', kind: 'transaction', compares, success, failure };
    }
    default:
      throw new MalformedBytes(`an operation numbered ${tag}`);
  }
}

function readBranch(reader: ByteReader, depth: number): TransactionOperation[] {
  const operations: TransactionOperation[] = [];
  for (let count = reader.varint(); count > 0; count--)
    operations.push(readOperation(reader, reader.u8(), depth + 1));
  return operations;
}

function writePut(writer: ByteWriter, put: PutCommand): void {
  writer.u8(TAG.put);
  const hasLease = put.lease !== NO_LEASE;
  writer.u8(
    (put.previous ? PUT_PREVIOUS : 0) |
      (put.keepValue ? PUT_KEEP_VALUE : 0) |
      (put.keepLease ? PUT_KEEP_LEASE : 0) |
      (hasLease ? PUT_HAS_LEASE : 0),
  );
  if (hasLease) writeHexId(writer, put.lease);
  writer.latin1(put.key);
  writer.bytes(put.value);
}

function readPut(reader: ByteReader): PutCommand {
  const flags = reader.u8();
  const lease = (flags & PUT_HAS_LEASE) !== 0 ? leaseId(readHexId(reader)) : NO_LEASE;
  return {
    module: 'keyspace',
    kind: 'put',
    key: readKey(reader),
    value: reader.bytes(),
    lease,
    previous: (flags & PUT_PREVIOUS) !== 0,
    keepValue: (flags & PUT_KEEP_VALUE) !== 0,
    keepLease: (flags & PUT_KEEP_LEASE) !== 0,
  };
}

function writeSpan(writer: ByteWriter, span: KeySpan): void {
  writer.latin1(span.from);
  writer.u8(span.to === undefined ? 0 : 1);
  if (span.to !== undefined) writer.latin1(span.to);
}

function readSpan(reader: ByteReader): KeySpan {
  const from = readKey(reader);
  return { from, to: reader.u8() === 0 ? undefined : readKey(reader) };
}

function readKey(reader: ByteReader): Key {
  return key(reader.latin1());
}

const QUERY_KEYS_ONLY = 1;
const QUERY_COUNT_ONLY = 2;
const QUERY_SORTED = 4;
const QUERY_DESCENDING = 8;

function writeQuery(writer: ByteWriter, query: RangeQuery): void {
  writeSpan(writer, query.span);
  writer.u8(
    (query.keysOnly ? QUERY_KEYS_ONLY : 0) |
      (query.countOnly ? QUERY_COUNT_ONLY : 0) |
      (query.sort !== undefined ? QUERY_SORTED : 0) |
      (query.sort?.order === 'descending' ? QUERY_DESCENDING : 0),
  );
  if (query.sort !== undefined) writer.u8(SORT_TARGETS.indexOf(query.sort.target));
  writer.varint(query.revision);
  writer.varint(query.limit);
  writer.varint(query.minModRevision);
  writer.varint(query.maxModRevision);
  writer.varint(query.minCreateRevision);
  writer.varint(query.maxCreateRevision);
}

function readQuery(reader: ByteReader): RangeQuery {
  const span = readSpan(reader);
  const flags = reader.u8();
  return {
    span,
    sort: (flags & QUERY_SORTED) === 0 ? undefined : readSort(reader, (flags & QUERY_DESCENDING) !== 0),
    keysOnly: (flags & QUERY_KEYS_ONLY) !== 0,
    countOnly: (flags & QUERY_COUNT_ONLY) !== 0,
    revision: reader.varint(),
    limit: reader.varint(),
    minModRevision: reader.varint(),
    maxModRevision: reader.varint(),
    minCreateRevision: reader.varint(),
    maxCreateRevision: reader.varint(),
  };
}

function readSort(reader: ByteReader, descending: boolean): RangeQuery['sort'] {
  return { target: choice(reader, SORT_TARGETS), order: descending ? 'descending' : 'ascending' };
}

function writeComparison(writer: ByteWriter, comparison: Comparison): void {
  writeSpan(writer, comparison.span);
  writer.u8(RESULTS.indexOf(comparison.result));
  writer.u8(TARGETS.indexOf(comparison.target));
  switch (comparison.target) {
    case 'value':
      writer.bytes(comparison.value);
      return;
    case 'lease':
      writer.u8(comparison.lease === NO_LEASE ? 0 : 1);
      if (comparison.lease !== NO_LEASE) writeHexId(writer, comparison.lease);
      return;
    default:
      writer.varint(comparison.number);
  }
}

function readComparison(reader: ByteReader): Comparison {
  const span = readSpan(reader);
  const result = choice(reader, RESULTS);
  const target = choice(reader, TARGETS);
  switch (target) {
    case 'value':
      return { span, result, target, value: reader.bytes() };
    case 'lease':
      return { span, result, target, lease: reader.u8() === 0 ? NO_LEASE : leaseId(readHexId(reader)) };
    default:
      return { span, result, target, number: reader.varint() };
  }
}

function choice<Value>(reader: ByteReader, values: readonly Value[]): Value {
  const index = reader.u8();
  const value = values[index];
  if (value === undefined) throw new MalformedBytes(`no choice numbered ${index}`);
  return value;
}
