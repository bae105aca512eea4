/**
 * Every expected failure to its gRPC code and etcd's text, in one total table: clients compare the text. A code that is
 * added to the state machine or the service does not compile until it has its line here.
 */
import type { Failure, FailureReason } from '@synod/coordination';
import type { ServiceErrorCode, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { STATUS, type StatusCode } from '../../grpc/status.ts';

export interface WireError {
  readonly grpcCode: StatusCode;
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
  | 'invalidAuthToken'
  | 'permissionNotGiven'
  | 'userHasNoPassword'
  | 'passwordTooLong'
  | 'tokenCannotBeSigned'
  | 'badMemberUrls'
  /** Bytes that are no message of the right kind, as the one request of a call or as one of a stream. */
  | 'malformedRequest'
  | 'malformedStreamMessage';

export type EtcdErrorCode = FailureReason['code'] | ServiceErrorCode | RequestErrorCode;

export const ETCD_ERRORS: Readonly<Record<EtcdErrorCode, WireError>> = {
  emptyKey: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: key is not provided' },
  // etcd answers an operation with nothing in it as it does a put that keeps the value of a key it has not.
  emptyOperation: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: key not found' },
  valueProvided: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: value is provided' },
  leaseProvided: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: lease is provided' },
  tooManyOperations: {
    grpcCode: STATUS.invalidArgument,
    text: 'etcdserver: too many operations in txn request',
  },
  duplicateKey: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: duplicate key given in txn request' },
  invalidSortOption: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: invalid sort option' },
  malformedRequest: { grpcCode: STATUS.internal, text: 'grpc: error unmarshalling request:' },
  malformedStreamMessage: {
    grpcCode: STATUS.internal,
    text: 'grpc: failed to unmarshal the received message',
  },

  keyNotFound: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: key not found' },
  revisionCompacted: {
    grpcCode: STATUS.outOfRange,
    text: 'etcdserver: mvcc: required revision has been compacted',
  },
  revisionInFuture: {
    grpcCode: STATUS.outOfRange,
    text: 'etcdserver: mvcc: required revision is a future revision',
  },
  transactionLooksAtTooMany: {
    grpcCode: STATUS.invalidArgument,
    text: 'etcdserver: the txn request looks at more keys than a transaction may; split it, or use Range for its ranges',
  },
  leaseNotFound: { grpcCode: STATUS.notFound, text: 'etcdserver: requested lease not found' },
  leaseExists: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: lease already exists' },
  leaseTtlTooLarge: { grpcCode: STATUS.outOfRange, text: 'etcdserver: too large lease TTL' },
  userEmpty: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: user name is empty' },
  permissionDenied: { grpcCode: STATUS.permissionDenied, text: 'etcdserver: permission denied' },
  authRevisionOld: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: revision of auth store is old' },
  authNotEnabled: {
    grpcCode: STATUS.failedPrecondition,
    text: 'etcdserver: authentication is not enabled',
  },
  authenticationFailed: {
    grpcCode: STATUS.invalidArgument,
    text: 'etcdserver: authentication failed, invalid user ID or password',
  },
  rootUserMissing: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: root user does not exist' },
  rootRoleMissing: {
    grpcCode: STATUS.failedPrecondition,
    text: 'etcdserver: root user does not have root role',
  },
  userExists: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: user name already exists' },
  userNotFound: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: user name not found' },
  roleEmpty: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: role name is empty' },
  roleExists: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: role name already exists' },
  roleNotFound: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: role name not found' },
  roleNotGranted: {
    grpcCode: STATUS.failedPrecondition,
    text: 'etcdserver: role is not granted to the user',
  },
  permissionNotGranted: {
    grpcCode: STATUS.failedPrecondition,
    text: 'etcdserver: permission is not granted to the role',
  },
  permissionNotGiven: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: permission not given' },
  authManagementInvalid: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: invalid auth management' },
  invalidAuthToken: { grpcCode: STATUS.unauthenticated, text: 'etcdserver: invalid auth token' },
  // etcd lets these three through as they come from its parts.
  userHasNoPassword: {
    grpcCode: STATUS.unknown,
    text: 'auth: authentication failed, password was given for no password user',
  },
  passwordTooLong: { grpcCode: STATUS.unknown, text: 'bcrypt: password length exceeds 72 bytes' },
  tokenCannotBeSigned: {
    grpcCode: STATUS.unknown,
    text: 'auth: token signing attempted with verify-only key',
  },

  // The two that etcd has no words for. A duplicate proposal was applied before, and its first answer is lost.
  duplicateProposal: { grpcCode: STATUS.unavailable, text: 'etcdserver: request timed out' },
  unknownCommand: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: not capable' },

  noLeader: { grpcCode: STATUS.unavailable, text: 'etcdserver: no leader' },
  notLeader: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: not leader' },
  leaderChanged: { grpcCode: STATUS.unavailable, text: 'etcdserver: leader changed' },
  stopped: { grpcCode: STATUS.unavailable, text: 'etcdserver: server stopped' },
  timeout: { grpcCode: STATUS.unavailable, text: 'etcdserver: request timed out' },
  timeoutLeaderFailed: {
    grpcCode: STATUS.unavailable,
    text: 'etcdserver: request timed out, possibly due to previous leader failure',
  },
  timeoutConnectionLost: {
    grpcCode: STATUS.unavailable,
    text: 'etcdserver: request timed out, possibly due to connection lost',
  },
  timeoutWaitingForApply: {
    grpcCode: STATUS.unavailable,
    text: 'etcdserver: request timed out, waiting for the applied index took too long',
  },
  badLeaderTransferee: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: bad leader transferee' },
  // Of no class in etcd: its own words get through with the code that is left for them.
  leaderTransferFailed: {
    grpcCode: STATUS.unknown,
    text: 'etcdserver: request timed out, leader transfer took too long',
  },
  tooManyRequests: { grpcCode: STATUS.resourceExhausted, text: 'etcdserver: too many requests' },
  requestTooLarge: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: request is too large' },
  learner: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: rpc not supported for learner' },
  memberExists: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: member ID already exist' },
  peerUrlExists: { grpcCode: STATUS.failedPrecondition, text: 'etcdserver: Peer URLs already exists' },
  memberNotFound: { grpcCode: STATUS.notFound, text: 'etcdserver: member not found' },
  memberNotLearner: {
    grpcCode: STATUS.failedPrecondition,
    text: 'etcdserver: can only promote a learner member',
  },
  tooManyLearners: {
    grpcCode: STATUS.failedPrecondition,
    text: 'etcdserver: too many learner members in cluster',
  },
  // A cluster without a voter is none: etcd's careful rules say it so.
  lastVoter: {
    grpcCode: STATUS.failedPrecondition,
    text: 'etcdserver: re-configuration failed due to not enough started members',
  },
  notEnoughStarted: {
    grpcCode: STATUS.failedPrecondition,
    text: 'etcdserver: re-configuration failed due to not enough started members',
  },
  unhealthy: { grpcCode: STATUS.unavailable, text: 'etcdserver: unhealthy cluster' },
  learnerNotReady: {
    grpcCode: STATUS.failedPrecondition,
    text: 'etcdserver: can only promote a learner member which is in sync with leader',
  },
  badMemberUrls: { grpcCode: STATUS.invalidArgument, text: 'etcdserver: given member URLs are invalid' },
  noSpace: { grpcCode: STATUS.resourceExhausted, text: 'etcdserver: mvcc: database space exceeded' },
  corrupt: { grpcCode: STATUS.dataLoss, text: 'etcdserver: corrupt cluster' },
};

export function wireErrorOf(failure: Failure | ServiceFailure): WireError {
  return ETCD_ERRORS[failure.kind === 'failure' ? failure.reason.code : failure.code];
}
