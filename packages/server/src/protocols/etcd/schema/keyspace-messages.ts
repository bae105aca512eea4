/** etcd's messages of ranges, puts, deletes, transactions and compaction, and the header of every answer. Names and numbers as published; see schema.ts for the form. */
import type { EnumTexts, MessageTexts } from './schema-texts.ts';

export const KEYSPACE_MESSAGES: MessageTexts = {
  'etcdserverpb.ResponseHeader': {
    cluster_id: [1, 'uint64'],
    member_id: [2, 'uint64'],
    revision: [3, 'int64'],
    raft_term: [4, 'uint64'],
  },
  'etcdserverpb.RangeRequest': {
    key: [1, 'bytes'],
    range_end: [2, 'bytes'],
    limit: [3, 'int64'],
    revision: [4, 'int64'],
    sort_order: [5, 'etcdserverpb.RangeRequest.SortOrder'],
    sort_target: [6, 'etcdserverpb.RangeRequest.SortTarget'],
    serializable: [7, 'bool'],
    keys_only: [8, 'bool'],
    count_only: [9, 'bool'],
    min_mod_revision: [10, 'int64'],
    max_mod_revision: [11, 'int64'],
    min_create_revision: [12, 'int64'],
    max_create_revision: [13, 'int64'],
  },
  'etcdserverpb.RangeResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    kvs: [2, 'mvccpb.KeyValue', 'repeated'],
    more: [3, 'bool'],
    count: [4, 'int64'],
  },
  'etcdserverpb.PutRequest': {
    key: [1, 'bytes'],
    value: [2, 'bytes'],
    lease: [3, 'int64'],
    prev_kv: [4, 'bool'],
    ignore_value: [5, 'bool'],
    ignore_lease: [6, 'bool'],
  },
  'etcdserverpb.PutResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    prev_kv: [2, 'mvccpb.KeyValue'],
  },
  'etcdserverpb.DeleteRangeRequest': {
    key: [1, 'bytes'],
    range_end: [2, 'bytes'],
    prev_kv: [3, 'bool'],
  },
  'etcdserverpb.DeleteRangeResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    deleted: [2, 'int64'],
    prev_kvs: [3, 'mvccpb.KeyValue', 'repeated'],
  },
  'etcdserverpb.RequestOp': {
    request_range: [1, 'etcdserverpb.RangeRequest', 'one of request'],
    request_put: [2, 'etcdserverpb.PutRequest', 'one of request'],
    request_delete_range: [3, 'etcdserverpb.DeleteRangeRequest', 'one of request'],
    request_txn: [4, 'etcdserverpb.TxnRequest', 'one of request'],
  },
  'etcdserverpb.ResponseOp': {
    response_range: [1, 'etcdserverpb.RangeResponse', 'one of response'],
    response_put: [2, 'etcdserverpb.PutResponse', 'one of response'],
    response_delete_range: [3, 'etcdserverpb.DeleteRangeResponse', 'one of response'],
    response_txn: [4, 'etcdserverpb.TxnResponse', 'one of response'],
  },
  'etcdserverpb.Compare': {
    result: [1, 'etcdserverpb.Compare.CompareResult'],
    target: [2, 'etcdserverpb.Compare.CompareTarget'],
    key: [3, 'bytes'],
    version: [4, 'int64', 'one of target_union'],
    create_revision: [5, 'int64', 'one of target_union'],
    mod_revision: [6, 'int64', 'one of target_union'],
    value: [7, 'bytes', 'one of target_union'],
    lease: [8, 'int64', 'one of target_union'],
    range_end: [64, 'bytes'],
  },
  'etcdserverpb.TxnRequest': {
    compare: [1, 'etcdserverpb.Compare', 'repeated'],
    success: [2, 'etcdserverpb.RequestOp', 'repeated'],
    failure: [3, 'etcdserverpb.RequestOp', 'repeated'],
  },
  'etcdserverpb.TxnResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    succeeded: [2, 'bool'],
    responses: [3, 'etcdserverpb.ResponseOp', 'repeated'],
  },
  'etcdserverpb.CompactionRequest': {
    revision: [1, 'int64'],
    physical: [2, 'bool'],
  },
  'etcdserverpb.CompactionResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'etcdserverpb.RangeStreamResponse': {
    range_response: [1, 'etcdserverpb.RangeResponse'],
  },
  'mvccpb.KeyValue': {
    key: [1, 'bytes'],
    create_revision: [2, 'int64'],
    mod_revision: [3, 'int64'],
    version: [4, 'int64'],
    value: [5, 'bytes'],
    lease: [6, 'int64'],
  },
};

export const KEYSPACE_ENUMS: EnumTexts = {
  'etcdserverpb.RangeRequest.SortOrder': ['NONE', 'ASCEND', 'DESCEND'],
  'etcdserverpb.RangeRequest.SortTarget': ['KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE'],
  'etcdserverpb.Compare.CompareResult': ['EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL'],
  'etcdserverpb.Compare.CompareTarget': ['VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE'],
};
