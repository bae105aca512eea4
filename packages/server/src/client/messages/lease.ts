/** The messages of etcdserverpb.Lease as a client writes and reads them: the server's tables, with headers before the answers. */
import {
  leaseGrantResponse as grantFields,
  leaseGrantRequest,
  leaseRevokeRequest,
  leaseLeasesResponse as leasesFields,
  leaseTimeToLiveRequest,
  leaseTimeToLiveResponse as timeToLiveFields,
} from '../../protocols/etcd/messages/rare-messages.ts';
import { messageTable, scalar } from '../../protocols/etcd/protobuf/message-table.ts';
import { answer } from './answer.ts';

export { leaseGrantRequest, leaseRevokeRequest, leaseTimeToLiveRequest };

export const leaseGrantResponse = answer(grantFields.fields);
export type LeaseGrantResponse = ReturnType<typeof leaseGrantResponse.empty>;

export const leaseKeepAliveRequest = messageTable({ ID: scalar(1, 'leaseId') });

export const leaseKeepAliveResponse = answer({
  ID: scalar(2, 'leaseId'),
  TTL: scalar(3, 'int64'),
});
export type LeaseKeepAliveResponse = ReturnType<typeof leaseKeepAliveResponse.empty>;

export const leaseTimeToLiveResponse = answer(timeToLiveFields.fields);
export type LeaseTimeToLiveResponse = ReturnType<typeof leaseTimeToLiveResponse.empty>;

export const leaseLeasesResponse = answer(leasesFields.fields);
export type LeaseLeasesResponse = ReturnType<typeof leaseLeasesResponse.empty>;
