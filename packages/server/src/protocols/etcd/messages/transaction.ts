/** TxnRequest, TxnResponse and what is inside them: Compare, RequestOp, ResponseOp. */
import { unreachable } from '@synod/consensus';
import {
  type LeaseId,
  NO_LEASE,
  type TransactionOperationResult,
  type TransactionResult,
} from '@synod/coordination';
import { TRANSACTION_DEPTH_MAX } from '../limits.ts';
import type { ProtobufReader } from '../protobuf/reader.ts';
import { LENGTH_DELIMITED, tag, VARINT } from '../protobuf/wire-type.ts';
import type { ProtobufWriter } from '../protobuf/writer.ts';
import { type DeleteRangeRequest, decodeDeleteRangeRequest, writeDeleteRangeBody } from './delete-range.ts';
import { decodePutRequest, type PutRequest, writePutBody } from './put.ts';
import { decodeRangeRequest, type RangeRequest, writeRangeBody } from './range.ts';
import { writeEmptyHeader, writeInnerHeader } from './response-header.ts';

/** As it stands on the wire: nothing is checked or translated yet. */
export interface TransactionRequest {
  readonly compares: CompareRequest[];
  readonly success: OperationRequest[];
  readonly failure: OperationRequest[];
}

export interface CompareRequest {
  result: number;
  target: number;
  key: string;
  rangeEnd: string;
  /** Which member of the union was set, by its field number; 0: none. The others are at their default. */
  operandField: number;
  number: number;
  value: Uint8Array;
  lease: LeaseId;
}

export type OperationRequest =
  | { readonly kind: 'range'; readonly request: RangeRequest }
  | { readonly kind: 'put'; readonly request: PutRequest }
  | { readonly kind: 'deleteRange'; readonly request: DeleteRangeRequest }
  | { readonly kind: 'transaction'; readonly request: TransactionRequest }
  /** No member of the union was set. */
  | { readonly kind: 'empty' }
  /** A transaction past TRANSACTION_DEPTH_MAX; it was not decoded. */
  | { readonly kind: 'tooDeep' };

const COMPARE = tag(1, LENGTH_DELIMITED);
const SUCCESS = tag(2, LENGTH_DELIMITED);
const FAILURE = tag(3, LENGTH_DELIMITED);

export function decodeTransactionRequest(reader: ProtobufReader, depth = 1): TransactionRequest {
  const request: TransactionRequest = { compares: [], success: [], failure: [] };
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    if (next !== COMPARE && next !== SUCCESS && next !== FAILURE) {
      reader.skip(next);
      continue;
    }
    const outer = reader.enter();
    if (next === COMPARE) request.compares.push(decodeCompare(reader));
    else if (next === SUCCESS) request.success.push(decodeOperation(reader, depth));
    else request.failure.push(decodeOperation(reader, depth));
    reader.leave(outer);
  }
  return request;
}

const REQUEST_RANGE = tag(1, LENGTH_DELIMITED);
const REQUEST_PUT = tag(2, LENGTH_DELIMITED);
const REQUEST_DELETE_RANGE = tag(3, LENGTH_DELIMITED);
const REQUEST_TRANSACTION = tag(4, LENGTH_DELIMITED);

/** Where several members of the union are set, the last one counts, as protobuf has it. */
function decodeOperation(reader: ProtobufReader, depth: number): OperationRequest {
  let operation: OperationRequest = { kind: 'empty' };
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    if (
      next !== REQUEST_RANGE &&
      next !== REQUEST_PUT &&
      next !== REQUEST_DELETE_RANGE &&
      next !== REQUEST_TRANSACTION
    ) {
      reader.skip(next);
      continue;
    }
    if (next === REQUEST_TRANSACTION && depth >= TRANSACTION_DEPTH_MAX) {
      reader.skip(next);
      operation = { kind: 'tooDeep' };
      continue;
    }
    const outer = reader.enter();
    if (next === REQUEST_RANGE) operation = { kind: 'range', request: decodeRangeRequest(reader) };
    else if (next === REQUEST_PUT) operation = { kind: 'put', request: decodePutRequest(reader) };
    else if (next === REQUEST_DELETE_RANGE)
      operation = { kind: 'deleteRange', request: decodeDeleteRangeRequest(reader) };
    else operation = { kind: 'transaction', request: decodeTransactionRequest(reader, depth + 1) };
    reader.leave(outer);
  }
  return operation;
}

