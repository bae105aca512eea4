/** etcd's messages of watches and leases. Names and numbers as published; see schema.ts for the form. */
import type { EnumTexts, MessageTexts } from './schema-texts.ts';

export const WATCH_LEASE_MESSAGES: MessageTexts = {
  'etcdserverpb.WatchRequest': {
    create_request: [1, 'etcdserverpb.WatchCreateRequest', 'one of request_union'],
    cancel_request: [2, 'etcdserverpb.WatchCancelRequest', 'one of request_union'],
    progress_request: [3, 'etcdserverpb.WatchProgressRequest', 'one of request_union'],
  },
  'etcdserverpb.WatchCreateRequest': {
    key: [1, 'bytes'],
    range_end: [2, 'bytes'],
    start_revision: [3, 'int64'],
    progress_notify: [4, 'bool'],
    filters: [5, 'etcdserverpb.WatchCreateRequest.FilterType', 'repeated'],
    prev_kv: [6, 'bool'],
    watch_id: [7, 'int64'],
    fragment: [8, 'bool'],
  },
  'etcdserverpb.WatchCancelRequest': {
    watch_id: [1, 'int64'],
  },
  'etcdserverpb.WatchResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    watch_id: [2, 'int64'],
    created: [3, 'bool'],
    canceled: [4, 'bool'],
    compact_revision: [5, 'int64'],
    cancel_reason: [6, 'string'],
    fragment: [7, 'bool'],
    events: [11, 'mvccpb.Event', 'repeated'],
  },
  'etcdserverpb.LeaseGrantRequest': {
    TTL: [1, 'int64'],
    ID: [2, 'int64'],
  },
  'etcdserverpb.LeaseGrantResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    ID: [2, 'int64'],
    TTL: [3, 'int64'],
    error: [4, 'string'],
  },
  'etcdserverpb.LeaseRevokeRequest': {
    ID: [1, 'int64'],
  },
  'etcdserverpb.LeaseRevokeResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.LeaseKeepAliveRequest': {
    ID: [1, 'int64'],
  },
  'etcdserverpb.LeaseKeepAliveResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    ID: [2, 'int64'],
    TTL: [3, 'int64'],
  },
  'etcdserverpb.LeaseTimeToLiveRequest': {
    ID: [1, 'int64'],
    keys: [2, 'bool'],
  },
  'etcdserverpb.LeaseTimeToLiveResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    ID: [2, 'int64'],
    TTL: [3, 'int64'],
    grantedTTL: [4, 'int64'],
    keys: [5, 'bytes', 'repeated'],
  },
  'etcdserverpb.LeaseStatus': {
    ID: [1, 'int64'],
  },
  'etcdserverpb.LeaseLeasesResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    leases: [2, 'etcdserverpb.LeaseStatus', 'repeated'],
  },
  'mvccpb.Event': {
    type: [1, 'mvccpb.Event.EventType'],
    kv: [2, 'mvccpb.KeyValue'],
    prev_kv: [3, 'mvccpb.KeyValue'],
  },
  'etcdserverpb.LeaseLeasesRequest': {},
  'etcdserverpb.WatchProgressRequest': {},
};

export const WATCH_LEASE_ENUMS: EnumTexts = {
  'etcdserverpb.WatchCreateRequest.FilterType': ['NOPUT', 'NODELETE'],
  'mvccpb.Event.EventType': ['PUT', 'DELETE'],
};
