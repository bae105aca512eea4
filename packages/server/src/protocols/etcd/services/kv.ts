/** etcdserverpb.KV: Range, Put, DeleteRange, Txn, Compact. RangeStream is in its own file. */
import type {
  Caller,
  CommandResult,
  DeleteRangeResult,
  Failure,
  PutResult,
  RangeQuery,
  RangeResult,
  Revision,
  TransactionResult,
} from '@synod/coordination';
import { revision } from '@synod/coordination';
import type { Completion, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import type { MemberFace } from '../member-face.ts';
import { decodeDeleteRangeRequest, writeDeleteRangeBody } from '../messages/delete-range.ts';
import { isLong, longResultParts } from '../messages/long-result.ts';
import { decodePutRequest, writePutBody } from '../messages/put.ts';
import { decodeRangeRequest, writeRangeBody } from '../messages/range.ts';
import { compactionRequest } from '../messages/rare-messages.ts';
import { decodeTransactionRequest, writeTransactionBody } from '../messages/transaction.ts';
import {
  deleteRangeCommandOf,
  putCommandOf,
  rangeQueryOf,
  transactionCommandOf,
} from '../neutral-commands.ts';
import { onBehalf } from '../on-behalf.ts';
import {
  checkDeleteRange,
  checkPut,
  checkRange,
  checkTransaction,
  proposalTooLarge,
} from '../request-checks.ts';
import type { ServedMethod, UnaryCall } from '../rpc.ts';
import { answerInParts } from './answer-in-parts.ts';
import { GatheredRange, isBounded } from './gathered-range.ts';
import { openRangeStream } from './range-stream.ts';

export function kvHandlers(face: MemberFace): readonly (readonly [string, ServedMethod])[] {
  return [
    ['/etcdserverpb.KV/Range', { kind: 'unary', handler: (call, caller) => range(face, call, caller) }],
    [
      '/etcdserverpb.KV/RangeStream',
      { kind: 'stream', open: (call, identity) => openRangeStream(onBehalf(face, identity), call) },
    ],
    ['/etcdserverpb.KV/Put', { kind: 'unary', handler: (call, caller) => put(face, call, caller) }],
    [
      '/etcdserverpb.KV/DeleteRange',
      { kind: 'unary', handler: (call, caller) => deleteRange(face, call, caller) },
    ],
    ['/etcdserverpb.KV/Txn', { kind: 'unary', handler: (call, caller) => transaction(face, call, caller) }],
    ['/etcdserverpb.KV/Compact', { kind: 'unary', handler: (call, caller) => compact(face, call, caller) }],
  ];
}

function range(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, decodeRangeRequest);
  if (request === undefined || face.refuses(call, request.serializable)) return;
  const error = checkRange(request);
  if (error !== undefined) {
    face.fail(call, error);
    return;
  }
  const query = rangeQueryOf(request);
  const linearizable = !request.serializable;
  if (isBounded(query)) face.service.range(query, linearizable, new RangeAnswer(face, call, query), caller);
  else new GatheredRange(face, call, { query, linearizable, caller }).begin();
}

function put(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, decodePutRequest);
  if (request === undefined || face.refuses(call, false)) return;
  const error = checkPut(request) ?? proposalTooLarge(call.message, face.options.requestBytesMax);
  if (error !== undefined) face.fail(call, error);
  else face.service.submit(putCommandOf(request), new CommandAnswer(face, call), caller);
}

function deleteRange(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, decodeDeleteRangeRequest);
  if (request === undefined || face.refuses(call, false)) return;
  const error = checkDeleteRange(request) ?? proposalTooLarge(call.message, face.options.requestBytesMax);
  if (error !== undefined) face.fail(call, error);
  else face.service.submit(deleteRangeCommandOf(request), new CommandAnswer(face, call), caller);
}

function transaction(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, decodeTransactionRequest);
  if (request === undefined || face.refuses(call, false)) return;
  const { transactionOperationsMax, requestBytesMax } = face.options;
  const error =
    checkTransaction(request, transactionOperationsMax) ?? proposalTooLarge(call.message, requestBytesMax);
  if (error !== undefined) face.fail(call, error);
  else face.service.submit(transactionCommandOf(request), new CommandAnswer(face, call), caller);
}

/** The answer comes when nobody can see what was compacted any more; to `physical`, when its space is free, too. */
function compact(face: MemberFace, call: UnaryCall, caller: Caller | undefined): void {
  const request = face.decode(call, compactionRequest.decode);
  if (request === undefined || face.refuses(call, false)) return;
  // Nothing is kept from below 0.
  if (request.revision < 0) {
    face.fail(call, 'revisionCompacted');
    return;
  }
  const answer = new CommandAnswer(face, call);
  const complete = (result: CommandResult | ServiceFailure): void => {
    if (result.kind === 'compacted' && request.physical) face.service.reclaim(() => answer.complete(result));
    else answer.complete(result);
  };
  face.service.submit(
    { module: 'keyspace', kind: 'compact', revision: revision(request.revision) },
    { complete },
    caller,
  );
}

class RangeAnswer implements Completion<RangeResult | Failure | ServiceFailure> {
  private readonly face: MemberFace;
  private readonly call: UnaryCall;
  private readonly query: RangeQuery;
  private readonly startedMs = performance.now();

  constructor(face: MemberFace, call: UnaryCall, query: RangeQuery) {
    this.face = face;
    this.call = call;
    this.query = query;
  }

  complete(result: RangeResult | Failure | ServiceFailure): void {
    const tookMs = performance.now() - this.startedMs;
    this.face.observer.rangeAnswered(this.query, tookMs, result.kind === 'range');
    if (result.kind !== 'range') {
      this.face.failWith(this.call, result);
      return;
    }
    const { writer } = this.face;
    this.face.writeHeader(result.revision);
    writeRangeBody(writer, result);
    this.call.respond(writer.finish());
  }
}

type KeyspaceResult =
  | PutResult
  | DeleteRangeResult
  | TransactionResult
  | { readonly kind: 'compacted'; readonly revision: Revision };

class CommandAnswer implements Completion<CommandResult | ServiceFailure> {
  private readonly face: MemberFace;
  private readonly call: UnaryCall;

  constructor(face: MemberFace, call: UnaryCall) {
    this.face = face;
    this.call = call;
  }

  complete(result: CommandResult | ServiceFailure): void {
    switch (result.kind) {
      case 'put':
      case 'deleteRange':
      case 'transaction':
      case 'compacted':
        this.respond(result);
        return;
      case 'failure':
      case 'serviceFailure':
        this.face.failWith(this.call, result);
        return;
      default:
        throw new Error(`a keyspace command came to a ${result.kind}`);
    }
  }

  private respond(result: KeyspaceResult): void {
    if ((result.kind === 'deleteRange' || result.kind === 'transaction') && isLong(result)) {
      answerInParts(this.face, this.call, result.revision, longResultParts(this.face.writer, result));
      return;
    }
    const { writer } = this.face;
    this.face.writeHeader(result.revision);
    if (result.kind === 'put') writePutBody(writer, result);
    else if (result.kind === 'deleteRange') writeDeleteRangeBody(writer, result);
    else if (result.kind === 'transaction') writeTransactionBody(writer, result);
    this.call.respond(writer.finish());
  }
}
