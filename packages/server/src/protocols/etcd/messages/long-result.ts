/**
 * Results too long to be written in one go: a deletion's with the records that were there, a transaction's with whole ranges
 * in it. They are written in parts, whose bytes joined are what one go would write. A message in a message has its length
 * before it, so the inner one is made first.
 */

import { unreachable } from '@synod/consensus';
import type {
  DeleteRangeResult,
  KeyRecord,
  RangeResult,
  TransactionOperationResult,
  TransactionResult,
} from '@synod/coordination';
import type { ProtobufWriter } from '../protobuf/writer.ts';
import { RESPONSE_DELETED, RESPONSE_PREVIOUS } from './delete-range.ts';
import { keyValueSize, writeKeyValue } from './key-value.ts';
import { RESPONSE_RECORDS, writeRangeBody } from './range.ts';
import { writeEmptyHeader, writeInnerHeader } from './response-header.ts';
import {
  RESPONSE_DELETE_RANGE,
  RESPONSE_RANGE,
  RESPONSE_RESPONSES,
  RESPONSE_SUCCEEDED,
  RESPONSE_TRANSACTION,
  writeOperationResult,
} from './transaction.ts';

/** Bytes of a part, but for what a record has beyond it: they are written in about a millisecond. */
const PART_BYTES = 256 * 1024;

type LongResult = DeleteRangeResult | TransactionResult;

/** Whether a result is to be written in parts. Looks at no more records than make it so. */
export function isLong(result: TransactionOperationResult): boolean {
  return bytesLeft(result, PART_BYTES) < 0;
}

/** What is left of so many bytes when the records of a result are taken off; below 0, it stops counting. */
function bytesLeft(result: TransactionOperationResult, bytes: number): number {
  let left = bytes;
  if (result.kind === 'transaction') {
    for (const inner of result.results) {
      left = bytesLeft(inner, left);
      if (left < 0) break;
    }
    return left;
  }
  for (const record of recordsOf(result)) {
    left -= keyValueSize(record);
    if (left < 0) break;
  }
  return left;
}

function recordsOf(result: Exclude<TransactionOperationResult, TransactionResult>): readonly KeyRecord[] {
  switch (result.kind) {
    case 'range':
      return result.records;
    case 'deleteRange':
      return result.previous;
    case 'put':
      return result.previous === undefined ? [] : [result.previous];
    default:
      return unreachable(result);
  }
}

/** All but the header, as one message in parts. Yields where others may have their turn, with nothing left in the writer. */
export function* longResultParts(
  writer: ProtobufWriter,
  result: LongResult,
): Generator<void, readonly Uint8Array[]> {
  const message = new Parts(writer);
  yield* result.kind === 'transaction' ? writeTransaction(message, result) : writeDeletion(message, result);
  message.cut();
  return message.parts;
}

/** One message that is being written. */
class Parts {
  readonly writer: ProtobufWriter;
  readonly parts: Uint8Array[] = [];
  /** Of the parts. */
  bytes = 0;

  constructor(writer: ProtobufWriter) {
    this.writer = writer;
  }

  get isFull(): boolean {
    return this.writer.length >= PART_BYTES;
  }

  /** What is in the writer becomes a part. */
  cut(): void {
    if (this.writer.length > 0) this.add(this.writer.finish());
  }

  /** Another message as a field of this one. */
  embed(field: number, inner: Parts): void {
    inner.cut();
    this.writer.messageLength(field, inner.bytes);
    this.cut();
    for (const part of inner.parts) this.add(part);
  }

  private add(part: Uint8Array): void {
    this.parts.push(part);
    this.bytes += part.length;
  }
}

function* writeTransaction(message: Parts, result: TransactionResult): Generator<void, void> {
  const { writer } = message;
  writer.boolField(RESPONSE_SUCCEEDED, result.succeeded);
  for (const inner of result.results) {
    if (isLong(inner)) {
      message.cut();
      const operation = new Parts(writer);
      yield* writeOperation(operation, inner);
      message.embed(RESPONSE_RESPONSES, operation);
    } else {
      const operation = writer.begin(RESPONSE_RESPONSES);
      writeOperationResult(writer, inner);
      writer.end(operation);
    }
    if (!message.isFull) continue;
    message.cut();
    yield;
  }
}

function* writeOperation(operation: Parts, result: TransactionOperationResult): Generator<void, void> {
  const { writer } = operation;
  const body = new Parts(writer);
  switch (result.kind) {
    case 'range':
      writeInnerHeader(writer, result.revision);
      yield* writeRange(body, result);
      operation.embed(RESPONSE_RANGE, body);
      return;
    case 'deleteRange':
      writeInnerHeader(writer, result.revision);
      yield* writeDeletion(body, result);
      operation.embed(RESPONSE_DELETE_RANGE, body);
      return;
    case 'transaction':
      writeEmptyHeader(writer);
      yield* writeTransaction(body, result);
      operation.embed(RESPONSE_TRANSACTION, body);
      return;
    case 'put':
      // One record is never too long.
      writeOperationResult(writer, result);
      return;
    default:
      unreachable(result);
  }
}

function* writeRange(message: Parts, result: RangeResult): Generator<void, void> {
  yield* writeRecords(message, RESPONSE_RECORDS, result.records);
  writeRangeBody(message.writer, { ...result, records: [] });
}

function* writeDeletion(message: Parts, result: DeleteRangeResult): Generator<void, void> {
  message.writer.int64Field(RESPONSE_DELETED, result.deleted);
  yield* writeRecords(message, RESPONSE_PREVIOUS, result.previous);
}

function* writeRecords(message: Parts, field: number, records: readonly KeyRecord[]): Generator<void, void> {
  for (const record of records) {
    writeKeyValue(message.writer, field, record);
    if (!message.isFull) continue;
    message.cut();
    yield;
  }
}
