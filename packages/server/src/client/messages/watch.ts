/** The messages of etcdserverpb.Watch as a client writes and reads them. Names are the protocol's own. */
import {
  message,
  messageTable,
  repeatedMessage,
  scalar,
} from '../../protocols/etcd/protobuf/message-table.ts';
import { answer, nothing } from './answer.ts';
import { keyValue } from './key-value.ts';

export const watchCreateRequest = messageTable({
  key: scalar(1, 'latin1'),
  range_end: scalar(2, 'latin1'),
  start_revision: scalar(3, 'int64'),
  progress_notify: scalar(4, 'bool'),
  prev_kv: scalar(6, 'bool'),
});
export type WatchCreateRequest = ReturnType<typeof watchCreateRequest.empty>;

/** Exactly one of them is there. */
export const watchRequest = messageTable({
  create_request: message(1, watchCreateRequest),
  progress_request: message(3, nothing),
});

export const EVENT_DELETE = 1;

export const event = messageTable({
  type: scalar(1, 'enum'),
  kv: message(2, keyValue),
  prev_kv: message(3, keyValue),
});
export type Event = ReturnType<typeof event.empty>;

export const watchResponse = answer({
  watch_id: scalar(2, 'int64'),
  created: scalar(3, 'bool'),
  canceled: scalar(4, 'bool'),
  compact_revision: scalar(5, 'int64'),
  cancel_reason: scalar(6, 'text'),
  fragment: scalar(7, 'bool'),
  events: repeatedMessage(11, event),
});
export type WatchResponse = ReturnType<typeof watchResponse.empty>;
