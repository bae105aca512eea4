/** What commands have to show, by kind: the answers themselves, with what a form needs to know beside them. */
import type { ResponseHeader } from '../../../client/messages/answer.ts';
import type {
  AuthStatusResponse,
  RoleGetResponse,
  RoleListResponse,
  UserGetResponse,
  UserListResponse,
} from '../../../client/messages/auth.ts';
import type { Member, MemberAddResponse, MemberListResponse } from '../../../client/messages/cluster.ts';
import type {
  DeleteRangeResponse,
  PutResponse,
  RangeResponse,
  TransactionResponse,
} from '../../../client/messages/key-value.ts';
import type {
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseTimeToLiveResponse,
} from '../../../client/messages/lease.ts';
import type {
  AlarmResponse,
  HashRevisionResponse,
  StatusResponse,
} from '../../../client/messages/maintenance.ts';
import type { WatchResponse } from '../../../client/messages/watch.ts';

export interface HeaderOnly {
  readonly header: ResponseHeader | undefined;
}

export interface EndpointHealth {
  readonly endpoint: string;
  readonly tookMs: number;
  /** '' if it is healthy. */
  readonly error: string;
}

/** As etcdctl names them. */
export interface SnapshotFacts {
  readonly hash: number;
  readonly revision: number;
  readonly totalKey: number;
  readonly totalSize: number;
}

export interface Results {
  readonly range: { readonly response: RangeResponse; readonly form: 'whole' | 'values' | 'keys' | 'count' };
  readonly put: PutResponse;
  readonly deleteRange: DeleteRangeResponse;
  readonly transaction: TransactionResponse;
  readonly watch: WatchResponse;
  readonly leaseGrant: LeaseGrantResponse;
  readonly leaseRevoke: { readonly lease: string; readonly response: HeaderOnly };
  readonly leaseKeepAlive: LeaseKeepAliveResponse;
  readonly leaseTimeToLive: { readonly response: LeaseTimeToLiveResponse; readonly withKeys: boolean };
  readonly leases: LeaseLeasesResponse;
  readonly memberList: MemberListResponse;
  readonly memberAdd: { readonly response: MemberAddResponse; readonly member: Member };
  readonly memberChange: {
    readonly verb: 'removed from' | 'updated in' | 'promoted in';
    readonly member: string;
    readonly response: MemberListResponse;
  };
  readonly endpointHealth: readonly EndpointHealth[];
  readonly endpointStatus: readonly { readonly endpoint: string; readonly response: StatusResponse }[];
  readonly endpointHash: readonly { readonly endpoint: string; readonly response: HashRevisionResponse }[];
  readonly alarm: AlarmResponse;
  readonly moveLeader: { readonly from: string; readonly to: string; readonly response: HeaderOnly };
  readonly snapshotStatus: SnapshotFacts;
  readonly authStatus: AuthStatusResponse;
  readonly roleGet: { readonly role: string; readonly response: RoleGetResponse };
  readonly roleList: RoleListResponse;
  readonly userGet: { readonly user: string; readonly response: UserGetResponse };
  readonly userList: UserListResponse;
  /** A change that has nothing to tell but that it is done. */
  readonly done: { readonly text: string; readonly response: HeaderOnly };
}

/**
 * One output format. What it gives is bytes as a string of one character a byte; a missing entry: the format has no form
 * for it.
 */
export type Writer = {
  readonly [Kind in keyof Results]?: (result: Results[Kind], options: WriterOptions) => string;
};
export interface WriterOptions {
  readonly isHex: boolean;
}

/** For formats that have a form for all. */
export type WholeWriter = Required<Writer>;

/** Text as the bytes of its UTF-8 form. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** An id of 16 hex digits as etcd writes it: without leading zeros. */
export function hexId(id: string): string {
  return id.replace(/^0+(?=.)/, '') || '0';
}

export const NO_HEADER: ResponseHeader = {
  cluster_id: '0000000000000000',
  member_id: '0000000000000000',
  revision: 0,
  raft_term: 0,
};
