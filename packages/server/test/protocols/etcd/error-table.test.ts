/** Every error of ours that etcd has too carries etcd's code and text, by the table of etcd's errors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ETCD_ERRORS, type EtcdErrorCode } from '../../../src/protocols/etcd/error-table.ts';
import { WIRE_ERRORS } from './wire/wire-tables.ts';

const GRPC_NUMBERS: Readonly<Record<string, number>> = {
  Canceled: 1,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  OutOfRange: 11,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
};

/** Total, so that an error added to ours must say which of etcd's it is; undefined: gRPC's own words. */
const NAMES: Readonly<Record<EtcdErrorCode, string | undefined>> = {
  emptyKey: 'ErrGRPCEmptyKey',
  emptyOperation: 'ErrGRPCKeyNotFound',
  valueProvided: 'ErrGRPCValueProvided',
  leaseProvided: 'ErrGRPCLeaseProvided',
  tooManyOperations: 'ErrGRPCTooManyOps',
  transactionLooksAtTooMany: undefined,
  duplicateKey: 'ErrGRPCDuplicateKey',
  invalidSortOption: 'ErrGRPCInvalidSortOption',
  invalidAuthToken: 'ErrGRPCInvalidAuthToken',
  permissionNotGiven: 'ErrGRPCPermissionNotGiven',
  userHasNoPassword: undefined,
  passwordTooLong: undefined,
  tokenCannotBeSigned: undefined,
  malformedRequest: undefined,
  malformedStreamMessage: undefined,
  keyNotFound: 'ErrGRPCKeyNotFound',
  revisionCompacted: 'ErrGRPCCompacted',
  revisionInFuture: 'ErrGRPCFutureRev',
  leaseNotFound: 'ErrGRPCLeaseNotFound',
  leaseExists: 'ErrGRPCLeaseExist',
  leaseTtlTooLarge: 'ErrGRPCLeaseTTLTooLarge',
  userEmpty: 'ErrGRPCUserEmpty',
  permissionDenied: 'ErrGRPCPermissionDenied',
  authRevisionOld: 'ErrGRPCAuthOldRevision',
  authNotEnabled: 'ErrGRPCAuthNotEnabled',
  authenticationFailed: 'ErrGRPCAuthFailed',
  rootUserMissing: 'ErrGRPCRootUserNotExist',
  rootRoleMissing: 'ErrGRPCRootRoleNotExist',
  userExists: 'ErrGRPCUserAlreadyExist',
  userNotFound: 'ErrGRPCUserNotFound',
  roleEmpty: 'ErrGRPCRoleEmpty',
  roleExists: 'ErrGRPCRoleAlreadyExist',
  roleNotFound: 'ErrGRPCRoleNotFound',
  roleNotGranted: 'ErrGRPCRoleNotGranted',
  permissionNotGranted: 'ErrGRPCPermissionNotGranted',
  authManagementInvalid: 'ErrGRPCInvalidAuthMgmt',
  duplicateProposal: 'ErrGRPCTimeout',
  unknownCommand: 'ErrGRPCNotCapable',
  noLeader: 'ErrGRPCNoLeader',
  notLeader: 'ErrGRPCNotLeader',
  leaderChanged: 'ErrGRPCLeaderChanged',
  stopped: 'ErrGRPCStopped',
  timeout: 'ErrGRPCTimeout',
  timeoutLeaderFailed: 'ErrGRPCTimeoutDueToLeaderFail',
  timeoutConnectionLost: 'ErrGRPCTimeoutDueToConnectionLost',
  timeoutWaitingForApply: 'ErrGRPCTimeoutWaitAppliedIndex',
  badLeaderTransferee: 'ErrGRPCBadLeaderTransferee',
  leaderTransferFailed: undefined,
  tooManyRequests: 'ErrGRPCRequestTooManyRequests',
  requestTooLarge: 'ErrGRPCRequestTooLarge',
  learner: 'ErrGRPCNotSupportedForLearner',
  memberExists: 'ErrGRPCMemberExist',
  peerUrlExists: 'ErrGRPCPeerURLExist',
  memberNotFound: 'ErrGRPCMemberNotFound',
  memberNotLearner: 'ErrGRPCMemberNotLearner',
  tooManyLearners: 'ErrGRPCTooManyLearners',
  lastVoter: 'ErrGRPCMemberNotEnoughStarted',
  notEnoughStarted: 'ErrGRPCMemberNotEnoughStarted',
  unhealthy: 'ErrGRPCUnhealthy',
  learnerNotReady: 'ErrGRPCLearnerNotReady',
  badMemberUrls: 'ErrGRPCMemberBadURLs',
  noSpace: 'ErrGRPCNoSpace',
  corrupt: 'ErrGRPCCorrupt',
};

test('every error has the code and the text that etcd gives it', () => {
  const byName = new Map(WIRE_ERRORS.map((error) => [error.name, error]));
  for (const [code, name] of Object.entries(NAMES)) {
    if (name === undefined) continue;
    const expected = byName.get(name);
    assert.ok(expected, `${name} is in etcd's table`);
    assert.deepEqual(
      ETCD_ERRORS[code as EtcdErrorCode],
      { grpcCode: GRPC_NUMBERS[expected.code], text: expected.text },
      code,
    );
  }
});