const RESULT = tag(1, VARINT);
const TARGET = tag(2, VARINT);
const KEY = tag(3, LENGTH_DELIMITED);
export const COMPARE_VERSION = 4;
const COMPARE_CREATE_REVISION = 5;
const COMPARE_MOD_REVISION = 6;
const COMPARE_VALUE = 7;
const COMPARE_LEASE = 8;
const VERSION = tag(COMPARE_VERSION, VARINT);
const CREATE_REVISION = tag(COMPARE_CREATE_REVISION, VARINT);
const MOD_REVISION = tag(COMPARE_MOD_REVISION, VARINT);
const VALUE = tag(COMPARE_VALUE, LENGTH_DELIMITED);
const LEASE = tag(COMPARE_LEASE, VARINT);
const RANGE_END = tag(64, LENGTH_DELIMITED);

const NO_VALUE = new Uint8Array(0);

function decodeCompare(reader: ProtobufReader): CompareRequest {
  const compare: CompareRequest = {
    result: 0,
    target: 0,
    key: '',
    rangeEnd: '',
    operandField: 0,
    number: 0,
    value: NO_VALUE,
    lease: NO_LEASE,
  };
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    switch (next) {
      case RESULT:
        compare.result = reader.enum();
        break;
      case TARGET:
        compare.target = reader.enum();
        break;
      case KEY:
        compare.key = reader.latin1();
        break;
      case VERSION:
        compare.operandField = COMPARE_VERSION;
        compare.number = reader.int64();
        break;
      case CREATE_REVISION:
        compare.operandField = COMPARE_CREATE_REVISION;
        compare.number = reader.int64();
        break;
      case MOD_REVISION:
        compare.operandField = COMPARE_MOD_REVISION;
        compare.number = reader.int64();
        break;
      case VALUE:
        compare.operandField = COMPARE_VALUE;
        compare.value = reader.bytes();
        break;
      case LEASE:
        compare.operandField = COMPARE_LEASE;
        compare.lease = reader.leaseId();
        break;
      case RANGE_END:
        compare.rangeEnd = reader.latin1();
        break;
      default:
        reader.skip(next);
    }
  }
  return compare;
}

export const RESPONSE_SUCCEEDED = 2;
export const RESPONSE_RESPONSES = 3;
export const RESPONSE_RANGE = 1;
const RESPONSE_PUT = 2;
export const RESPONSE_DELETE_RANGE = 3;
export const RESPONSE_TRANSACTION = 4;

/** All but the header. */
export function writeTransactionBody(writer: ProtobufWriter, result: TransactionResult): void {
  writer.boolField(RESPONSE_SUCCEEDED, result.succeeded);
  for (const inner of result.results) {
    const operation = writer.begin(RESPONSE_RESPONSES);
    writeOperationResult(writer, inner);
    writer.end(operation);
  }
}

/** What is inside a ResponseOp. */
export function writeOperationResult(writer: ProtobufWriter, result: TransactionOperationResult): void {
  switch (result.kind) {
    case 'range': {
      const body = writer.begin(RESPONSE_RANGE);
      writeInnerHeader(writer, result.revision);
      writeRangeBody(writer, result);
      writer.end(body);
      return;
    }
    case 'put': {
      const body = writer.begin(RESPONSE_PUT);
      writeInnerHeader(writer, result.revision);
      writePutBody(writer, result);
      writer.end(body);
      return;
    }
    case 'deleteRange': {
      const body = writer.begin(RESPONSE_DELETE_RANGE);
      writeInnerHeader(writer, result.revision);
      writeDeleteRangeBody(writer, result);
      writer.end(body);
      return;
    }
    case 'transaction': {
      const body = writer.begin(RESPONSE_TRANSACTION);
      writeEmptyHeader(writer);
      writeTransactionBody(writer, result);
      writer.end(body);
      return;
    }
    default:
      unreachable(result);
  }
}
