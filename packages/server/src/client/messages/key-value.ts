/** The messages of etcdserverpb.KV as a client writes and reads them. Names are the protocol's own. */
import { compactionRequest } from '../../protocols/etcd/messages/rare-messages.ts';
import {
  message,
  messageTable,
  repeatedMessage,
  scalar,
} from '../../protocols/etcd/protobuf/message-table.ts';
import { answer } from './answer.ts';

export { compactionRequest };

export const keyValue = messageTable({
  key: scalar(1, 'latin1'),
  create_revision: scalar(2, 'int64'),
  mod_revision: scalar(3, 'int64'),
  version: scalar(4, 'int64'),
  value: scalar(5, 'latin1'),
  lease: scalar(6, 'leaseId'),
});
export type KeyValue = ReturnType<typeof keyValue.empty>;

export const rangeRequest = messageTable({
  key: scalar(1, 'latin1'),
  range_end: scalar(2, 'latin1'),
  limit: scalar(3, 'int64'),
  revision: scalar(4, 'int64'),
  sort_order: scalar(5, 'enum'),
  sort_target: scalar(6, 'enum'),
  serializable: scalar(7, 'bool'),
  keys_only: scalar(8, 'bool'),
  count_only: scalar(9, 'bool'),
  min_mod_revision: scalar(10, 'int64'),
  max_mod_revision: scalar(11, 'int64'),
  min_create_revision: scalar(12, 'int64'),
  max_create_revision: scalar(13, 'int64'),
});
export type RangeRequest = ReturnType<typeof rangeRequest.empty>;

export const rangeResponse = answer({
  kvs: repeatedMessage(2, keyValue),
  more: scalar(3, 'bool'),
  count: scalar(4, 'int64'),
});
export type RangeResponse = ReturnType<typeof rangeResponse.empty>;

export const putRequest = messageTable({
  key: scalar(1, 'latin1'),
  value: scalar(2, 'latin1'),
  lease: scalar(3, 'leaseId'),
  prev_kv: scalar(4, 'bool'),
  ignore_value: scalar(5, 'bool'),
  ignore_lease: scalar(6, 'bool'),
});
export type PutRequest = ReturnType<typeof putRequest.empty>;

export const putResponse = answer({ prev_kv: message(2, keyValue) });
export type PutResponse = ReturnType<typeof putResponse.empty>;

export const deleteRangeRequest = messageTable({
  key: scalar(1, 'latin1'),
  range_end: scalar(2, 'latin1'),
  prev_kv: scalar(3, 'bool'),
});
export type DeleteRangeRequest = ReturnType<typeof deleteRangeRequest.empty>;

export const deleteRangeResponse = answer({
  deleted: scalar(2, 'int64'),
  prev_kvs: repeatedMessage(3, keyValue),
});
export type DeleteRangeResponse = ReturnType<typeof deleteRangeResponse.empty>;

/** One of them is there; etcdctl's language nests no transaction, so none is written or read here. */
export const requestOperation = messageTable({
  request_range: message(1, rangeRequest),
  request_put: message(2, putRequest),
  request_delete_range: message(3, deleteRangeRequest),
});
export type RequestOperation = ReturnType<typeof requestOperation.empty>;

export const responseOperation = messageTable({
  response_range: message(1, rangeResponse),
  response_put: message(2, putResponse),
  response_delete_range: message(3, deleteRangeResponse),
});

/** An operand of 0 may be left out: it is what an operand that is not there means. */
export const compare = messageTable({
  result: scalar(1, 'enum'),
  target: scalar(2, 'enum'),
  key: scalar(3, 'latin1'),
  version: scalar(4, 'int64'),
  create_revision: scalar(5, 'int64'),
  mod_revision: scalar(6, 'int64'),
  value: scalar(7, 'latin1'),
  lease: scalar(8, 'leaseId'),
  range_end: scalar(64, 'latin1'),
});
export type Compare = ReturnType<typeof compare.empty>;

export const transactionRequest = messageTable({
  compare: repeatedMessage(1, compare),
  success: repeatedMessage(2, requestOperation),
  failure: repeatedMessage(3, requestOperation),
});

export const transactionResponse = answer({
  succeeded: scalar(2, 'bool'),
  responses: repeatedMessage(3, responseOperation),
});
export type TransactionResponse = ReturnType<typeof transactionResponse.empty>;
