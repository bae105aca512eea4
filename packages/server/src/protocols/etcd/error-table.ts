/**
 * Every expected failure to its gRPC code and etcd's text, in one total table: clients compare the text. A code that is
 * added to the state machine or the service does not compile until it has its line here.
 */
import type { Failure, FailureReason } from '@synod/coordination';
import type { ServiceErrorCode, ServiceFailure } from '../../service/service-api.ts';

/** gRPC's status codes that etcd uses, by number. */
export const GRPC_CANCELED = 1;
export const GRPC_UNKNOWN = 2;
export const GRPC_INVALID_ARGUMENT = 3;
export const GRPC_NOT_FOUND = 5;
export const GRPC_RESOURCE_EXHAUSTED = 8;
export const GRPC_FAILED_PRECONDITION = 9;
export const GRPC_OUT_OF_RANGE = 11;
export const GRPC_UNIMPLEMENTED = 12;
export const GRPC_INTERNAL = 13;
export const GRPC_UNAVAILABLE = 14;
export const GRPC_DATA_LOSS = 15;

export interface WireError {
  readonly grpcCode: number;
  readonly text: string;
}

/** What the protocol itself refuses, before anything reaches the service. */
export type RequestErrorCode =
  | 'emptyKey'
  | 'emptyOperation'
  | 'valueProvided'
  | 'leaseProvided'
  | 'tooManyOperations'
  | 'duplicateKey'
  | 'invalidSortOption'
  | 'invalidClientApiVersion'
  | 'watchCanceled'
  /** Bytes that are no message of the right kind, as the one request of a call or as one of a stream. */
  | 'malformedRequest'
  | 'malformedStreamMessage';

export type EtcdErrorCode = FailureReason['code'] | ServiceErrorCode | RequestErrorCode;

export const ETCD_ERRORS: Readonly<Record<EtcdErrorCode, WireError>> = {
  emptyKey: { grpcCode: GRPC_INVALID_ARGUMENT, text: 'etcdserver: key is not provided' },
  // etcd answers an operation with nothing in it as it does a put that keeps the value of a key it has not.
  emptyOperation: { grpcCode: GRPC_INVALID_ARGUMENT, text: 'etcdserver: key not found' },
  valueProvided: { grpcCode: GRPC_INVALID_ARGUMENT, text: 'etcdserver: value is provided' },
  leaseProvided: { grpcCode: GRPC_INVALID_ARGUMENT, text: 'etcdserver: lease is provided' },
  tooManyOperations: {
    grpcCode: GRPC_INVALID_ARGUMENT,
    text: 'etcdserver: too many operations in txn request',
  },
  duplicateKey: { grpcCode: GRPC_INVALID_ARGUMENT, text: 'etcdserver: duplicate key given in txn request' },
  invalidSortOption: { grpcCode: GRPC_INVALID_ARGUMENT, text: 'etcdserver: invalid sort option' },
  invalidClientApiVersion: {
    grpcCode: GRPC_INVALID_ARGUMENT,
    text: 'etcdserver: invalid client api version',
  },
  watchCanceled: { grpcCode: GRPC_CANCELED, text: 'etcdserver: watch canceled' },
  malformedRequest: { grpcCode: GRPC_INTERNAL, text: 'grpc: error unmarshalling request:' },
  malformedStreamMessage: {
    grpcCode: GRPC_INTERNAL,
    text: 'grpc: failed to unmarshal the received message',
  },

  keyNotFound: { grpcCode: GRPC_INVALID_ARGUMENT, text: 'etcdserver: key not found' },
  revisionCompacted: {
    grpcCode: GRPC_OUT_OF_RANGE,
    text: 'etcdserver: mvcc: required revision has been compacted',
  },
  revisionInFuture: {
    grpcCode: GRPC_OUT_OF_RANGE,
    text: 'etcdserver: mvcc: required revision is a future revision',
  },
  leaseNotFound: { grpcCode: GRPC_NOT_FOUND, text: 'etcdserver: requested lease not found' },
  leaseExists: { grpcCode: GRPC_FAILED_PRECONDITION, text: 'etcdserver: lease already exists' },
  leaseTtlTooLarge: { grpcCode: GRPC_OUT_OF_RANGE, text: 'etcdserver: too large lease TTL' },
  // The two that etcd has no words for. A duplicate proposal was applied before, and its first answer is lost.
  duplicateProposal: { grpcCode: GRPC_UNAVAILABLE, text: 'etcdserver: request timed out' },
  unknownCommand: { grpcCode: GRPC_FAILED_PRECONDITION, text: 'etcdserver: not capable' },

  noLeader: { grpcCode: GRPC_UNAVAILABLE, text: 'etcdserver: no leader' },
  notLeader: { grpcCode: GRPC_FAILED_PRECONDITION, text: 'etcdserver: not leader' },
  leaderChanged: { grpcCode: GRPC_UNAVAILABLE, text: 'etcdserver: leader changed' },
  stopped: { grpcCode: GRPC_UNAVAILABLE, text: 'etcdserver: server stopped' },
  timeout: { grpcCode: GRPC_UNAVAILABLE, text: 'etcdserver: request timed out' },
  timeoutLeaderFailed: {
    grpcCode: GRPC_UNAVAILABLE,
    text: 'etcdserver: request timed out, possibly due to previous leader failure',
  },
  timeoutConnectionLost: {
    grpcCode: GRPC_UNAVAILABLE,
    text: 'etcdserver: request timed out, possibly due to connection lost',
  },
  timeoutWaitingForApply: {
    grpcCode: GRPC_UNAVAILABLE,
    text: 'etcdserver: request timed out, waiting for the applied index took too long',
  },
  tooManyRequests: { grpcCode: GRPC_RESOURCE_EXHAUSTED, text: 'etcdserver: too many requests' },
  requestTooLarge: { grpcCode: GRPC_INVALID_ARGUMENT, text: 'etcdserver: request is too large' },
  learner: { grpcCode: GRPC_FAILED_PRECONDITION, text: 'etcdserver: rpc not supported for learner' },
  noSpace: { grpcCode: GRPC_RESOURCE_EXHAUSTED, text: 'etcdserver: mvcc: database space exceeded' },
  corrupt: { grpcCode: GRPC_DATA_LOSS, text: 'etcdserver: corrupt cluster' },
};

export function wireErrorOf(failure: Failure | ServiceFailure): WireError {
  return ETCD_ERRORS[failure.kind === 'failure' ? failure.reason.code : failure.code];
}
